/* SPDX-License-Identifier: MIT
 *
 * Attention and layer norm, each an op of its own, against the compositions that they stand for,
 * with all weights and all steps written out: the same numbers, the same gradients of first and
 * second order; any number of threads; and never the weights in memory. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/layers.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "ops/attention.h" /* the size of its blocks */

#ifdef GROVE_DOUBLE
static const double tolerance = 1e-12;
#else
static const double tolerance = 1e-5;
#endif

enum { FUSED, WRITTEN, SLOPES = 3 };

/* From -1 to 1, and looking random. */
static double draw(size_t position, unsigned salt) {
    uint64_t x = (position + 1) * 0x9e3779b97f4a7c15u + salt * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 31)) * 0x94d049bb133111ebu;
    return (double)((x ^ (x >> 29)) >> 11) * 0x1p-52 - 1;
}

static grove_tensor drawn(grove_graph *g, const char *name, grove_shape shape, unsigned salt) {
    grove_tensor p = grove_parameter(g, name, shape, (grove_init){0});
    for (size_t i = 0; i < grove_parameter_size(p); i++) {
        ((grove_real *)grove_parameter_data(p))[i] = (grove_real)draw(i, salt);
    }
    return p;
}

/* ---- the two of them in one graph ------------------------------------------------------------ */

typedef struct setting {
    int64_t batch, time, heads, head, keys; /* keys: of a memory, or 0 */
    bool causal, keep;
} setting;

typedef struct duel {
    setting s;
    grove_graph *graph;
    grove_tensor in[SLOPES]; /* parameters: query and memory, or x, weight and bias */
    int slopes;
    grove_tensor y[2], dx[2][SLOPES], ddx[2][SLOPES];
} duel;

/* [batch, rows, heads * head] -> [batch, heads, rows, head] */
static grove_tensor by_head(const setting *s, grove_tensor x) {
    grove_shape shape = grove_node_shape(x);
    return grove_transpose(
        grove_reshape(x, GROVE_SHAPE(shape.dim[0], shape.dim[1], s->heads, s->head)),
        GROVE_AXES(0, 2, 1, 3));
}

static grove_tensor seen_by(const setting *s, grove_graph *g, grove_tensor keep) {
    static grove_real values[1 << 14];
    const int64_t keys = s->keys ? s->keys : s->time;
    for (int64_t i = 0; i < s->time * keys; i++) {
        values[i] = !s->causal || i % keys <= i / keys;
    }
    grove_tensor mask = grove_constant(g, "mask", GROVE_SHAPE(s->time, keys), values);
    grove_shape all = GROVE_SHAPE(s->batch, s->heads, s->time, keys);
    mask = grove_broadcast(mask, all, GROVE_AXES(0, 1));
    return grove_is_valid(keep)
               ? grove_mul(mask, grove_broadcast(grove_above(keep, 0), all, GROVE_AXES(1, 2)))
               : mask;
}

static grove_tensor written_attention(const setting *s, grove_tensor q, grove_tensor k,
                                      grove_tensor v, grove_tensor keep) {
    grove_tensor seen = seen_by(s, q.graph, keep);
    grove_tensor scores = grove_scale(grove_matmul(by_head(s, q), by_head(s, k), false, true),
                                      1 / sqrt((double)s->head));
    grove_tensor penalty = grove_scale(grove_shift(seen, -1), 1e30);
    grove_tensor weights = grove_mul(grove_softmax(grove_add(scores, penalty)), seen);
    grove_tensor y = grove_matmul(weights, by_head(s, v), false, false);
    return grove_reshape(grove_transpose(y, GROVE_AXES(0, 2, 1, 3)),
                         GROVE_SHAPE(s->batch, s->time, s->heads * s->head));
}

/* Gradients of sum(y * r), and of the sum of all their products with the inputs. */
static void differentiate(duel *d, int way) {
    grove_graph *g = d->graph;
    grove_tensor r = grove_find(g, "r"), second = GROVE_NONE;
    grove_tensor first = grove_sum(grove_mul(d->y[way], r), GROVE_ALL_AXES);
    grove_gradients(first, d->in, d->slopes, d->dx[way]);
    for (int i = 0; i < d->slopes; i++) {
        grove_tensor product = grove_mul(d->dx[way][i], d->in[i]);
        product = grove_sum(grove_mul(product, d->in[i]), GROVE_ALL_AXES);
        second = i ? grove_add(second, product) : product;
    }
    grove_gradients(second, d->in, d->slopes, d->ddx[way]);
}

static duel finish_duel(duel d) {
    drawn(d.graph, "r", grove_node_shape(d.y[FUSED]), 9);
    differentiate(&d, FUSED);
    differentiate(&d, WRITTEN);
    ck_assert_str_eq(grove_graph_error(d.graph)->message, "");
    return d;
}

static duel open_duel(setting s) {
    duel d = {.s = s, .graph = grove_graph_new(NULL), .slopes = s.keys ? 2 : 1};
    const int64_t width = s.heads * s.head, keys = s.keys ? s.keys : s.time;
    d.in[0] = drawn(d.graph, "query", GROVE_SHAPE(s.batch, s.time, s.keys ? width : 3 * width), 1);
    d.in[1] =
        s.keys ? drawn(d.graph, "memory", GROVE_SHAPE(s.batch, keys, 2 * width), 2) : GROVE_NONE;
    grove_tensor keep = s.keep ? drawn(d.graph, "keep", GROVE_SHAPE(s.batch, keys), 3) : GROVE_NONE;
    grove_tensor pairs = s.keys ? d.in[1] : d.in[0];
    d.y[FUSED] = grove_attention(d.in[0], d.in[1], keep, s.heads, s.causal);
    d.y[WRITTEN] =
        written_attention(&s, s.keys ? d.in[0] : grove_slice(d.in[0], 2, 0, width),
                          grove_slice(pairs, 2, s.keys ? 0 : width, width),
                          grove_slice(pairs, 2, s.keys ? width : 2 * width, width), keep);
    return finish_duel(d);
}

static duel open_norms(int64_t rows, int64_t width) {
    static const double epsilon = 1e-3;
    duel d = {.graph = grove_graph_new(NULL), .slopes = 3};
    d.s = (setting){.batch = rows, .head = width};
    grove_shape all = GROVE_SHAPE(rows, width), last = GROVE_AXES(-1);
    d.in[0] = drawn(d.graph, "x", all, 1);
    d.in[1] = drawn(d.graph, "weight", GROVE_SHAPE(width), 2);
    d.in[2] = drawn(d.graph, "bias", GROVE_SHAPE(width), 3);
    d.y[FUSED] = grove_layer_norm(d.in[0], d.in[1], d.in[2], epsilon);
    grove_tensor centred =
        grove_sub(d.in[0], grove_broadcast(grove_mean(d.in[0], last), all, last));
    grove_tensor variance = grove_mean(grove_mul(centred, centred), last);
    grove_tensor factor = grove_pow(grove_shift(variance, epsilon), -0.5);
    grove_tensor normal = grove_mul(centred, grove_broadcast(factor, all, last));
    d.y[WRITTEN] = grove_add(grove_mul(normal, d.in[1]), d.in[2]);
    return finish_duel(d);
}

static int outputs_of(const duel *d, grove_tensor *outputs) {
    int count = 0;
    for (int way = 0; way < 2; way++) {
        outputs[count++] = d->y[way];
        for (int i = 0; i < d->slopes; i++) {
            outputs[count++] = d->dx[way][i];
            outputs[count++] = d->ddx[way][i];
        }
    }
    return count;
}

/* Within the tolerance of the largest number there. NaN is like nothing. */
static void expect_alike(const char *what, int input, const duel *d, grove_plan *plan,
                         const grove_tensor a, const grove_tensor b, double within) {
    const grove_real *x = grove_value(plan, a), *y = grove_value(plan, b);
    size_t count = grove_value_count(plan, a);
    double largest = 1e-2, off = 0;
    ck_assert(count == grove_value_count(plan, b));
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)x[i] - (double)y[i]);
        ck_assert_msg(isfinite(difference), "%s %d: number %zu is %g, not %g", what, input, i,
                      (double)x[i], (double)y[i]);
        largest = fmax(largest, fabs((double)y[i]));
        off = fmax(off, difference);
    }
    ck_assert_msg(off <= within * largest,
                  "%s %d, batch %d, time %d, heads %d x %d, keys %d%s%s: off by %g of %g", what,
                  input, (int)d->s.batch, (int)d->s.time, (int)d->s.heads, (int)d->s.head,
                  (int)d->s.keys, d->s.causal ? ", causal" : "", d->s.keep ? ", keep" : "", off,
                  largest);
}

static void fight(duel d) {
    grove_tensor outputs[4 * SLOPES + 2];
    grove_plan *plan = grove_plan_new(d.graph, outputs, outputs_of(&d, outputs), NULL);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    expect_alike("y", 0, &d, plan, d.y[FUSED], d.y[WRITTEN], tolerance);
    for (int i = 0; i < d.slopes; i++) {
        expect_alike("gradient", i, &d, plan, d.dx[FUSED][i], d.dx[WRITTEN][i], 4 * tolerance);
        expect_alike("second gradient", i, &d, plan, d.ddx[FUSED][i], d.ddx[WRITTEN][i],
                     20 * tolerance);
    }
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}

/* ---- the same numbers ------------------------------------------------------------------------ */

/* One place, the few whose block lies by rows, a block, a little more, several; odd numbers of
 * keys. */
START_TEST(every_shape) {
    const int64_t times[] = {1,
                             3,
                             ATTENTION_FEW - 1,
                             ATTENTION_FEW,
                             ATTENTION_ROWS,
                             ATTENTION_ROWS + 1,
                             6 * ATTENTION_ROWS + 5};
    const int64_t heads[] = {1, 3, 2, 4}, widths[] = {1, 5, 16, 3};
    for (int t = 0; t < 7; t++) {
        for (int k = 0; k < 4; k++) {
            setting s = {.batch = 1 + k % 2, .time = times[t], .heads = heads[k]};
            s.head = widths[(t + k) % 4];
            s.causal = k % 2 == 0;
            s.keep = k > 1;
            fight(open_duel(s));
        }
    }
}
END_TEST

START_TEST(with_a_memory) {
    const int64_t keys[] = {1, 7, 16, 65};
    for (int k = 0; k < 8; k++) {
        setting s = {.batch = 2, .time = k % 3 ? 4 : 2 * ATTENTION_ROWS + 3, .heads = 2};
        s.head = 3 + k;
        s.keys = keys[k % 4];
        s.keep = k >= 4;
        fight(open_duel(s));
    }
}
END_TEST

START_TEST(norms_of_every_width) {
    const int64_t widths[] = {1, 2, 15, 16, 17, 64, 100}, rows[] = {1, 31, 32, 70};
    for (int w = 0; w < 7; w++) {
        fight(open_norms(rows[w % 4], widths[w]));
    }
}
END_TEST

/* Scores of some thousands: exp must not overflow, and the weights are 0 and 1. */
START_TEST(huge_scores) {
    duel d = open_duel((setting){.batch = 1, .time = 5, .heads = 1, .head = 2, .causal = true});
    grove_real *query = grove_parameter_data(d.in[0]);
    for (size_t i = 0; i < grove_parameter_size(d.in[0]); i++) {
        query[i] = (grove_real)(i % 6 < 4 ? ((int)(i * 5 % 7) - 3) * 32 : (int)i);
    }
    grove_plan *plan = grove_plan_new(d.graph, d.y, 2, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_alike("y", 0, &d, plan, d.y[FUSED], d.y[WRITTEN], tolerance);
    grove_plan_free(plan);
    grove_graph_free(d.graph);
}
END_TEST

/* What is no number is not lost; and behind a causal mask it disturbs nobody's score. */
START_TEST(no_number) {
    const int64_t times[] = {3, ATTENTION_FEW, 2 * ATTENTION_ROWS + 1};
    for (int t = 0; t < 3; t++) {
        setting s = {.batch = 1, .time = times[t], .heads = 1, .head = 1, .causal = true};
        duel d = open_duel(s);
        ((grove_real *)grove_parameter_data(d.in[0]))[3 + 1] = (grove_real)NAN; /* second key */
        grove_plan *plan = grove_plan_new(d.graph, &d.y[FUSED], 1, NULL);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        const grove_real *y = grove_value(plan, d.y[FUSED]);
        ck_assert(isfinite(y[0]));
        for (int64_t i = 1; i < s.time; i++) {
            ck_assert(isnan(y[i]));
        }
        grove_plan_free(plan);
        grove_graph_free(d.graph);
    }
}
END_TEST

/* Where no key is kept, nothing comes of it, and no NaN, however a block lies. */
START_TEST(nothing_is_seen) {
    for (int64_t time = ATTENTION_FEW - 1; time <= ATTENTION_FEW; time++) {
        duel d =
            open_duel((setting){.batch = 1, .time = time, .heads = 1, .head = 2, .keep = true});
        grove_real *keep = grove_parameter_data(grove_find(d.graph, "keep"));
        for (int64_t i = 0; i < time; i++) {
            keep[i] = 0;
        }
        grove_plan *plan = grove_plan_new(d.graph, &d.y[FUSED], 1, NULL);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        const grove_real *y = grove_value(plan, d.y[FUSED]);
        for (size_t i = 0; i < grove_value_count(plan, d.y[FUSED]); i++) {
            ck_assert(y[i] == 0);
        }
        grove_plan_free(plan);
        grove_graph_free(d.graph);
    }
}
END_TEST

START_TEST(an_empty_batch) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 4, 6);
    grove_tensor y = grove_nn_layer_norm(
        grove_nn_attention(x, 2, "look", &(grove_attention_options){.causal = true}), "norm", NULL);
    grove_tensor loss = grove_sum(y, GROVE_ALL_AXES);
    grove_tensor slope = grove_gradient(loss, grove_find(g, "norm.weight"));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){loss, slope}, 2,
                                      &(grove_plan_options){.batch = GROVE_EMPTY});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert(grove_scalar(plan, loss) == 0 && *(const grove_real *)grove_value(plan, slope) == 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A file may hold a node that no builder makes. */
START_TEST(an_input_too_many) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor keep = drawn(g, "keep", GROVE_SHAPE(2, 4), 2);
    const grove_tensor in[3] = {drawn(g, "query", GROVE_SHAPE(2, 4, 6), 1), keep, keep};
    ck_assert(!grove_is_valid(
        grove_append(grove_op_named("attention"), g, in, 3, &(struct attention){.heads = 1})));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "it must have 1 inputs, or keep"));
    grove_graph_free(g);
}
END_TEST

/* ---- threads, memory, files ------------------------------------------------------------------ */

START_TEST(threads_change_no_bit) {
    setting s = {.batch = 3, .time = 2 * ATTENTION_ROWS + 9, .heads = 4, .head = 8};
    s.causal = true;
    duel d[2] = {open_duel(s), open_norms(300, 33)};
    for (int k = 0; k < 2; k++) {
        grove_tensor outputs[1 + SLOPES] = {d[k].y[FUSED]};
        memcpy(outputs + 1, d[k].dx[FUSED], sizeof d[k].dx[FUSED]);
        static grove_real kept[1 + SLOPES][1 << 16];
        for (int turn = 0; turn < 12; turn++) {
            grove_plan_options options = {.threads = 1 + turn / 4};
            grove_plan *plan = grove_plan_new(d[k].graph, outputs, 1 + d[k].slopes, &options);
            ck_assert_int_eq(grove_run(plan), GROVE_OK);
            for (int i = 0; i <= d[k].slopes; i++) {
                size_t bytes = grove_value_count(plan, outputs[i]) * sizeof(grove_real);
                ck_assert_uint_le(bytes, sizeof kept[i]);
                if (turn == 0) {
                    memcpy(kept[i], grove_value(plan, outputs[i]), bytes);
                }
                ck_assert_mem_eq(kept[i], grove_value(plan, outputs[i]), bytes);
            }
            grove_plan_free(plan);
        }
        grove_graph_free(d[k].graph);
    }
}
END_TEST

static size_t block_bytes(int64_t time, bool weights) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = drawn(g, "x", GROVE_SHAPE(4, time, 16), 1);
    grove_tensor y = grove_nn_attention(x, 2, "look", &(grove_attention_options){.causal = true});
    grove_tensor loss = grove_sum(grove_mul(y, y), GROVE_ALL_AXES);
    grove_tensor outputs[3] = {loss, grove_gradient(loss, x), grove_find(g, "look.weights")};
    grove_plan *plan = grove_plan_new(g, outputs, weights ? 3 : 2, NULL);
    ck_assert_int_eq(grove_plan_error(plan)->status, GROVE_OK);
    size_t bytes = grove_plan_statistics(plan).block_bytes;
    grove_plan_free(plan);
    grove_graph_free(g);
    return bytes;
}

/* Twice the places take about twice the memory, not four times as much, unless the weights are
 * asked for. */
START_TEST(weights_are_never_written) {
    size_t small = block_bytes(256, false), large = block_bytes(512, false);
    ck_assert_msg(10 * large < 22 * small, "%zu bytes, then %zu", small, large);
    ck_assert_uint_gt(block_bytes(512, true), sizeof(grove_real) * 4 * 2 * 512 * 512);
    ck_assert_uint_lt(large, sizeof(grove_real) * 4 * 2 * 512 * 512);
}
END_TEST

/* The layer's weights beside it are those that it uses. */
START_TEST(weights_can_be_looked_at) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = drawn(g, "x", GROVE_SHAPE(2, 5, 4), 1);
    grove_tensor y = grove_nn_attention(
        x, 1, "look", &(grove_attention_options){.causal = true, .no_bias = true});
    grove_tensor value = grove_matmul(x, grove_find(g, "look.value.weight"), false, true);
    grove_tensor found = grove_matmul(
        grove_reshape(grove_find(g, "look.weights"), GROVE_SHAPE(2, 5, 5)), value, false, false);
    grove_tensor again = grove_matmul(found, grove_find(g, "look.out.weight"), false, true);
    duel d = {.y = {y, again}, .graph = g};
    grove_plan *plan = grove_plan_new(g, d.y, 2, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_alike("y", 0, &d, plan, y, again, tolerance);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(saved_and_loaded) {
    const char *path =
        sizeof(grove_real) == sizeof(float) ? "attention_float.grove" : "attention_double.grove";
    duel d = open_duel((setting){.batch = 2, .time = 5, .heads = 2, .head = 3, .keys = 7});
    grove_tensor outputs[3] = {d.y[FUSED], d.dx[FUSED][0], d.dx[FUSED][1]}, again[3];
    grove_error error = {GROVE_OK, ""};
    ck_assert_msg(grove_save(path, outputs, 3, NULL, &error) == GROVE_OK, "%s", error.message);
    grove_model *model = NULL;
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    remove(path);
    for (int i = 0; i < 3; i++) {
        again[i] = grove_model_output(model, i);
    }
    grove_plan *first = grove_plan_new(d.graph, outputs, 3, NULL);
    grove_plan *second = grove_plan_new(grove_model_graph(model), again, 3, NULL);
    ck_assert_int_eq(grove_run(first), GROVE_OK);
    ck_assert_msg(grove_run(second) == GROVE_OK, "%s", grove_plan_error(second)->message);
    for (int i = 0; i < 3; i++) {
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
    TCase *all = tcase_create("attention and layer norm");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, every_shape);
    tcase_add_test(all, with_a_memory);
    tcase_add_test(all, norms_of_every_width);
    tcase_add_test(all, huge_scores);
    tcase_add_test(all, no_number);
    tcase_add_test(all, nothing_is_seen);
    tcase_add_test(all, an_empty_batch);
    tcase_add_test(all, an_input_too_many);
    tcase_add_test(all, threads_change_no_bit);
    tcase_add_test(all, weights_are_never_written);
    tcase_add_test(all, weights_can_be_looked_at);
    tcase_add_test(all, saved_and_loaded);
    Suite *suite = suite_create("attention");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
