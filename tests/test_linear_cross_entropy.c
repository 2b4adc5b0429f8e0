/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy against the composition that it stands for: a product, a bias, and
 * softmax_cross_entropy, with logits written out. The same loss, the same gradients of first and
 * second order, the same training; the same mistakes; and never the logits in memory. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/losses.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "ops/linear_cross_entropy.h" /* the size of its blocks */

#ifdef GROVE_DOUBLE
static const double tolerance = 1e-12;
#else
static const double tolerance = 1e-5;
#endif

enum { MOST_ROWS = 300, MOST_CLASSES = 5003, MOST_WIDTH = 64, FUSED = 0, WRITTEN = 1 };

/* From -1 to 1, and looking random. */
static double draw(size_t position, unsigned salt) {
    uint64_t x = (position + 1) * 0x9e3779b97f4a7c15u + salt * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 31)) * 0x94d049bb133111ebu;
    return (double)((x ^ (x >> 29)) >> 11) * 0x1p-52 - 1;
}

/* ---- the two of them in one graph ------------------------------------------------------------ */

typedef struct setting {
    int64_t n, classes, width; /* n may be GROVE_BATCH */
    bool bias, weighted;
    grove_cross_entropy_options options;
} setting;

typedef struct duel {
    setting s;
    grove_graph *graph;
    grove_tensor x, weight, bias, label, class_weights; /* the first three are parameters */
    grove_tensor loss[2], dx[2][3];
    int slopes; /* 2, or 3 with a bias */
} duel;

static grove_id labels[MOST_ROWS];

static grove_tensor drawn(grove_graph *g, const char *name, grove_shape shape, unsigned salt) {
    grove_tensor p = grove_parameter(g, name, shape, (grove_init){0});
    for (size_t i = 0; i < grove_parameter_size(p); i++) {
        ((grove_real *)grove_parameter_data(p))[i] = (grove_real)draw(i, salt);
    }
    return p;
}

static grove_tensor drawn_class_weights(grove_graph *g, int64_t classes) {
    static grove_real values[MOST_CLASSES];
    for (size_t i = 0; i < (size_t)classes; i++) {
        values[i] = (grove_real)(1 + draw(i, 4)); /* from 0 to 2 */
    }
    return grove_constant(g, "class_weights", GROVE_SHAPE(classes), values);
}

static grove_tensor written_loss(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                 grove_tensor label, grove_tensor class_weights,
                                 const grove_cross_entropy_options *options) {
    grove_tensor logits = grove_matmul(x, weight, false, true);
    logits = grove_is_valid(bias) ? grove_add(logits, bias) : logits;
    return grove_softmax_cross_entropy_with(logits, label, class_weights, options);
}

static duel open_duel(setting s) {
    duel d = {.s = s, .graph = grove_graph_new(NULL), .bias = GROVE_NONE, .slopes = 2 + s.bias};
    d.class_weights = GROVE_NONE;
    d.x = s.n > 0 ? drawn(d.graph, "x", GROVE_SHAPE(s.n, s.width), 1)
                  : grove_input_reals(d.graph, "x", s.n, s.width);
    d.weight = drawn(d.graph, "weight", GROVE_SHAPE(s.classes, s.width), 2);
    d.label = grove_input_ids(d.graph, "label", s.n);
    if (s.bias) {
        d.bias = drawn(d.graph, "bias", GROVE_SHAPE(s.classes), 3);
    }
    if (s.weighted) {
        d.class_weights = drawn_class_weights(d.graph, s.classes);
    }
    d.loss[FUSED] =
        grove_linear_cross_entropy(d.x, d.weight, d.bias, d.label, d.class_weights, &s.options);
    d.loss[WRITTEN] = written_loss(d.x, d.weight, d.bias, d.label, d.class_weights, &s.options);
    for (size_t i = 0; i < MOST_ROWS; i++) {
        labels[i] = (grove_id)((i * 7919 + 3) % (size_t)s.classes);
        labels[i] = s.options.ignore && i % 3 == 1 ? s.options.ignored_label : labels[i];
    }
    for (int k = 0; k < 2; k++) {
        const grove_tensor to[3] = {d.x, d.weight, d.bias};
        grove_gradients(d.loss[k], to, d.slopes, d.dx[k]);
    }
    ck_assert_str_eq(grove_graph_error(d.graph)->message, "");
    return d;
}

static grove_plan *plan_of(const duel *d, const grove_plan_options *options) {
    grove_tensor outputs[8] = {d->loss[FUSED], d->loss[WRITTEN]};
    for (int i = 0; i < d->slopes; i++) {
        outputs[2 + 2 * i] = d->dx[FUSED][i];
        outputs[3 + 2 * i] = d->dx[WRITTEN][i];
    }
    grove_plan *plan = grove_plan_new(d->graph, outputs, 2 + 2 * d->slopes, options);
    grove_bind(plan, d->label, labels);
    return plan;
}

/* Within the tolerance of the largest number there. NaN is like nothing. */
static void expect_alike(const char *what, const setting *s, grove_plan *plan, const grove_tensor a,
                         const grove_tensor b, double within) {
    const grove_real *x = grove_value(plan, a), *y = grove_value(plan, b);
    size_t count = grove_value_count(plan, a);
    double largest = 1e-3, off = 0;
    ck_assert(x && y && count == grove_value_count(plan, b));
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)x[i] - (double)y[i]);
        ck_assert_msg(isfinite(difference), "%s: number %zu is %g, not %g", what, i, (double)x[i],
                      (double)y[i]);
        largest = fmax(largest, fabs((double)y[i]));
        off = fmax(off, difference);
    }
    ck_assert_msg(off <= within * largest, "%s of [%d, %d] x %d classes: off by %g of %g", what,
                  (int)s->n, (int)s->width, (int)s->classes, off, largest);
}

static void expect_duel_alike(const duel *d, grove_plan *plan, double within) {
    static const char *const names[] = {"the gradient of x", "that of the weight", "of the bias"};
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_alike("the loss", &d->s, plan, d->loss[FUSED], d->loss[WRITTEN], within);
    for (int i = 0; i < d->slopes; i++) {
        expect_alike(names[i], &d->s, plan, d->dx[FUSED][i], d->dx[WRITTEN][i], within);
    }
}

static void fight(setting s) {
    duel d = open_duel(s);
    grove_plan *plan = plan_of(&d, NULL);
    expect_duel_alike(&d, plan, tolerance);
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}

/* ---- the same numbers ------------------------------------------------------------------------ */

static const grove_cross_entropy_options kinds[] = {
    {.ignore = false},
    {.ignore = true, .ignored_label = -1},
    {.smoothing = 0.2},
    {.ignore = true, .ignored_label = 0, .smoothing = 0.1}};

/* Smaller than a block, of its size, a little more, several, and none of its multiples. */
START_TEST(every_shape) {
    const int64_t classes[] = {1, 7, LINEAR_CLASSES, LINEAR_CLASSES + 1, 1000, MOST_CLASSES};
    const int64_t rows[] = {1, 3, LINEAR_ROWS, LINEAR_ROWS + 1, 256}, widths[] = {1, 12, 64};
    int turn = 0;
    for (int c = 0; c < 6; c++) {
        for (int r = 0; r < 5; r++) {
            setting s = {.n = rows[r], .classes = classes[c], .width = widths[(r + c) % 3]};
            s.bias = turn % 2 == 0;
            s.weighted = turn % 3 == 1 && s.classes > 1;
            /* where all rows are ignored, both means are 0 / 0 */
            s.options = s.classes > 1 ? kinds[turn % 4] : kinds[0];
            turn++;
            fight(s);
        }
    }
}
END_TEST

START_TEST(every_option) {
    for (int kind = 0; kind < 16; kind++) {
        setting s = {.n = 150, .classes = 700, .width = 5, .options = kinds[kind % 4]};
        s.bias = kind & 4;
        s.weighted = kind & 8;
        fight(s);
    }
}
END_TEST

/* Logits of +-10^4, all exact. L is a number of grove_real, so in float p is known to 10^-3. */
START_TEST(huge_logits) {
    duel d = open_duel((setting){.n = 6, .classes = 600, .width = 1, .bias = true});
    grove_real *x = grove_parameter_data(d.x), *weight = grove_parameter_data(d.weight);
    for (int i = 0; i < 6; i++) {
        x[i] = i % 2 ? 128 : -128;
    }
    for (int c = 0; c < 600; c++) {
        weight[c] = (grove_real)((c % 9 - 4) * 20);
    }
    grove_plan *plan = plan_of(&d, NULL);
    expect_duel_alike(&d, plan, sizeof(grove_real) == sizeof(double) ? 1e-11 : 2e-3);
    ck_assert(grove_scalar(plan, d.loss[FUSED]) > 1000);
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}
END_TEST

/* A bias of -infinity takes a class out, be it a whole block of them, and the first one. */
/* A row that is nearly sure of its class: what the other 99 add is 1e-8, and that is its loss. */
START_TEST(small_losses_keep_their_digits) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 1);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor weight =
        grove_parameter(g, "weight", GROVE_SHAPE(100, 1), (grove_init){.kind = GROVE_INIT_ZEROS});
    grove_tensor loss = grove_linear_cross_entropy(x, weight, GROVE_NONE, label, GROVE_NONE, NULL);
    grove_real *w = grove_parameter_data(weight);
    w[17] = 1;
    grove_plan *plan = grove_plan_new(g, &loss, 1, &(grove_plan_options){.batch = 1});
    const grove_real number = 23;
    const grove_id labels[] = {17};
    grove_bind(plan, x, &number);
    grove_bind(plan, label, labels);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert(fabs(grove_scalar(plan, loss) / (99 * exp(-23)) - 1) < 1e-5);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(classes_taken_out) {
    duel d = open_duel((setting){.n = 4, .classes = 1200, .width = 3, .bias = true});
    grove_real *bias = grove_parameter_data(d.bias);
    for (int c = 0; c < LINEAR_CLASSES + 3; c++) {
        bias[c] = -(grove_real)INFINITY;
    }
    grove_plan *plan = plan_of(&d, NULL);
    for (int i = 0; i < 4; i++) {
        labels[i] = 1100 + i;
    }
    expect_duel_alike(&d, plan, tolerance);
    bias[LINEAR_CLASSES + 9] = (grove_real)NAN; /* and what is no number is not lost */
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert(isnan(grove_scalar(plan, d.loss[FUSED])));
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}
END_TEST

START_TEST(an_empty_batch) {
    duel d = open_duel((setting){.n = GROVE_BATCH, .classes = 700, .width = 3, .bias = true});
    grove_plan *plan = plan_of(&d, &(grove_plan_options){.batch = GROVE_EMPTY});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    for (int i = 1; i < 3; i++) {
        const grove_real *slope = grove_value(plan, d.dx[FUSED][i]);
        for (size_t k = 0; k < grove_value_count(plan, d.dx[FUSED][i]); k++) {
            ck_assert(slope[k] == 0);
        }
    }
    double fused = grove_scalar(plan, d.loss[FUSED]), written = grove_scalar(plan, d.loss[WRITTEN]);
    ck_assert(fused == written || (isnan(fused) && isnan(written)));
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}
END_TEST

/* A Hessian times a vector: the gradient of sum(r * gradient). */
START_TEST(second_derivatives) {
    setting s = {.n = 5, .classes = 530, .width = 4, .bias = true, .weighted = true};
    s.options = kinds[3];
    duel d = open_duel(s);
    const grove_tensor to[3] = {d.x, d.weight, d.bias};
    grove_tensor second[2][3], outputs[6];
    for (int k = 0; k < 2; k++) {
        grove_tensor sum = GROVE_NONE;
        for (int i = 0; i < 3; i++) {
            grove_tensor r = grove_constant(
                d.graph, k ? (i ? i > 1 ? "f" : "e" : "d") : (i ? i > 1 ? "c" : "b" : "a"),
                grove_node_shape(to[i]), grove_parameter_data(to[i]));
            grove_tensor part = grove_sum(grove_mul(d.dx[k][i], r), GROVE_ALL_AXES);
            sum = i ? grove_add(sum, part) : part;
        }
        grove_gradients(sum, to, 3, second[k]);
        memcpy(outputs + 3 * k, second[k], sizeof second[k]);
    }
    grove_plan *plan = grove_plan_new(d.graph, outputs, 6, NULL);
    grove_bind(plan, d.label, labels);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    for (int i = 0; i < 3; i++) {
        expect_alike("a second derivative", &s, plan, second[FUSED][i], second[WRITTEN][i],
                     10 * tolerance);
    }
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}
END_TEST

START_TEST(threads_change_no_bit) {
    static grove_real kept[3][MOST_CLASSES];
    duel d = open_duel((setting){.n = 300, .classes = 2100, .width = 2, .bias = true});
    for (int threads = 1; threads <= 3; threads++) {
        const grove_tensor all[3] = {d.dx[FUSED][0], d.dx[FUSED][1], d.dx[FUSED][2]};
        grove_plan *plan =
            grove_plan_new(d.graph, all, 3, &(grove_plan_options){.threads = threads});
        grove_bind(plan, d.label, labels);
        /* a block of logits, a row of x and of means for each of its rows; and for products */
        size_t block = sizeof(grove_real) * LINEAR_ROWS * (LINEAR_CLASSES + 4);
        block += linear_product_room(300, 2, 2100);
        ck_assert_uint_eq(grove_plan_statistics(plan).scratch_bytes, block * (size_t)threads);
        for (int again = 0; again < 5; again++) {
            ck_assert_int_eq(grove_run(plan), GROVE_OK);
            for (int i = 0; i < 3; i++) {
                size_t bytes = grove_value_count(plan, d.dx[FUSED][i]) * sizeof(grove_real);
                const grove_real *slope = grove_value(plan, d.dx[FUSED][i]);
                ck_assert_uint_le(bytes, sizeof kept[i]);
                if (threads == 1 && again == 0) {
                    memcpy(kept[i], slope, bytes);
                }
                ck_assert_mem_eq(kept[i], slope, bytes);
            }
        }
        grove_plan_free(plan);
    }
    grove_graph_free(d.graph);
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

START_TEST(a_label_that_is_none) {
    for (int position = 0; position < 2; position++) {
        duel d = open_duel((setting){.n = 200, .classes = 600, .width = 3});
        grove_tensor step = grove_minimize(d.loss[FUSED], GROVE_SGD(.rate = 1));
        grove_plan *plan =
            grove_plan_new(d.graph, &step, 1, &(grove_plan_options){.training = true});
        grove_bind(plan, d.label, labels);
        labels[position ? 199 : 0] = position ? 600 : -1;
        grove_real before = *(grove_real *)grove_parameter_data(d.x);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        const char *words = position ? "position 199 of 'label' is 600, it must be from 0 to 599"
                                     : "position 0 of 'label' is -1, it must be from 0 to 599";
        ck_assert_msg(strstr(grove_plan_error(plan)->message, words), "'%s'",
                      grove_plan_error(plan)->message);
        ck_assert(before == *(grove_real *)grove_parameter_data(d.x));
        grove_plan_free(plan);
        grove_graph_free(d.graph);
    }
}
END_TEST

START_TEST(what_is_refused) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 5, 4, 3), label = grove_input_ids(g, "label", 5);
    grove_tensor weight = drawn(g, "weight", GROVE_SHAPE(9, 3), 1);
    ck_assert(!grove_is_valid(
        grove_linear_cross_entropy(x, weight, GROVE_NONE, label, GROVE_NONE, NULL)));
    const char *message = grove_graph_error(g)->message;
    ck_assert_msg(strstr(message, "linear_cross_entropy_rows") &&
                      strstr(message, "input 0 must have 2 dimensions"),
                  "'%s'", message);
    grove_graph_free(g);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t block_bytes(int64_t classes, int64_t width, bool fused) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor word = grove_input_ids(g, "word", GROVE_BATCH);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor h = grove_nn_embedding(word, 100, width, "words");
    grove_tensor logits = grove_nn_dense(h, classes, "out"), bias = grove_find(g, "out.bias");
    grove_tensor weight = grove_find(g, "out.weight");
    grove_tensor loss = fused ? grove_linear_cross_entropy(h, weight, bias, label, GROVE_NONE, NULL)
                              : grove_softmax_cross_entropy(logits, label);
    grove_tensor outputs[2] = {grove_minimize(loss, GROVE_SGD(.rate = 0.1)), loss};
    grove_plan *plan =
        grove_plan_new(g, outputs, 2, &(grove_plan_options){.batch = 256, .training = true});
    ck_assert_int_eq(grove_plan_error(plan)->status, GROVE_OK);
    size_t bytes = grove_plan_statistics(plan).block_bytes;
    grove_plan_free(plan);
    grove_graph_free(g);
    return bytes;
}

/* What is left is the gradient of weight and bias, one block of logits, and what has a row of x. */
START_TEST(logits_are_never_written) {
    const size_t real = sizeof(grove_real), logits = 256 * 50000 * real;
    const size_t least = 50000 * 65 * real;
    size_t written = block_bytes(50000, 64, false), fused = block_bytes(50000, 64, true);
    printf("256 x 50,000 logits: a block of %zu bytes, %zu where they are written\n", fused,
           written);
    ck_assert_uint_gt(written, logits);
    ck_assert_uint_le(fused, least + 1024 * 1024 * real / 4);
    ck_assert_uint_lt(fused, logits / 3);
    /* With a width of 1 nothing is near n * classes. */
    ck_assert_uint_lt(block_bytes(50000, 1, true), logits / 30);
}
END_TEST

/* ---- in a model ------------------------------------------------------------------------------ */

enum { STEPS = 40, BATCH = 30, WORDS = 50, ANSWERS = 600 };

/* Words that name a number each; tied: the answers are words, too, and one table serves both. */
static void train(bool fused, bool tied, double curve[STEPS]) {
    static grove_id words[BATCH], answers[BATCH];
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
    grove_tensor word = grove_input_ids(g, "word", GROVE_BATCH);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor h = grove_nn_embedding(word, tied ? ANSWERS : WORDS, 8, "words");
    grove_tensor mixed = grove_tanh(grove_nn_dense(h, 8, "hidden"));
    grove_tensor logits = GROVE_NONE;
    if (!tied) {
        logits = grove_nn_dense(mixed, ANSWERS, "out");
    }
    grove_tensor weight = grove_find(g, tied ? "words.weight" : "out.weight");
    grove_tensor bias = tied ? GROVE_NONE : grove_find(g, "out.bias");
    grove_tensor loss =
        fused  ? grove_linear_cross_entropy(mixed, weight, bias, label, GROVE_NONE, NULL)
        : tied ? written_loss(mixed, weight, bias, label, GROVE_NONE, NULL)
               : grove_softmax_cross_entropy(logits, label);
    grove_tensor outputs[2] = {grove_minimize(loss, GROVE_ADAM(.rate = 0.01)), loss};
    grove_plan *plan =
        grove_plan_new(g, outputs, 2, &(grove_plan_options){.batch = BATCH, .training = true});
    ck_assert_int_eq(grove_nn_depth(&loss, 1), 3);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < BATCH; i++) {
            words[i] = (step * 11 + i * 7) % WORDS;
            answers[i] = words[i] * 12;
        }
        grove_bind(plan, word, words);
        grove_bind(plan, label, answers);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        curve[step] = grove_scalar(plan, loss);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}

START_TEST(training_is_the_same) {
    for (int tied = 0; tied < 2; tied++) {
        double fused[STEPS], written[STEPS];
        train(true, tied, fused);
        train(false, tied, written);
        for (int i = 0; i < STEPS; i++) {
            ck_assert_msg(fabs(fused[i] - written[i]) <= 50 * tolerance * written[i],
                          "tied %d, step %d: %.12g, not %.12g", tied, i, fused[i], written[i]);
        }
        ck_assert(fused[STEPS - 1] < 0.8 * fused[0]);
    }
}
END_TEST

/* Lookups give a row-sparse gradient of the table, the loss a dense one: they add up. */
START_TEST(one_table_for_words_and_answers) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor word = grove_input_ids(g, "word", 20), label = grove_input_ids(g, "label", 20);
    grove_tensor table = drawn(g, "table", GROVE_SHAPE(700, 6), 1), slope[2];
    grove_tensor h = grove_embedding(table, word);
    slope[FUSED] = grove_gradient(
        grove_linear_cross_entropy(h, table, GROVE_NONE, label, GROVE_NONE, NULL), table);
    slope[WRITTEN] =
        grove_gradient(written_loss(h, table, GROVE_NONE, label, GROVE_NONE, NULL), table);
    grove_plan *plan = grove_plan_new(g, slope, 2, NULL);
    grove_id words[20];
    for (int i = 0; i < 20; i++) {
        words[i] = i * i % 31;
        labels[i] = i * 30;
    }
    grove_bind(plan, word, words);
    grove_bind(plan, label, labels);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    setting s = {.n = 20, .classes = 700, .width = 6};
    expect_alike("the gradient of the table", &s, plan, slope[FUSED], slope[WRITTEN], tolerance);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* The loss and its gradients, read back, give the same bits. */
START_TEST(saved_and_loaded) {
    const char *path = sizeof(grove_real) == sizeof(float) ? "linear_cross_entropy_float.grove"
                                                           : "linear_cross_entropy_double.grove";
    setting s = {.n = 9, .classes = 40, .width = 3, .bias = true, .weighted = true};
    s.options = kinds[3];
    duel d = open_duel(s);
    grove_tensor outputs[4] = {d.loss[FUSED], d.dx[FUSED][0], d.dx[FUSED][1], d.dx[FUSED][2]};
    grove_error error = {GROVE_OK, ""};
    ck_assert_msg(grove_save(path, outputs, 4, NULL, &error) == GROVE_OK, "%s", error.message);
    grove_model *model = NULL;
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    remove(path);
    grove_tensor again[4];
    for (int i = 0; i < 4; i++) {
        again[i] = grove_model_output(model, i);
    }
    grove_plan *first = grove_plan_new(d.graph, outputs, 4, NULL);
    grove_plan *second = grove_plan_new(grove_model_graph(model), again, 4, NULL);
    grove_bind(first, d.label, labels);
    grove_bind(second, grove_find(grove_model_graph(model), "label"), labels);
    ck_assert_int_eq(grove_run(first), GROVE_OK);
    ck_assert_msg(grove_run(second) == GROVE_OK, "%s", grove_plan_error(second)->message);
    for (int i = 0; i < 4; i++) {
        size_t count = grove_value_count(first, outputs[i]);
        ck_assert_uint_eq(count, grove_value_count(second, again[i]));
        ck_assert_mem_eq(grove_value(first, outputs[i]), grove_value(second, again[i]),
                         count * sizeof(grove_real));
    }
    grove_plan_free(first);
    grove_plan_free(second);
    grove_model_free(model);
    grove_graph_free(d.graph);
}
END_TEST

int main(void) {
    TCase *all = tcase_create("linear cross-entropy");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, every_shape);
    tcase_add_test(all, every_option);
    tcase_add_test(all, huge_logits);
    tcase_add_test(all, small_losses_keep_their_digits);
    tcase_add_test(all, classes_taken_out);
    tcase_add_test(all, an_empty_batch);
    tcase_add_test(all, second_derivatives);
    tcase_add_test(all, threads_change_no_bit);
    tcase_add_test(all, a_label_that_is_none);
    tcase_add_test(all, what_is_refused);
    tcase_add_test(all, logits_are_never_written);
    tcase_add_test(all, training_is_the_same);
    tcase_add_test(all, one_table_for_words_and_answers);
    tcase_add_test(all, saved_and_loaded);
    Suite *suite = suite_create("linear cross-entropy");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
