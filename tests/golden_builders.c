/* SPDX-License-Identifier: MIT
 *
 * golden_builders.c - how grove builds what golden cases are about: one row of the table for all
 * cases whose names begin alike.
 */
#include <string.h>

#include "golden.h"

/* ---- what builders ask ----------------------------------------------------------------------- */

/* The input of that name, or GROVE_NONE. */
static grove_tensor in(const golden_scene *s, const char *name) {
    return grove_find(s->graph, name);
}

static double number(const golden_scene *s, const char *name) {
    return golden_number(s->c, name);
}

static int64_t whole(const golden_scene *s, const char *name) {
    return (int64_t)golden_number(s->c, name);
}

static grove_shape list(const golden_scene *s, const char *name) {
    return golden_list(s->c, name);
}

/* ---- ops ------------------------------------------------------------------------------------- */

/* BUILD(relu, grove_relu(in(s, "x"))): the builder of all cases that are called relu/... */
#define BUILD(name, formula)                                                                       \
    static grove_tensor build_##name(const golden_scene *s) {                                      \
        return formula;                                                                            \
    }

BUILD(neg, grove_neg(in(s, "x")))
BUILD(abs, grove_abs(in(s, "x")))
BUILD(sign, grove_sign(in(s, "x")))
BUILD(exp, grove_exp(in(s, "x")))
BUILD(log, grove_log(in(s, "x")))
BUILD(sqrt, grove_sqrt(in(s, "x")))
BUILD(scale, grove_scale(in(s, "x"), number(s, "factor")))
BUILD(shift, grove_shift(in(s, "x"), number(s, "number")))
BUILD(pow, grove_pow(in(s, "x"), number(s, "exponent")))
BUILD(maximum, grove_maximum(in(s, "x"), number(s, "number")))
BUILD(above, grove_above(in(s, "x"), number(s, "number")))
BUILD(relu, grove_relu(in(s, "x")))
BUILD(relu_gradient, grove_relu_gradient(in(s, "dy_in"), in(s, "x")))
BUILD(leaky_relu, grove_leaky_relu(in(s, "x"), number(s, "slope")))
BUILD(leaky_relu_gradient,
      grove_leaky_relu_gradient(in(s, "dy_in"), in(s, "x"), number(s, "slope")))
BUILD(tanh, grove_tanh(in(s, "x")))
BUILD(tanh_gradient, grove_tanh_gradient(in(s, "dy_in"), in(s, "y_in")))
BUILD(sigmoid, grove_sigmoid(in(s, "x")))
BUILD(sigmoid_gradient, grove_sigmoid_gradient(in(s, "dy_in"), in(s, "y_in")))
BUILD(gelu, grove_gelu(in(s, "x")))
BUILD(gelu_gradient, grove_gelu_gradient(in(s, "dy_in"), in(s, "x")))
BUILD(stop_gradient, grove_mul(in(s, "x"), grove_stop_gradient(in(s, "x"))))
BUILD(dropout, grove_dropout(in(s, "x"), number(s, "probability")))
BUILD(add, grove_add(in(s, "a"), in(s, "b")))
BUILD(sub, grove_sub(in(s, "a"), in(s, "b")))
BUILD(mul, grove_mul(in(s, "a"), in(s, "b")))
BUILD(div, grove_div(in(s, "a"), in(s, "b")))
BUILD(matmul, grove_matmul(in(s, "a"), in(s, "b"), number(s, "transpose_a") != 0,
                           number(s, "transpose_b") != 0))
BUILD(sum, grove_sum(in(s, "x"), list(s, "axes")))
BUILD(mean, grove_mean(in(s, "x"), list(s, "axes")))
BUILD(max, grove_max(in(s, "x"), list(s, "axes")))
BUILD(is_max, grove_is_max(in(s, "x"), grove_max(in(s, "x"), list(s, "axes")), list(s, "axes")))
BUILD(broadcast, grove_broadcast(in(s, "x"), list(s, "shape"), list(s, "axes")))
BUILD(spread, grove_spread(in(s, "x"), list(s, "shape"), list(s, "axes")))
BUILD(reshape, grove_reshape(in(s, "x"), list(s, "shape")))
BUILD(transpose, grove_transpose(in(s, "x"), list(s, "axes")))
BUILD(pad, grove_pad(in(s, "x"), (int)whole(s, "axis"), whole(s, "begin"), whole(s, "size")))
BUILD(embedding, grove_embedding(in(s, "table"), in(s, "ids")))
BUILD(scatter_rows, grove_scatter_rows(in(s, "ids"), in(s, "values"), whole(s, "rows")))
BUILD(rows_squared_norm, grove_rows_squared_norm(in(s, "ids"), in(s, "values")))

/* A slice is taken where a case asks for one. */
static grove_tensor sliced(const golden_scene *s, grove_tensor x) {
    return number(s, "size") > 0
               ? grove_slice(x, (int)whole(s, "axis"), whole(s, "begin"), whole(s, "size"))
               : x;
}

BUILD(slice, sliced(s, in(s, "x")))
BUILD(softplus, grove_softplus(in(s, "x")))
BUILD(softmax, sliced(s, grove_softmax(in(s, "x"))))
BUILD(log_softmax, sliced(s, grove_log_softmax(in(s, "x"))))

static grove_tensor build_concat(const golden_scene *s) {
    grove_tensor parts[10];
    int count = 0;
    char name[] = "x0";
    for (; count < 10 && grove_is_valid(in(s, name)); name[1]++) {
        parts[count++] = in(s, name);
    }
    return grove_concat(parts, count, (int)whole(s, "axis"));
}

/* ---- losses ---------------------------------------------------------------------------------- */

static grove_cross_entropy_options options_of(const golden_scene *s) {
    return (grove_cross_entropy_options){.ignore = golden_find(s->c, GOLDEN_SET, "ignored") != NULL,
                                         .ignored_label = (grove_id)number(s, "ignored"),
                                         .smoothing = number(s, "smoothing")};
}

static grove_tensor build_cross_entropy(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_with(in(s, "logits"), in(s, "labels"), in(s, "weights"), &o);
}

static grove_tensor build_cross_entropy_rows(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_rows(in(s, "logits"), in(s, "labels"), in(s, "weights"), &o);
}

static grove_tensor build_cross_entropy_gradient(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_gradient(in(s, "logits"), in(s, "labels"), in(s, "dy_in"),
                                                in(s, "weights"), &o);
}

static grove_tensor build_label_weights(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_label_weights(in(s, "labels"), in(s, "weights"), whole(s, "classes"), &o);
}

BUILD(binary_cross_entropy, grove_binary_cross_entropy(in(s, "logits"), in(s, "targets")))
BUILD(binary_cross_entropy_elements,
      grove_binary_cross_entropy_elements(in(s, "logits"), in(s, "targets")))
BUILD(mean_squared_error, grove_mean_squared_error(in(s, "prediction"), in(s, "target")))

/* ---- layers ---------------------------------------------------------------------------------- */

/* The layer "fc", as wide as its weight says. */
static grove_tensor build_dense(const golden_scene *s) {
    const golden_line *weight = golden_find(s->c, GOLDEN_PARAM, "fc.weight");
    grove_dense_options options = {.no_bias = number(s, "no_bias") != 0};
    grove_tensor y = grove_nn_dense_with(in(s, "x"), weight->shape.dim[0], "fc", &options);
    return number(s, "relu") != 0 ? grove_relu(y) : y;
}

static grove_tensor build_embedding_layer(const golden_scene *s) {
    const golden_line *weight = golden_find(s->c, GOLDEN_PARAM, "fc.weight");
    return grove_nn_embedding(in(s, "ids"), weight->shape.dim[0], weight->shape.dim[1], "fc");
}

/* ---- models that are trained ----------------------------------------------------------------- */

/* The sum over all parameters of sum(w * w_g): so w_g is w's gradient. Where there are w_ids, w is
 * a table, and w_g is the gradient of the rows w_rows that were looked up. */
static grove_tensor build_update(const golden_scene *s) {
    grove_tensor loss = grove_fill(s->graph, GROVE_SCALAR, 0);
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *line = &s->c->line[i];
        char name[GOLDEN_NAME + 8];
        if (line->kind != GOLDEN_PARAM) {
            continue;
        }
        grove_tensor w = grove_parameter(s->graph, line->name, line->shape, (grove_init){0});
        snprintf(name, sizeof name, "%s_ids", line->name);
        if (grove_is_valid(in(s, name))) {
            w = grove_embedding(w, in(s, name));
            snprintf(name, sizeof name, "%s_rows", line->name);
            grove_name(w, name);
        }
        snprintf(name, sizeof name, "%s_g", line->name);
        loss = grove_add(loss, grove_sum(grove_mul(w, in(s, name)), GROVE_ALL_AXES));
    }
    return loss;
}

static grove_tensor build_mlp(const golden_scene *s) {
    grove_tensor hidden = grove_relu(grove_nn_dense(in(s, "x"), 8, "hidden"));
    return grove_softmax_cross_entropy(grove_nn_dense(hidden, 3, "out"), in(s, "labels"));
}

static grove_tensor build_lookup(const golden_scene *s) {
    grove_tensor parts[] = {grove_nn_embedding(in(s, "species"), 9, 3, "species"), in(s, "x")};
    grove_tensor hidden = grove_gelu(grove_nn_dense(grove_concat(parts, 2, 1), 6, "hidden"));
    return grove_binary_cross_entropy(grove_nn_dense(hidden, 1, "out"), in(s, "targets"));
}

static grove_tensor build_characters(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    grove_tensor letters = grove_nn_embedding(in(s, "context"), 11, 4, "letters");
    grove_tensor x = grove_reshape(letters, GROVE_SHAPE(12, 3 * 4));
    grove_tensor logits = grove_nn_dense(grove_tanh(grove_nn_dense(x, 10, "hidden")), 11, "out");
    return grove_softmax_cross_entropy_with(logits, in(s, "labels"), GROVE_NONE, &o);
}

/* ---- optimizers ------------------------------------------------------------------------------ */

/* The kinds of optimizer, as settings name them. */
static const char *const optimizers[] = {"sgd", "adam", "adamw", "adagrad"};

grove_optimizer golden_optimizer(const golden_scene *s) {
    const golden_case *c = s->c;
    grove_optimizer o = {.rate = golden_number(c, "rate"),
                         .rate_node = grove_find(s->graph, "rate"),
                         .momentum = golden_number(c, "momentum"),
                         .nesterov = golden_number(c, "nesterov") != 0,
                         .beta1 = golden_number(c, "beta1"),
                         .beta2 = golden_number(c, "beta2"),
                         .epsilon = golden_number(c, "epsilon"),
                         .decay = golden_number(c, "decay"),
                         .clip_norm = golden_number(c, "clip_norm"),
                         .lazy = golden_number(c, "lazy") != 0};
    for (int kind = 0; kind < (int)(sizeof optimizers / sizeof *optimizers); kind++) {
        if (golden_number(c, optimizers[kind]) != 0) {
            o.kind = (grove_optimizer_kind)kind;
        }
    }
    return o;
}

/* PyTorch's decay is for all parameters or none. "w1_rate" is w1's own multiple of the rate. */
void golden_set_parameters(const golden_scene *s) {
    for (int32_t i = 0; i < grove_parameter_count(s->graph); i++) {
        grove_tensor parameter = grove_parameter_at(s->graph, i);
        char name[GOLDEN_NAME + 8];
        snprintf(name, sizeof name, "%s_rate", grove_node_name(parameter));
        grove_parameter_options options = {.rate = number(s, name), .decay = GROVE_DECAY_ON};
        grove_parameter_set(parameter, &options);
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ROW(name)                                                                                  \
    { #name, false, build_##name }
#define ROW_TRAINED(name)                                                                          \
    { #name, true, build_##name }

/* clang-format off */
static const golden_builder builders[] = {
    ROW(neg), ROW(abs), ROW(sign), ROW(exp), ROW(log), ROW(sqrt), ROW(scale), ROW(shift), ROW(pow),
    ROW(maximum), ROW(above), ROW(relu), ROW(relu_gradient), ROW(leaky_relu),
    ROW(leaky_relu_gradient), ROW(tanh), ROW(tanh_gradient), ROW(sigmoid), ROW(sigmoid_gradient),
    ROW(gelu), ROW(gelu_gradient), ROW(softplus), ROW(stop_gradient), ROW(dropout),
    /* with two inputs, and products */
    ROW(add), ROW(sub), ROW(mul), ROW(div), ROW(matmul),
    /* reductions and form */
    ROW(sum), ROW(mean), ROW(max), ROW(is_max), ROW(broadcast), ROW(spread), ROW(reshape),
    ROW(transpose), ROW(concat), ROW(slice), ROW(pad),
    /* lookups, softmax */
    ROW(embedding), ROW(scatter_rows), ROW(rows_squared_norm), ROW(softmax), ROW(log_softmax),
    /* losses */
    ROW(cross_entropy), ROW(cross_entropy_rows), ROW(cross_entropy_gradient), ROW(label_weights),
    ROW(binary_cross_entropy), ROW(binary_cross_entropy_elements), ROW(mean_squared_error),
    /* layers */
    ROW(dense), ROW(embedding_layer),
    /* optimizers, models */
    ROW_TRAINED(update), ROW_TRAINED(mlp), ROW_TRAINED(lookup), ROW_TRAINED(characters),
};
/* clang-format on */

/* Ops that have no golden numbers, and why. */
static const struct {
    const char *op, *reason;
} exceptions[] = {
    {"constant", "given numbers: there is nothing to compute"},
    {"clip", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"floor", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"cos", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"sin", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"real_of", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"merge_rows", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"embedding_bag_gradient",
     "held against plain C in test_embedding_bag.c; no golden numbers yet"},
    {"embedding_bag_ids", "held against plain C in test_embedding_bag.c; no golden numbers yet"},
    {"map_ids", "held against plain C in test_embedding_bag.c; no golden numbers yet"},
    {"positions", "held against plain C in test_embedding_bag.c; no golden numbers yet"},
    {"when_training", "held against plain C in test_layers.c; no golden numbers yet"},
    {"running_average", "held against plain C in test_layers.c; no golden numbers yet"},
    {"follow", "held against plain C in test_layers.c; no golden numbers yet"},
    {"rowwise_adagrad", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"rowwise_adagrad_rows", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"rmsprop", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"rmsprop_rows", "held against plain C in test_schedules.c; no golden numbers yet"},
    {"remember", "held against plain C by its example, in use in test_optimizers.c"},
    {"next_rows", "held against plain C by its example, in use in test_optimizers.c"},
    {"weight_average", "held against plain C in test_schedules.c; no golden numbers yet"},
};

bool golden_is_exception(const char *op) {
    size_t count = sizeof exceptions / sizeof *exceptions, i = 0;
    while (i < count && strcmp(exceptions[i].op, op) != 0) {
        i++;
    }
    return i < count;
}

const golden_builder *golden_builder_of(const char *case_name) {
    size_t length = strcspn(case_name, "/");
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++) {
        const char *name = builders[i].name;
        if (strlen(name) == length && memcmp(name, case_name, length) == 0) {
            return &builders[i];
        }
    }
    return NULL;
}
