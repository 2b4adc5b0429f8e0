/* SPDX-License-Identifier: MIT */
#include "own_ops.h"

#include <math.h>
#include <string.h>

/* ---- cubic: y = x^3 + a x; dx = dy * (3 x^2 + a) --------------------------------------------- */

typedef struct cubic_attributes {
    double a;
} cubic_attributes;
static const grove_field cubic_fields[] = {GROVE_FIELD(cubic_attributes, a, REAL),
                                           GROVE_NO_MORE_FIELDS};

static double a_of(const void *attributes) {
    return ((const cubic_attributes *)attributes)->a;
}

static grove_status run_cubic(const grove_call *call, size_t begin, size_t end) {
    const grove_real *x = grove_reals(call, 0), a = (grove_real)a_of(call->attributes);
    grove_real *y = grove_out(call);
    for (size_t i = begin; i < end; i++) {
        y[i] = x[i] * (x[i] * x[i] + a);
    }
    return GROVE_OK;
}

static void grad_cubic(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor x = grove_node_input(y, 0), square = grove_mul(x, x);
    grove_tensor slope = grove_shift(grove_scale(square, 3), a_of(grove_attributes(y)));
    dx[0] = grove_mul(dy, slope);
}

static grove_tensor build_cubic(const grove_tensor *in) {
    return cubic(in[0], -2);
}

static const grove_example cubic_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(1, -2, 3)}},
     .build = build_cubic,
     .out = GROVE_NUMBERS(-1, -4, 21),
     .dy = GROVE_NUMBERS(1, 2, -1),
     .dx = {GROVE_NUMBERS(1, 20, -25)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build_cubic},
    {.inputs = 1, .in = {{.shape = {2, {0, 3}}}}, .build = build_cubic},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_cubic,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

const grove_op cubic_op = {
    .name = "cubic",
    .formula = "y = x^3 + a x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(cubic_attributes),
    .fields = cubic_fields,
    .shape = grove_same_shape,
    .run = run_cubic,
    .items = grove_by_element,
    .grad = grad_cubic,
    .examples = cubic_examples,
};

grove_tensor cubic(grove_tensor x, double a) {
    return grove_append1(&cubic_op, x, &(cubic_attributes){a});
}

/* ---- swish (Ramachandran et al. 2017): y = x s, s = sigmoid(beta x), and its adjoint -----------
 * dx = dy * s (1 + b), b = beta x (1 - s); the slope of that in x is beta s (1 - s) (2 + c),
 * c = beta x (1 - 2 s) */

typedef struct swish_attributes {
    double beta;
} swish_attributes;
static const grove_field swish_fields[] = {GROVE_FIELD(swish_attributes, beta, REAL),
                                           GROVE_NO_MORE_FIELDS};

static double beta_of(const void *attributes) {
    return ((const swish_attributes *)attributes)->beta;
}

static bool shape_of_swish(grove_shaping *s) {
    double beta = beta_of(s->attributes);
    if (!(beta > 0) || !isfinite(beta)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "beta must be above 0, not %g", beta);
    }
    return grove_same_shape(s);
}

static double sigmoid(double x) {
    double small = exp(-fabs(x));
    return (x < 0 ? small : 1) / (1 + small);
}

static grove_status run_swish(const grove_call *call, size_t begin, size_t end) {
    const grove_real *x = grove_reals(call, 0);
    for (size_t i = begin; i < end; i++) {
        double number = (double)x[i];
        grove_out(call)[i] = (grove_real)(number * sigmoid(beta_of(call->attributes) * number));
    }
    return GROVE_OK;
}

static grove_status run_swish_gradient(const grove_call *call, size_t begin, size_t end) {
    const grove_real *dy = grove_reals(call, 0), *x = grove_reals(call, 1);
    for (size_t i = begin; i < end; i++) {
        double bx = beta_of(call->attributes) * (double)x[i], s = sigmoid(bx);
        grove_out(call)[i] = (grove_real)((double)dy[i] * s * (1 + bx * (1 - s)));
    }
    return GROVE_OK;
}

static void grad_swish(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_append2(&swish_gradient_op, dy, grove_node_input(y, 0), grove_attributes(y));
}

static void grad_swish_gradient(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    grove_tensor dy = grove_node_input(y, 0), x = grove_node_input(y, 1);
    double beta = beta_of(grove_attributes(y));
    grove_tensor bx = grove_scale(x, beta), s = grove_sigmoid(bx);
    grove_tensor c = grove_mul(bx, grove_shift(grove_scale(s, -2), 1));
    grove_tensor slope = grove_mul(grove_mul(s, grove_shift(grove_neg(s), 1)), grove_shift(c, 2));
    dx[0] = grove_append2(&swish_gradient_op, d, x, grove_attributes(y));
    dx[1] = grove_mul(grove_mul(d, dy), grove_scale(slope, beta));
}

static grove_tensor build_swish(const grove_tensor *in) {
    return swish(in[0], 1.5);
}
static grove_tensor build_swish_flat(const grove_tensor *in) {
    return swish(in[0], 0);
}
static grove_tensor build_swish_gradient(const grove_tensor *in) {
    return grove_append2(&swish_gradient_op, in[0], in[1], &(swish_attributes){1.5});
}

static const grove_example swish_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, 2)}},
     .build = build_swish,
     .out = GROVE_NUMBERS(0, 1.9051482536448667),
     .dy = GROVE_NUMBERS(2, 1),
     .dx = {GROVE_NUMBERS(1, 1.0881041060151693)}},
    {.inputs = 1,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(-3, -0.5, 0.1, 4)}},
     .build = build_swish},
    {.inputs = 1, .in = {{.shape = {2, {-1, 2}}}}, .build = build_swish},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_swish_flat,
     .refused = "beta must be above 0, not 0"},
    {0},
};

static const grove_example swish_gradient_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 1)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(0, 2)}},
     .build = build_swish_gradient,
     .out = GROVE_NUMBERS(1, 1.0881041060151693)},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 2}}}, {.shape = {2, {-1, 2}}}},
     .build = build_swish_gradient},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_swish_gradient,
     .refused = "its inputs must have one shape"},
    {0},
};

const grove_op swish_op = {
    .name = "swish",
    .formula = "y = x * sigmoid(beta * x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(swish_attributes),
    .fields = swish_fields,
    .shape = shape_of_swish,
    .run = run_swish,
    .items = grove_by_element,
    .grad = grad_swish,
    .examples = swish_examples,
};

const grove_op swish_gradient_op = {
    .name = "swish_gradient",
    .formula = "dx = dy * s * (1 + beta * x * (1 - s)), s = sigmoid(beta * x)",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(swish_attributes),
    .fields = swish_fields,
    .shape = shape_of_swish,
    .run = run_swish_gradient,
    .items = grove_by_element,
    .grad = grad_swish_gradient,
    .examples = swish_gradient_examples,
};

grove_tensor swish(grove_tensor x, double beta) {
    return grove_append1(&swish_op, x, &(swish_attributes){beta});
}

/* ---- pick: y[i] = x[i, ids[i]], and its adjoint place: dx[i, ids[i]] = dy[i], else 0 -------- */

typedef struct place_attributes {
    int64_t classes;
} place_attributes;
static const grove_field place_fields[] = {GROVE_FIELD(place_attributes, classes, INT),
                                           GROVE_NO_MORE_FIELDS};

static bool shape_of_pick(grove_shaping *s) {
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 2) ||
        !grove_want_type(s, 1, GROVE_ID)) {
        return false;
    }
    s->shape = (grove_shape){1, {grove_in_shape(s, 0).dim[0]}};
    return grove_want_shape(s, 1, s->shape, "the ids");
}

static bool shape_of_place(grove_shaping *s) {
    int64_t classes = ((const place_attributes *)s->attributes)->classes;
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 1) ||
        !grove_want_type(s, 1, GROVE_ID) ||
        !grove_want_shape(s, 1, grove_in_shape(s, 0), "the ids")) {
        return false;
    }
    s->shape = (grove_shape){2, {grove_in_shape(s, 0).dim[0], classes}};
    return true;
}

static grove_status run_pick(const grove_call *call, size_t begin, size_t end) {
    size_t classes = call->in[0]->dim[1];
    grove_status status = grove_check_ids(call, 1, begin, end, classes);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        grove_out(call)[i] = grove_reals(call, 0)[i * classes + (size_t)grove_ids(call, 1)[i]];
    }
    return status;
}

static grove_status run_place(const grove_call *call, size_t begin, size_t end) {
    size_t classes = grove_width(call->out);
    grove_status status = grove_check_ids(call, 1, begin, end, classes);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        grove_real *row = grove_out(call) + i * classes;
        memset(row, 0, classes * sizeof *row);
        row[grove_ids(call, 1)[i]] = grove_reals(call, 0)[i];
    }
    return status;
}

static size_t cost_of_place(const grove_call *call) {
    return grove_width(call->out);
}

static void grad_pick(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    place_attributes attributes = {grove_node_shape(grove_node_input(y, 0)).dim[1]};
    dx[0] = grove_append2(&place_op, dy, grove_node_input(y, 1), &attributes);
}

static void grad_place(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    dx[0] = pick(d, grove_node_input(y, 1));
}

static grove_tensor build_pick(const grove_tensor *in) {
    return pick(in[0], in[1]);
}
static grove_tensor build_place(const grove_tensor *in) {
    return grove_append2(&place_op, in[0], in[1], &(place_attributes){3});
}

static const grove_example pick_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)},
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(2, 0)}},
     .build = build_pick,
     .out = GROVE_NUMBERS(3, 4),
     .dy = GROVE_NUMBERS(10, 20),
     .dx = {GROVE_NUMBERS(0, 0, 10, 20, 0, 0)}},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 2}}}, {.type = GROVE_ID, .shape = {1, {-1}}}},
     .build = build_pick},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_pick,
     .refused = "the ids must have the shape [2]"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {2}}}},
     .build = build_pick,
     .refused = "input 1 must be a tensor of ids"},
    {0},
};

static const grove_example place_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(10, 20)},
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(2, 0)}},
     .build = build_place,
     .out = GROVE_NUMBERS(0, 0, 10, 20, 0, 0)},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_place,
     .refused = "the ids must have the shape [2]"},
    {0},
};

const grove_op pick_op = {
    .name = "pick",
    .formula = "y[i] = x[i, ids[i]]",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_PIECEWISE,
    .shape = shape_of_pick,
    .run = run_pick,
    .items = grove_by_element,
    .grad = grad_pick,
    .examples = pick_examples,
};

const grove_op place_op = {
    .name = "place",
    .formula = "dx[i, ids[i]] = dy[i], else 0",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(place_attributes),
    .fields = place_fields,
    .shape = shape_of_place,
    .run = run_place,
    .items = grove_by_row,
    .cost = cost_of_place,
    .grad = grad_place,
    .examples = place_examples,
};

grove_tensor pick(grove_tensor x, grove_tensor ids) {
    return grove_append2(&pick_op, x, ids, NULL);
}

/* ---- noise: y = x + width * u, u from -1 to 1, in training; else x itself; dx = dy ---------- */

typedef struct noise_attributes {
    double width;
} noise_attributes;
static const grove_field noise_fields[] = {GROVE_FIELD(noise_attributes, width, REAL),
                                           GROVE_NO_MORE_FIELDS};

/* A number of (seed, run, node, position) and of nothing else: splitmix64. */
static double random_of(const grove_call *call, size_t position) {
    uint64_t z = call->seed ^ (call->run << 40) ^ ((uint64_t)call->node << 20);
    z += (position + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) / (double)(UINT64_C(1) << 52) - 1;
}

static grove_status run_noise(const grove_call *call, size_t begin, size_t end) {
    double width = ((const noise_attributes *)call->attributes)->width;
    for (size_t i = begin; i < end; i++) {
        grove_out(call)[i] = grove_reals(call, 0)[i] + (grove_real)(width * random_of(call, i));
    }
    return GROVE_OK;
}

static void grad_noise(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y;
    dx[0] = dy;
}

static grove_tensor build_noise(const grove_tensor *in) {
    return noise(in[0], 0.5);
}

static const grove_example noise_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_noise,
     .dy = GROVE_NUMBERS(1, 2, -1),
     .dx = {GROVE_NUMBERS(1, 2, -1)}},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_noise,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

const grove_op noise_op = {
    .name = "noise",
    .formula = "y = x + width * u in training, else x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_TRAINING | GROVE_PIECEWISE,
    .attribute_size = sizeof(noise_attributes),
    .fields = noise_fields,
    .shape = grove_same_shape,
    .run = run_noise,
    .items = grove_by_element,
    .grad = grad_noise,
    .examples = noise_examples,
};

grove_tensor noise(grove_tensor x, double width) {
    return grove_append1(&noise_op, x, &(noise_attributes){width});
}

/* ---- each: y = f(x), where f hangs on the descriptor; dx = dy * f'(x) by the builder beside it */

typedef struct each_user {
    double (*f)(double x);
    grove_tensor (*slope)(grove_tensor x);
} each_user;

static const each_user sine = {sin, grove_cos};

static grove_status run_each(const grove_call *call, size_t begin, size_t end) {
    const each_user *user = call->op->user;
    for (size_t i = begin; i < end; i++) {
        grove_out(call)[i] = (grove_real)user->f((double)grove_reals(call, 0)[i]);
    }
    return GROVE_OK;
}

static void grad_each(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const each_user *user = grove_node_descriptor(y)->user;
    dx[0] = grove_mul(dy, user->slope(grove_node_input(y, 0)));
}

static grove_tensor build_each(const grove_tensor *in) {
    return each_sine(in[0]);
}

static const grove_example each_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1.5707963267948966)}},
     .build = build_each,
     .out = GROVE_NUMBERS(0, 1)},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build_each},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_each,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

const grove_op each_op = {
    .name = "each_sine",
    .formula = "y = sin(x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .user = &sine,
    .shape = grove_same_shape,
    .run = run_each,
    .items = grove_by_element,
    .grad = grad_each,
    .examples = each_examples,
};

grove_tensor each_sine(grove_tensor x) {
    return grove_append1(&each_op, x, NULL);
}

/* ---- sign_sgd (Bernstein et al. 2018): parameter -= rate * sign(gradient) ------------------- */

typedef struct sign_sgd_attributes {
    double rate;
} sign_sgd_attributes;
static const grove_field sign_sgd_fields[] = {GROVE_FIELD(sign_sgd_attributes, rate, REAL),
                                              GROVE_NO_MORE_FIELDS};

static bool shape_of_sign_sgd(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_type(s, 1, GROVE_REAL) &&
           grove_want_shape(s, 1, grove_in_shape(s, 0), "the gradient") && grove_update_shape(s);
}

static size_t items_of_sign_sgd(const grove_call *call) {
    return call->in[0]->count;
}

static grove_status run_sign_sgd(const grove_call *call, size_t begin, size_t end) {
    double rate = ((const sign_sgd_attributes *)call->attributes)->rate;
    const grove_real *gradient = grove_reals(call, 1);
    for (size_t i = begin; i < end; i++) {
        double sign = gradient[i] > 0 ? 1 : gradient[i] < 0 ? -1 : 0;
        grove_written(call, 0)[i] -= (grove_real)(rate * sign);
    }
    return GROVE_OK;
}

static grove_tensor build_sign_sgd(const grove_tensor *in) {
    return sign_sgd(in[0], in[1], 0.5);
}

static const grove_example sign_sgd_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(1, 2, 3), .stored = true},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(7, -8, 0)}},
     .build = build_sign_sgd,
     .after = {GROVE_NUMBERS(0.5, 2.5, 3)}},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build_sign_sgd,
     .refused = "must be a parameter or state"},
    {0},
};

const grove_op sign_sgd_op = {
    .name = "sign_sgd",
    .formula = "parameter -= rate * sign(gradient)",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_UPDATE,
    .written = 1u << 0,
    .attribute_size = sizeof(sign_sgd_attributes),
    .fields = sign_sgd_fields,
    .shape = shape_of_sign_sgd,
    .run = run_sign_sgd,
    .items = items_of_sign_sgd,
    .no_gradient = "it changes its parameter in place",
    .examples = sign_sgd_examples,
};

grove_tensor sign_sgd(grove_tensor parameter, grove_tensor gradient, double rate) {
    return grove_append2(&sign_sgd_op, parameter, gradient, &(sign_sgd_attributes){rate});
}
