/* SPDX-License-Identifier: MIT
 *
 * make_plain_model FILE [KIND] - saves a model as any program may: a graph, and no word on what its
 * inputs mean. y = x0 - 2 * x1 + table[kind] in double precision as in single: small whole numbers.
 * With "wide", the shape of its output is none that a table has; with "own", an op of this
 * program's own comes last, which the command `grove` cannot have. Other kinds have a loss instead,
 * the mean of (y - wanted)^2:
 *     loss     as it is
 *     dead     without the line: its gradient is zero
 *     hidden   with a part of the line behind stop_gradient: its gradient is wrong
 *     nan      with the logarithm of a negative number
 */
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"
#include "grove/model_file.h"

enum { KINDS = 5 };

static void set(grove_tensor parameter, const double *values, size_t count) {
    grove_real *data = grove_parameter_data(parameter);
    for (size_t i = 0; i < count && data; i++) {
        data[i] = (grove_real)values[i];
    }
}

static grove_status run_half(const grove_call *call, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        grove_out(call)[i] = grove_reals(call, 0)[i] / 2;
    }
    return GROVE_OK;
}

static void grad_half(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_append1(grove_node_descriptor(y), dy, NULL);
}

static const grove_op half = {.name = "half",
                              .min_inputs = 1,
                              .max_inputs = 1,
                              .shape = grove_same_shape,
                              .run = run_half,
                              .items = grove_by_element,
                              .grad = grad_half};

static grove_tensor build_loss(grove_graph *g, const char *kind, grove_tensor product,
                               grove_tensor row) {
    grove_tensor wanted = grove_input_reals(g, "wanted", GROVE_BATCH);
    if (strcmp(kind, "dead") == 0) {
        product = grove_relu(grove_shift(product, -1000));
    } else if (strcmp(kind, "hidden") == 0) {
        product = grove_add(product, grove_stop_gradient(grove_scale(product, 0.5)));
    } else if (strcmp(kind, "nan") == 0) {
        product = grove_log(grove_shift(product, -1000));
    }
    grove_tensor y = grove_reshape(grove_add(product, row), GROVE_SHAPE(GROVE_BATCH));
    return grove_name(grove_mean_squared_error(y, wanted), "loss");
}

/* Of the rows, and of three more that are 0: [batch + 3, 1]. */
static grove_tensor total_of(grove_tensor y) {
    grove_tensor rest = grove_fill(y.graph, GROVE_SHAPE(3, 1), 0);
    grove_tensor longer = grove_name(grove_concat((grove_tensor[]){y, rest}, 2, 0), "longer");
    return grove_name(grove_sum(longer, GROVE_ALL_AXES), "total");
}

int main(int argc, char **argv) {
    const char *form = argc > 2 ? argv[2] : "plain";
    bool wide = strcmp(form, "wide") == 0, own = strcmp(form, "own") == 0;
    bool plain = wide || own || strcmp(form, "plain") == 0;
    grove_error error = {0};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    grove_tensor kind = grove_input_ids(g, "kind", GROVE_BATCH);
    grove_tensor product = grove_nn_dense(x, 1, "line");             /* [batch, 1] */
    grove_tensor row = grove_nn_embedding(kind, KINDS, 1, "offset"); /* [batch, 1] */
    grove_tensor y = grove_name(grove_add(product, row), "y");       /* [batch, 1] */
    grove_tensor outputs[2] = {own ? grove_append1(&half, y, NULL) : y, GROVE_NONE};
    if (plain) {
        grove_tensor both = grove_name(grove_concat((grove_tensor[]){y, x}, 2, 1), "both");
        outputs[1] = wide ? total_of(y) : both;
    } else {
        outputs[1] = build_loss(g, form, product, row);
    }
    set(grove_find(g, "line.weight"), (double[]){1, -2}, 2);
    set(grove_find(g, "line.bias"), (double[]){0}, 1);
    set(grove_find(g, "offset.weight"), (double[]){0, 10, 20, 30, 40}, KINDS);
    grove_status status =
        argc < 2 ? GROVE_BAD_ARGUMENT : grove_save(argv[1], outputs, 2, NULL, &error);
    if (status != GROVE_OK) {
        fprintf(stderr, "make_plain_model: %s\n", error.message);
    }
    grove_graph_free(g);
    return status == GROVE_OK ? 0 : 1;
}
