/* SPDX-License-Identifier: MIT
 *
 * parameter - numbers that training changes; state - numbers or ids that only updates change;
 * constant - numbers that nobody changes. All three are memory that the graph owns.
 *
 * Shapes: fixed, without a batch. A weight is [out, in], a bias [out], a table [rows, width].
 * Beginnings: zero for a state, the given numbers for a constant; for a parameter what grove_init
 *   says. Every random number depends on (the graph's seed, the parameter's name or own seed, its
 *   position), so parameters do not disturb each other and no order matters. Normal numbers are
 *   made from uniform ones by Box & Muller (1958).
 */
#include <math.h>

#include "base/random.h"
#include "room.h"

/* ---- shape ----------------------------------------------------------------------------------- */

struct stored {
    int64_t type;
    grove_shape shape;
};

static const grove_field fields[] = {GROVE_FIELD(struct stored, type, INT),
                                     GROVE_FIELD(struct stored, shape, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct stored *attributes = s->attributes;
    s->shape = attributes->shape;
    if (s->shape.rank < 0 || s->shape.rank > GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "it has more than %d dimensions", GROVE_MAX_RANK);
    }
    for (int i = 0; i < s->shape.rank; i++) {
        if (s->shape.dim[i] < 0) {
            return grove_refuse(s, GROVE_BAD_SHAPE, "its size must not depend on the batch");
        }
    }
    bool may_be_ids = !(s->op->flags & GROVE_TRAINED);
    if (attributes->type != GROVE_REAL && !(attributes->type == GROVE_ID && may_be_ids)) {
        return grove_refuse(s, GROVE_BAD_TYPE, "its type must be real numbers%s",
                            may_be_ids ? " or ids" : "");
    }
    s->type = (grove_type)attributes->type;
    return true;
}

/* ---- how a parameter begins ------------------------------------------------------------------ */

enum { BLOCK = 4 }; /* random words that come at once */

static void fill_uniform(grove_real *data, size_t count, uint64_t seed, double low, double high) {
    uint32_t words[BLOCK];
    for (size_t i = 0; i < count; i++) {
        if (i % BLOCK == 0) {
            grove_random_block(seed, 0, 0, i / BLOCK, words);
        }
        data[i] = (grove_real)(low + (high - low) * grove_unit24(words[i % BLOCK]));
    }
}

static void fill_normal(grove_real *data, size_t count, uint64_t seed, double mean,
                        double deviation) {
    const double circle = 6.283185307179586;
    uint32_t words[BLOCK];
    double normal[BLOCK];
    for (size_t i = 0; i < count; i++) {
        if (i % BLOCK == 0) {
            grove_random_block(seed, 0, 0, i / BLOCK, words);
            for (int k = 0; k < BLOCK; k += 2) {
                double radius = sqrt(-2 * log(1 - grove_unit24(words[k])));
                double angle = circle * grove_unit24(words[k + 1]);
                normal[k] = radius * cos(angle);
                normal[k + 1] = radius * sin(angle);
            }
        }
        data[i] = (grove_real)(mean + deviation * normal[i % BLOCK]);
    }
}

static void begin(grove_tensor parameter, const char *name, grove_init init) {
    grove_real *data = grove_parameter_data(parameter);
    size_t count = grove_parameter_size(parameter);
    uint32_t mixed[BLOCK];
    uint64_t own = init.seed ? init.seed : grove_hash_name(name);
    grove_random_block(grove_seed(parameter.graph), 1, 0, own, mixed);
    uint64_t seed = (uint64_t)mixed[0] << 32 | mixed[1];
    grove_shape fixed = grove_node_shape(parameter);
    double out = fixed.rank > 0 ? (double)fixed.dim[0] : 1, in = (double)count / out;
    switch (init.kind) {
    case GROVE_INIT_ZEROS:
        break; /* as the graph made it */
    case GROVE_INIT_CONSTANT:
        for (size_t i = 0; i < count; i++) {
            data[i] = (grove_real)init.a;
        }
        break;
    case GROVE_INIT_NORMAL:
        fill_normal(data, count, seed, init.a, init.b);
        break;
    case GROVE_INIT_UNIFORM:
        fill_uniform(data, count, seed, init.a, init.b);
        break;
    case GROVE_INIT_XAVIER_UNIFORM:
        fill_uniform(data, count, seed, -sqrt(6 / (in + out)), sqrt(6 / (in + out)));
        break;
    case GROVE_INIT_XAVIER_NORMAL:
        fill_normal(data, count, seed, 0, sqrt(2 / (in + out)));
        break;
    case GROVE_INIT_KAIMING_UNIFORM:
        fill_uniform(data, count, seed, -sqrt(6 / in), sqrt(6 / in));
        break;
    case GROVE_INIT_KAIMING_NORMAL:
        fill_normal(data, count, seed, 0, sqrt(2 / in));
        break;
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    grove_init sevens = {.kind = GROVE_INIT_CONSTANT, .a = 7};
    return grove_parameter(in[0].graph, "p", GROVE_SHAPE(2, 2), sevens);
}
static grove_tensor build_with_batch(const grove_tensor *in) {
    return grove_parameter(in[0].graph, "p", GROVE_SHAPE(GROVE_BATCH, 2), (grove_init){0});
}
static grove_tensor build_bad_init(const grove_tensor *in) {
    grove_init endless = {.kind = GROVE_INIT_UNIFORM, .b = (double)INFINITY};
    return grove_parameter(in[0].graph, "p", GROVE_SHAPE(2), endless);
}
static grove_tensor build_state(const grove_tensor *in) {
    return grove_state(in[0].graph, "s", GROVE_ID, GROVE_SHAPE(3));
}
static grove_tensor build_state_with_batch(const grove_tensor *in) {
    return grove_state(in[0].graph, "s", GROVE_REAL, GROVE_SHAPE(GROVE_BATCH));
}
static grove_tensor build_constant(const grove_tensor *in) {
    return grove_constant(in[0].graph, "c", GROVE_SHAPE(3), (const grove_real[]){1, 2, 3});
}
static grove_tensor build_constant_with_batch(const grove_tensor *in) {
    return grove_constant(in[0].graph, "c", GROVE_SHAPE(GROVE_BATCH), (const grove_real[]){1});
}

static const grove_example examples[] = {
    {.build = build, .out = GROVE_NUMBERS(7, 7, 7, 7)},
    {.build = build_with_batch, .refused = "its size must not depend on the batch"},
    {.build = build_bad_init, .refused = "its beginning is not made of finite numbers"},
    {0},
};
static const grove_example state_examples[] = {
    {.build = build_state, .out = GROVE_NUMBERS(0, 0, 0)},
    {.build = build_state_with_batch, .refused = "its size must not depend on the batch"},
    {0},
};
static const grove_example constant_examples[] = {
    {.build = build_constant, .out = GROVE_NUMBERS(1, 2, 3)},
    {.build = build_constant_with_batch, .refused = "its size must not depend on the batch"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(parameter) = {
    .name = "parameter",
    .formula = "w, trained",
    .flags = GROVE_STORED | GROVE_TRAINED,
    .attribute_size = sizeof(struct stored),
    .fields = fields,
    .shape = shape,
    .no_gradient = "it is a leaf: gradients end here",
    .examples = examples,
};

GROVE_ROOM(state) = {
    .name = "state",
    .formula = "s, changed by updates alone",
    .flags = GROVE_STORED,
    .attribute_size = sizeof(struct stored),
    .fields = fields,
    .shape = shape,
    .no_gradient = "it is a leaf that no gradient is for",
    .examples = state_examples,
};

GROVE_ROOM(constant) = {
    .name = "constant",
    .formula = "c, fixed",
    .flags = GROVE_STORED,
    .attribute_size = sizeof(struct stored),
    .fields = fields,
    .shape = shape,
    .no_gradient = "it is a leaf that no gradient is for",
    .examples = constant_examples,
};

/* ---- builders -------------------------------------------------------------------------------- */

static grove_tensor append(const grove_op *op, grove_graph *graph, const char *name,
                           grove_type type, grove_shape shape_wanted) {
    struct stored attributes = {.type = type, .shape = shape_wanted};
    return grove_name(grove_append(op, graph, NULL, 0, &attributes), name);
}

grove_tensor grove_parameter(grove_graph *graph, const char *name, grove_shape shape,
                             grove_init init) {
    bool good = init.kind >= GROVE_INIT_ZEROS && init.kind <= GROVE_INIT_KAIMING_NORMAL &&
                isfinite(init.a) && isfinite(init.b);
    bool falls = init.kind == GROVE_INIT_UNIFORM && init.a > init.b;
    if (!good || falls) {
        return grove_refuse_builder(graph, &grove_op_parameter, GROVE_BAD_ARGUMENT,
                                    "its beginning is %s",
                                    good ? "uniform from a to b, and a is above b"
                                         : "not made of finite numbers of a known kind");
    }
    grove_tensor parameter = append(&grove_op_parameter, graph, name, GROVE_REAL, shape);
    if (grove_is_valid(parameter)) {
        begin(parameter, name, init);
    }
    return parameter;
}

grove_tensor grove_state(grove_graph *graph, const char *name, grove_type type, grove_shape shape) {
    return append(&grove_op_state, graph, name, type, shape);
}

static grove_tensor constant_of(grove_graph *graph, const char *name, grove_type type,
                                grove_shape shape_wanted, const void *values) {
    if (!values) {
        return grove_refuse_builder(graph, &grove_op_constant, GROVE_BAD_ARGUMENT,
                                    "it has no numbers");
    }
    grove_tensor constant = append(&grove_op_constant, graph, name, type, shape_wanted);
    size_t count = grove_is_valid(constant) ? grove_parameter_size(constant) : 0;
    if (count > 0) {
        memcpy(grove_parameter_data(constant), values,
               count * (type == GROVE_ID ? sizeof(grove_id) : sizeof(grove_real)));
    }
    return constant;
}

grove_tensor grove_constant(grove_graph *graph, const char *name, grove_shape shape,
                            const grove_real *values) {
    return constant_of(graph, name, GROVE_REAL, shape, values);
}

grove_tensor grove_constant_ids(grove_graph *graph, const char *name, grove_shape shape,
                                const grove_id *ids) {
    return constant_of(graph, name, GROVE_ID, shape, ids);
}
