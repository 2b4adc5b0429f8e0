/* SPDX-License-Identifier: MIT
 *
 * fold_lookups.c - a product of rows that were looked up, done once for each row of the tables.
 *
 *     x = concat(A[a], B[b], numbers)           y = (A W_A^T + bias)[a] + (B W_B^T)[b]
 *     y = x W^T + bias                    =>        + numbers W_numbers^T
 *
 * Where a table has fewer rows than the batch, its product with its part of the weight costs less
 * than that of all rows of the batch; what is left of those is a sum of looked up rows. Backwards
 * it is the same: the rows of dy are added up by their ids, then multiplied.
 *
 * The graph is not changed: the output is made once more, from the other product on.
 */
#include <string.h>

#include "grove/embeddings.h"
#include "layer.h"
#include "readers.h"

enum {
    ROWS_OF_BATCH = 4,  /* rows of a batch for each row of a table, at least */
    MOST_ROWS = 256,    /* of a table: its products are to stay near */
    LEAST_WIDTH = 2,    /* of a table: a lookup of one number is a multiply-add */
    LEAST_UNITS = 16,   /* of the product: shorter rows are not worth a lookup */
    LEAST_NUMBERS = 16, /* of a row that come from such tables, together */
};

typedef struct fold {
    grove_graph *graph;
    int64_t batch;
    grove_readers readers;
    bool *below;         /* [output.index + 1] does the output depend on it? */
    grove_tensor *pairs; /* room for the parts of a row: those that are folded, */
    grove_tensor *rest;  /* and others with their weights */
} fold;

/* A product x W^T, or with W as it stands. */
typedef struct layer {
    grove_tensor x, weight, bias; /* bias: GROVE_NONE where there is none */
    bool transposed;              /* weight [units, in] */
    int64_t units;
} layer;

/* ---- looking --------------------------------------------------------------------------------- */

static bool is_op(grove_tensor node, const char *name) {
    return strcmp(grove_node_op(node), name) == 0;
}

/* The only node below the output that reads this one, once; GROVE_NONE where there are more. */
static grove_tensor only_reader(const fold *f, grove_tensor node) {
    grove_tensor found = GROVE_NONE;
    size_t end = f->readers.start[node.index + 1];
    for (size_t i = f->readers.start[node.index]; i < end; i++) {
        if (f->below[f->readers.all[i]]) {
            if (grove_is_valid(found)) {
                return GROVE_NONE;
            }
            found = grove_node_at(f->graph, f->readers.all[i]);
        }
    }
    return found;
}

/* How many parts does a row have, and which? What is no list of parts is one itself. */
static int count_parts(grove_tensor x) {
    const int64_t axis = is_op(x, "concat") ? grove_node_attribute(x, "axis") : 0;
    return axis == 1 || axis == -1 ? grove_node_inputs(x) : 1;
}

static grove_tensor part_at(grove_tensor x, int i) {
    return count_parts(x) == 1 && !is_op(x, "concat") ? x : grove_node_input(x, i);
}

static bool is_small_lookup(const fold *f, grove_tensor part) {
    const grove_shape table = grove_node_shape(grove_node_input(part, 0));
    return is_op(part, "embedding") && table.rank == 2 && table.dim[1] >= LEAST_WIDTH &&
           table.dim[0] <= MOST_ROWS && table.dim[0] * ROWS_OF_BATCH <= f->batch &&
           grove_is_valid(only_reader(f, part));
}

/* Is it worth it? */
static bool pays(const fold *f, const layer *l) {
    int64_t numbers = 0;
    for (int i = 0; i < count_parts(l->x); i++) {
        grove_tensor part = part_at(l->x, i);
        numbers += is_small_lookup(f, part) ? grove_last_dimension(part) : 0;
    }
    return numbers >= LEAST_NUMBERS && l->units >= LEAST_UNITS;
}

static bool is_layer(const fold *f, grove_tensor node, layer *l) {
    const grove_shape shape = grove_node_shape(node);
    if (!is_op(node, "matmul") || shape.rank != 2 || shape.dim[0] != GROVE_BATCH ||
        grove_node_attribute(node, "transpose_a")) {
        return false;
    }
    *l = (layer){.x = grove_node_input(node, 0),
                 .weight = grove_node_input(node, 1),
                 .bias = GROVE_NONE,
                 .transposed = grove_node_attribute(node, "transpose_b"),
                 .units = shape.dim[1]};
    return grove_is_valid(only_reader(f, l->x)) && pays(f, l);
}

/* The node that adds a bias to the product, and nothing else; GROVE_NONE where there is none. */
static grove_tensor find_bias(const fold *f, grove_tensor product, layer *l) {
    grove_tensor sum = only_reader(f, product);
    if (!is_op(sum, "add") || grove_node_input(sum, 0).index != product.index ||
        grove_node_shape(grove_node_input(sum, 1)).rank != 1) {
        return GROVE_NONE;
    }
    l->bias = grove_node_input(sum, 1);
    return sum;
}

/* ---- building -------------------------------------------------------------------------------- */

/* What stays a product: parts [count] and their weights [count]. */
static grove_tensor multiply_rest(const layer *l, const grove_tensor *x,
                                  const grove_tensor *weights, int count) {
    grove_tensor row = count == 1 ? x[0] : grove_concat(x, count, 1);
    grove_tensor weight = count == 1 ? weights[0] : grove_concat(weights, count, l->transposed);
    return grove_matmul(row, weight, false, l->transposed);
}

/* (Parts of the weight are cut off in their order, so that their gradients join.) */
static grove_tensor build(fold *f, const layer *l) {
    const int parts = count_parts(l->x);
    grove_tensor *weights = f->rest + parts;
    int folded = 0, others = 0;
    int64_t begin = 0;
    for (int i = 0; i < parts; i++) {
        grove_tensor part = part_at(l->x, i);
        int64_t width = grove_last_dimension(part);
        grove_tensor weight = grove_slice(l->weight, l->transposed, begin, width);
        if (is_small_lookup(f, part)) {
            grove_tensor table = grove_node_input(part, 0);
            grove_tensor product = grove_matmul(table, weight, false, l->transposed);
            bool first = folded == 0 && grove_is_valid(l->bias);
            f->pairs[2 * folded] = first ? grove_add(product, l->bias) : product;
            f->pairs[2 * folded++ + 1] = grove_node_input(part, 1);
        } else {
            f->rest[others] = part;
            weights[others++] = weight;
        }
        begin += width;
    }
    grove_tensor sum = grove_embedding_sum(f->pairs, folded);
    return others > 0 ? grove_add(multiply_rest(l, f->rest, weights, others), sum) : sum;
}

/* The first product that is worth it, done the other way; *from: what that is to stand for. */
static grove_tensor fold_one(fold *f, grove_tensor output, grove_tensor *from) {
    for (int32_t i = 0; i <= output.index; i++) {
        layer l;
        *from = grove_node_at(f->graph, i);
        if (f->below[i] && is_layer(f, *from, &l)) {
            grove_tensor sum = find_bias(f, *from, &l);
            *from = grove_is_valid(sum) ? sum : *from;
            return build(f, &l);
        }
    }
    return GROVE_NONE;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Marks what the output depends on; returns the most inputs that one of these nodes has. */
static size_t mark_below(fold *f, grove_tensor output) {
    int most = 1;
    f->below[output.index] = true;
    for (int32_t i = output.index; i >= 0; i--) {
        grove_tensor node = grove_node_at(f->graph, i);
        most = f->below[i] && grove_node_inputs(node) > most ? grove_node_inputs(node) : most;
        for (int k = 0; f->below[i] && k < grove_node_inputs(node); k++) {
            f->below[grove_node_input(node, k).index] = true;
        }
    }
    return (size_t)most;
}

/* Folds one product; *more tells whether there was one. */
static grove_tensor fold_next(grove_tensor output, int64_t batch, bool *more) {
    grove_allocator allocator = grove_graph_allocator(output.graph);
    fold f = {.graph = output.graph, .batch = batch};
    grove_tensor from = GROVE_NONE, to = GROVE_NONE;
    f.below = grove_alloc_zero(&allocator, (size_t)output.index + 1, sizeof *f.below);
    const size_t most = f.below ? mark_below(&f, output) : 1;
    f.pairs = grove_alloc(&allocator, 4 * most * sizeof *f.pairs);
    f.rest = f.pairs ? f.pairs + 2 * most : NULL;
    if (grove_readers_open(&f.readers, output) && f.below && f.pairs) {
        to = fold_one(&f, output, &from);
    } else {
        grove_mistake(output.graph, GROVE_NO_MEMORY, "out of memory: no lookup was folded");
    }
    grove_readers_close(&f.readers, output.graph);
    grove_release(&allocator, f.below);
    grove_release(&allocator, f.pairs);
    *more = grove_is_valid(to);
    return *more ? grove_substitute(output, from, to, ".folded") : output;
}

grove_tensor grove_fold_lookups(grove_tensor output, int64_t batch) {
    bool more = grove_is_valid(output);
    while (more && grove_is_valid(output)) {
        output = fold_next(output, batch, &more);
    }
    const bool good = grove_is_valid(output) && grove_graph_error(output.graph)->status == GROVE_OK;
    return good ? output : GROVE_NONE;
}
