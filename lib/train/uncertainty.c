/* SPDX-License-Identifier: MIT
 *
 * uncertainty.c - the members of a joined model, asked one beside the other.
 */
#include "grove/uncertainty.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "predictor.h"

struct grove_disagreement {
    grove_feed feed;
    grove_plan *plan;
    grove_tensor members[GROVE_MOST_MEMBERS]; /* [batch, classes], or scaled numbers [batch] */
    int count;
    size_t classes; /* of a number 1 */
    grove_target_kind target;
    double deviation; /* by which a number was scaled */
};

static double part(double p) {
    return p > 0 ? -p * log(p) : 0;
}

double grove_entropy(const float *probabilities, size_t classes) {
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        sum += part((double)probabilities[c]);
    }
    return sum;
}

double grove_binary_entropy(const float *probabilities, size_t classes) {
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        const double p = (double)probabilities[c];
        sum += part(p) + part(1 - p);
    }
    return sum;
}

/* ---- the members ----------------------------------------------------------------------------- */

static grove_status find_members(grove_disagreement *d, const grove_graph *graph,
                                 grove_error *error) {
    const bool number = d->target == GROVE_TARGET_NUMBER;
    char name[64];
    while (d->count < GROVE_MOST_MEMBERS) {
        snprintf(name, sizeof name, "member.%d.%s", d->count + 1,
                 number ? "scaled" : "probabilities");
        grove_tensor member = grove_find(graph, name);
        grove_shape shape = grove_node_shape(member);
        const int64_t classes = number ? 1 : shape.dim[1];
        if (!grove_is_valid(member) || grove_node_type(member) != GROVE_REAL ||
            shape.rank != (number ? 1 : 2) || shape.dim[0] != GROVE_BATCH || classes < 1 ||
            (d->count > 0 && classes != (int64_t)d->classes)) {
            break;
        }
        d->classes = (size_t)classes;
        d->members[d->count++] = member;
    }
    return d->count >= 2 ? GROVE_OK
                         : grove_fail(error, GROVE_NOT_FOUND,
                                      "the model is a single network: there are no members that "
                                      "could disagree");
}

static grove_status open(grove_disagreement *d, const grove_graph *graph,
                         const grove_schema *schema, int64_t size, int threads,
                         grove_error *error) {
    grove_status status = grove_feed_open(&d->feed, graph, schema, (size_t)size, error);
    if (status != GROVE_OK) {
        return status;
    }
    d->target = grove_schema_target(schema);
    d->deviation = grove_schema_deviation(schema, (size_t)grove_schema_label(schema));
    status = find_members(d, graph, error);
    if (status != GROVE_OK) {
        return status;
    }
    d->plan = grove_plan_new(
        graph, d->members, d->count,
        &(grove_plan_options){.batch = size, .threads = threads, .allocator = d->feed.allocator});
    return grove_feed_bind(&d->feed, d->plan, error);
}

grove_status grove_disagreement_new(const grove_graph *graph, const grove_schema *schema,
                                    int64_t batch, int threads, grove_disagreement **disagreement,
                                    grove_error *error) {
    const grove_allocator allocator = grove_graph_allocator(graph);
    *disagreement = NULL;
    if (!graph || !schema || grove_schema_label(schema) < 0 || batch < 0 || batch > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "disagreement wants a graph, a schema with a label, and a batch of 0 "
                          "rows or more");
    }
    grove_disagreement *d = grove_alloc_zero(&allocator, 1, sizeof *d);
    if (!d) {
        return grove_fail_memory(error, sizeof *d);
    }
    grove_status status = open(d, graph, schema, batch > 0 ? batch : 256, threads, error);
    if (status != GROVE_OK) {
        d->feed.allocator = allocator;
        grove_disagreement_free(d);
        return status;
    }
    *disagreement = d;
    return GROVE_OK;
}

void grove_disagreement_free(grove_disagreement *disagreement) {
    if (disagreement) {
        const grove_allocator allocator = disagreement->feed.allocator;
        grove_plan_free(disagreement->plan);
        grove_feed_close(&disagreement->feed);
        grove_release(&allocator, disagreement);
    }
}

int grove_disagreement_members(const grove_disagreement *disagreement) {
    return disagreement ? disagreement->count : 0;
}

/* ---- asked ----------------------------------------------------------------------------------- */

/* Of the row's probabilities of one class: what the entropy of the mean has more than the mean of
 * the entropies. */
static double more_than_own(const grove_disagreement *d, size_t at, bool binary) {
    double mean = 0, own = 0;
    for (int k = 0; k < d->count; k++) {
        const grove_real *member = grove_value(d->plan, d->members[k]);
        const double p = (double)member[at];
        mean += p / d->count;
        own += (part(p) + (binary ? part(1 - p) : 0)) / d->count;
    }
    return part(mean) + (binary ? part(1 - mean) : 0) - own;
}

static double information(const grove_disagreement *d, size_t row) {
    double sum = 0;
    for (size_t c = 0; c < d->classes; c++) {
        sum += more_than_own(d, row * d->classes + c, d->target == GROVE_TARGET_SET);
    }
    return sum > 0 ? sum : 0; /* by rounding it may be a little less */
}

static double deviation(const grove_disagreement *d, size_t row) {
    double mean = 0, squares = 0;
    for (int k = 0; k < d->count; k++) {
        mean += (double)((const grove_real *)grove_value(d->plan, d->members[k]))[row] / d->count;
    }
    for (int k = 0; k < d->count; k++) {
        const double off =
            (double)((const grove_real *)grove_value(d->plan, d->members[k]))[row] - mean;
        squares += off * off;
    }
    return d->deviation * sqrt(squares / (d->count - 1));
}

grove_status grove_disagreement_run(grove_disagreement *disagreement, grove_rows rows,
                                    double *spread, grove_error *error) {
    grove_disagreement *d = disagreement;
    if (!d || !spread) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there are no members, or nowhere to answer");
    }
    grove_status status = grove_feed_fits(&d->feed, &rows, error);
    for (size_t begin = 0, count; begin < rows.count && status == GROVE_OK; begin += count) {
        const size_t left = rows.count - begin, size = d->feed.size;
        count = grove_feed_room(&d->feed, &rows, begin, left < size ? left : size);
        status = grove_feed_batch(&d->feed, &rows, begin, count, error);
        if (status == GROVE_OK && grove_run(d->plan) != GROVE_OK) {
            const grove_error *why = grove_plan_error(d->plan);
            status = grove_fail(error, why->status, "%s", why->message);
        }
        for (size_t i = 0; i < count && status == GROVE_OK; i++) {
            spread[begin + i] =
                d->target == GROVE_TARGET_NUMBER ? deviation(d, i) : information(d, i);
        }
    }
    return status;
}
