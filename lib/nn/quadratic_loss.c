/* SPDX-License-Identifier: MIT
 *
 * quadratic_loss.c - what a weak model of boosting is fitted to: a loss near its scores, to second
 * order (losses.h). Gradient and curvature are what grad.h gives; no loss is known here.
 */
#include "grove/grad.h"
#include "grove/losses.h"

/* Of g = dl/ds [n]: dg/ds; of [n, outputs] column after column, each by its own score alone.
 * GROVE_NONE: there is none. */
static grove_tensor curvature_of(grove_tensor g, grove_tensor scores) {
    const grove_shape shape = grove_node_shape(scores);
    grove_tensor columns[GROVE_MOST_CURVED];
    if (shape.rank == 1) {
        return grove_gradient(g, scores);
    }
    if (shape.rank != 2 || shape.dim[1] > GROVE_MOST_CURVED) {
        return GROVE_NONE;
    }
    for (int64_t c = 0; c < shape.dim[1]; c++) {
        grove_tensor own = grove_gradient(grove_slice(g, 1, c, 1), scores);
        if (!grove_is_valid(own)) {
            return GROVE_NONE;
        }
        columns[c] = grove_slice(own, 1, c, 1);
    }
    return grove_concat(columns, (int)shape.dim[1], 1);
}

/* Positive everywhere. 1e-6 / n is for batches whose rows are all in a straight part. */
static grove_tensor positive(grove_tensor h, grove_tensor rows) {
    const double share = 0.1, least = 1e-6;
    h = grove_relu(h);
    grove_tensor mean = grove_scale(grove_mean(h, GROVE_ALL_AXES), share);
    grove_tensor one = grove_fill(h.graph, GROVE_SCALAR, least);
    return grove_add(grove_add(h, mean), grove_div(one, rows));
}

grove_tensor grove_quadratic_loss(grove_tensor loss, grove_tensor scores, grove_tensor step) {
    grove_tensor g = grove_gradient(loss, scores);
    if (!grove_is_valid(g)) {
        grove_mistake(loss.graph, GROVE_BAD_ARGUMENT,
                      "quadratic_loss: the loss does not depend on these scores");
        return GROVE_NONE;
    }
    if (!grove_shape_equal(grove_node_shape(scores), grove_node_shape(step))) {
        grove_mistake(loss.graph, GROVE_BAD_SHAPE,
                      "quadratic_loss: the step must have the shape of the scores");
        return GROVE_NONE;
    }
    const grove_shape list = grove_shape_of(1, grove_node_shape(scores).dim);
    grove_tensor rows = grove_sum(grove_fill(g.graph, list, 1), GROVE_ALL_AXES);
    grove_tensor h = curvature_of(g, scores);
    h = grove_is_valid(h) ? positive(h, rows)
                          : grove_div(grove_fill(g.graph, GROVE_SCALAR, 1), rows);
    grove_tensor square = grove_scale(grove_mul(step, step), 0.5);
    grove_tensor straight = grove_mul(grove_stop_gradient(g), step);
    grove_tensor curved = grove_mul(square, grove_stop_gradient(h));
    return grove_sum(grove_add(straight, curved), GROVE_ALL_AXES);
}
