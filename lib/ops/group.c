/* SPDX-License-Identifier: MIT
 *
 * group - one handle for many nodes: a plan that is asked for it computes them all. So all updates
 * of a training step are one tensor.
 *
 * Shapes: any, of any types -> [0]: it has no numbers.
 */
#include "room.h"

static grove_tensor build(const grove_tensor *in) {
    return grove_group(in, 2);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build},
    {0},
};

GROVE_ROOM(group) = {
    .name = "group",
    .formula = "all of these",
    .max_inputs = INT32_MAX,
    .flags = GROVE_UPDATE,
    .shape = grove_update_shape,
    .no_gradient = "it has no numbers",
    .examples = examples,
};

grove_tensor grove_group(const grove_tensor *x, int count) {
    return grove_append(&grove_op_group, NULL, x, count, NULL);
}
