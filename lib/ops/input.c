/* SPDX-License-Identifier: MIT
 *
 * input - numbers or ids that the caller binds to a plan before a run.
 *
 * Shapes: any; GROVE_BATCH stands for the plan's batch. There is no kernel: whoever reads the input
 * reads the caller's own memory.
 */
#include "room.h"

struct input {
    int64_t type;
    grove_shape shape;
};

static const grove_field fields[] = {GROVE_FIELD(struct input, type, INT),
                                     GROVE_FIELD(struct input, shape, SHAPE), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct input *attributes = s->attributes;
    if (attributes->shape.rank < 0 || attributes->shape.rank > GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "it has more than %d dimensions", GROVE_MAX_RANK);
    }
    if (attributes->type != GROVE_REAL && attributes->type != GROVE_ID) {
        return grove_refuse(s, GROVE_BAD_TYPE, "its type is neither real numbers nor ids");
    }
    s->type = (grove_type)attributes->type;
    s->shape = attributes->shape;
    return true;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_input_reals(in[0].graph, "x", GROVE_BATCH, 2);
}
static grove_tensor build_too_long(const grove_tensor *in) {
    return grove_input_reals(in[0].graph, "x", 1, 1, 1, 1, 1, 1, 1);
}

static const grove_example examples[] = {
    {.build = build},
    {.build = build_too_long, .refused = "it has more than 6 dimensions"},
    {0},
};

GROVE_ROOM(input) = {
    .name = "input",
    .formula = "x, bound by the caller",
    .flags = GROVE_BOUND,
    .attribute_size = sizeof(struct input),
    .fields = fields,
    .shape = shape,
    .no_gradient = "it is a leaf: gradients end here",
    .examples = examples,
};

grove_tensor grove_input(grove_graph *graph, const char *name, grove_type type, grove_shape shape) {
    struct input attributes = {.type = type, .shape = shape};
    return grove_name(grove_append(&grove_op_input, graph, NULL, 0, &attributes), name);
}
