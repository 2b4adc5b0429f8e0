/* SPDX-License-Identifier: MIT
 *
 * Properties: what must hold for any numbers, and so is held against many. Numbers are whole or in
 * 64ths, small enough that sums of them are exact in float: then two ways must agree to the bit.
 *
 * Others stand where their subject is tested: bags with padding and without (embedding_bag), masks
 * of attention (layers). */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "grove/grove.h"

enum { MOST = 4096, DRAWS = 20 };

static const double close_enough = sizeof(grove_real) == sizeof(float) ? 1e-5 : 1e-13;

/* ---- numbers --------------------------------------------------------------------------------- */

typedef struct source {
    uint32_t draw, position;
} source;

/* A whole number from 0 to below `size`. */
static uint32_t below(source *s, uint32_t size) {
    uint32_t words[4];
    grove_random_block(99, s->draw, 0, s->position++, words);
    return words[0] % size;
}

/* Multiples of 1/64 from -4 to 4. */
static void draw_reals(source *s, grove_real *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (grove_real)((double)below(s, 513) / 64 - 4);
    }
}

static void draw_ids(source *s, grove_id *ids, size_t count, uint32_t rows) {
    for (size_t i = 0; i < count; i++) {
        ids[i] = (grove_id)below(s, rows);
    }
}

/* ---- a graph with inputs that are bound, run once -------------------------------------------- */

typedef struct bound {
    grove_tensor input;
    const void *data;
} bound;

/* Plans the outputs of a graph and runs them; the plan is the caller's. */
static grove_plan *run(const grove_tensor *outputs, int count, const bound *inputs, int bounds) {
    grove_plan *plan = grove_plan_new(outputs[0].graph, outputs, count, NULL);
    for (int i = 0; i < bounds; i++) {
        grove_bind(plan, inputs[i].input, inputs[i].data);
    }
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    return plan;
}

static void expect_same_bits(grove_plan *plan, grove_tensor a, grove_tensor b, const char *what) {
    size_t count = grove_value_count(plan, a);
    ck_assert_uint_eq(count, grove_value_count(plan, b));
    const grove_real *x = grove_value(plan, a), *y = grove_value(plan, b);
    ck_assert_ptr_nonnull(x);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(x[i] == y[i], "%s: number %zu is %.9g one way and %.9g the other", what, i,
                      (double)x[i], (double)y[i]);
    }
}

static void expect_close(grove_plan *plan, grove_tensor a, grove_tensor b, const char *what) {
    const grove_real *x = grove_value(plan, a), *y = grove_value(plan, b);
    for (size_t i = 0; i < grove_value_count(plan, a); i++) {
        double scale = 1 + fabs((double)x[i]);
        ck_assert_msg(fabs((double)x[i] - (double)y[i]) <= close_enough * scale,
                      "%s: number %zu is %.9g one way and %.9g the other", what, i, (double)x[i],
                      (double)y[i]);
    }
}

/* ---- lookups --------------------------------------------------------------------------------- */

/* What is scattered is all there: each column of scatter_rows(ids, values) sums up to that of the
 * values, however often ids repeat. */
START_TEST(a_scatter_loses_nothing) {
    source s = {.draw = (uint32_t)_i};
    uint32_t rows = 1 + below(&s, 40);
    int64_t count = 1 + below(&s, 60), width = 1 + below(&s, 7);
    static grove_real numbers[MOST];
    static grove_id names[MOST];
    draw_reals(&s, numbers, (size_t)(count * width));
    draw_ids(&s, names, (size_t)count, rows);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", count);
    grove_tensor values = grove_input_reals(g, "values", count, width);
    grove_tensor after = grove_sum(grove_scatter_rows(ids, values, rows), GROVE_AXES(0));
    grove_tensor before = grove_sum(values, GROVE_AXES(0));
    grove_plan *plan =
        run((grove_tensor[]){after, before}, 2, (bound[]){{ids, names}, {values, numbers}}, 2);
    expect_same_bits(plan, after, before, "sums of the columns");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A lookup is the product of one-hot rows and the table, and so are their gradients. */
START_TEST(a_lookup_is_a_product_with_one_hot_rows) {
    source s = {.draw = (uint32_t)_i};
    uint32_t rows = 1 + below(&s, 20);
    int64_t count = 1 + below(&s, 30), width = 1 + below(&s, 5);
    static grove_real numbers[MOST], hot[MOST], weights[MOST];
    static grove_id names[MOST];
    draw_reals(&s, numbers, rows * (size_t)width);
    draw_reals(&s, weights, (size_t)(count * width));
    draw_ids(&s, names, (size_t)count, rows);
    memset(hot, 0, sizeof hot);
    for (int64_t i = 0; i < count; i++) {
        hot[i * rows + names[i]] = 1;
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", count);
    grove_tensor one_hot = grove_input_reals(g, "one_hot", count, rows);
    grove_tensor table = grove_input_reals(g, "table", rows, width);
    grove_tensor dy = grove_input_reals(g, "dy", count, width);
    grove_tensor a = grove_embedding(table, ids);
    grove_tensor b = grove_matmul(one_hot, table, false, false);
    grove_tensor da = grove_gradient(grove_sum(grove_mul(a, dy), GROVE_ALL_AXES), table);
    grove_tensor db = grove_gradient(grove_sum(grove_mul(b, dy), GROVE_ALL_AXES), table);
    grove_plan *plan =
        run((grove_tensor[]){a, b, da, db}, 4,
            (bound[]){{ids, names}, {one_hot, hot}, {table, numbers}, {dy, weights}}, 4);
    expect_same_bits(plan, a, b, "the rows");
    expect_same_bits(plan, da, db, "the gradient of the table");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- softmax --------------------------------------------------------------------------------- */

/* exp(x + c) / sum(exp(x + c)) does not see c. x + c is exact here, so not one bit differs. */
START_TEST(a_shift_changes_no_softmax) {
    source s = {.draw = (uint32_t)_i};
    int64_t rows = 1 + below(&s, 9), classes = 1 + below(&s, 30);
    static grove_real numbers[MOST], weights[MOST];
    static grove_id names[MOST];
    draw_reals(&s, numbers, (size_t)(rows * classes));
    draw_reals(&s, weights, (size_t)(rows * classes));
    draw_ids(&s, names, (size_t)rows, (uint32_t)classes);
    double shift = (double)below(&s, 2001) - 1000;
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", rows, classes);
    grove_tensor dy = grove_input_reals(g, "dy", rows, classes);
    grove_tensor labels = grove_input_ids(g, "labels", rows);
    grove_tensor moved = grove_shift(x, shift), y[2][4];
    for (int way = 0; way < 2; way++) {
        grove_tensor logits = way ? moved : x;
        y[way][0] = grove_softmax(logits);
        y[way][1] = grove_gradient(grove_sum(grove_mul(y[way][0], dy), GROVE_ALL_AXES), logits);
        y[way][2] = grove_softmax_cross_entropy_rows(logits, labels, GROVE_NONE, NULL);
        y[way][3] = grove_gradient(grove_sum(y[way][2], GROVE_ALL_AXES), logits);
    }
    grove_plan *plan = run(&y[0][0], 8, (bound[]){{x, numbers}, {dy, weights}, {labels, names}}, 3);
    expect_same_bits(plan, y[0][0], y[1][0], "softmax");
    expect_same_bits(plan, y[0][1], y[1][1], "its gradient");
    expect_close(plan, y[0][2], y[1][2], "cross-entropy");
    expect_same_bits(plan, y[0][3], y[1][3], "the gradient of cross-entropy");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Shares sum up to 1, whatever the logits; so their changes sum up to 0. */
START_TEST(shares_sum_up_to_one) {
    source s = {.draw = (uint32_t)_i};
    int64_t rows = 1 + below(&s, 9), classes = 1 + below(&s, 200);
    static grove_real numbers[MOST];
    static grove_id names[MOST];
    draw_reals(&s, numbers, (size_t)(rows * classes));
    draw_ids(&s, names, (size_t)rows, (uint32_t)classes);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", rows, classes);
    grove_tensor labels = grove_input_ids(g, "labels", rows);
    grove_tensor shares = grove_sum(grove_softmax(x), GROVE_AXES(1));
    grove_tensor ones = grove_fill(g, GROVE_SHAPE(rows), 1),
                 zeros = grove_fill(g, GROVE_SHAPE(rows), 0);
    grove_tensor loss = grove_softmax_cross_entropy(x, labels);
    grove_tensor changes = grove_sum(grove_gradient(loss, x), GROVE_AXES(1));
    grove_plan *plan = run((grove_tensor[]){shares, ones, changes, zeros}, 4,
                           (bound[]){{x, numbers}, {labels, names}}, 2);
    expect_close(plan, ones, shares, "the sum of shares");
    expect_close(plan, zeros, changes, "the sum of their changes");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

/* Attention does not know what comes first: places in another order give the answers in that
 * order. (Layer norms and dense layers look at a place by itself; so a whole block has it.) */
START_TEST(a_block_follows_a_permutation_of_places) {
    enum { TIME = 5, WIDTH = 8 };
    source s = {.draw = (uint32_t)_i};
    static grove_real numbers[TIME * WIDTH], moved[TIME * WIDTH];
    grove_id order[TIME] = {0, 1, 2, 3, 4};
    draw_reals(&s, numbers, TIME * WIDTH);
    for (uint32_t i = TIME - 1; i > 0; i--) {
        uint32_t k = below(&s, i + 1);
        grove_id kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
    for (int i = 0; i < TIME; i++) {
        memcpy(moved + i * WIDTH, numbers + order[i] * WIDTH, WIDTH * sizeof *moved);
    }
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = (uint64_t)_i});
    grove_tensor x = grove_input_reals(g, "x", 1, TIME, WIDTH);
    grove_tensor ids = grove_input_ids(g, "order", TIME);
    grove_tensor y = grove_nn_transformer_block(x, 2, "block", NULL);
    grove_tensor rows = grove_embedding(grove_reshape(y, GROVE_SHAPE(TIME, WIDTH)), ids);
    grove_tensor before = grove_mul(rows, grove_fill(g, GROVE_SCALAR, 1));
    grove_plan *plan = run(&before, 1, (bound[]){{x, numbers}, {ids, order}}, 2);
    grove_real expected[TIME * WIDTH];
    memcpy(expected, grove_value(plan, before), sizeof expected);
    grove_bind(plan, x, moved);
    grove_bind(plan, ids, (const grove_id[]){0, 1, 2, 3, 4});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real *after = grove_value(plan, before);
    for (int i = 0; i < TIME * WIDTH; i++) {
        ck_assert_double_eq_tol((double)after[i], (double)expected[i], 20 * close_enough);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Layer normalization does not see by what its rows were shifted and (but for epsilon) scaled. */
START_TEST(a_layer_norm_sees_no_shift_and_no_scale) {
    source s = {.draw = (uint32_t)_i};
    int64_t rows = 1 + below(&s, 6), width = 2 + below(&s, 20);
    static grove_real numbers[MOST];
    draw_reals(&s, numbers, (size_t)(rows * width));
    numbers[0] = 4.5; /* so that no row is all the same */
    for (int64_t row = 1; row < rows; row++) {
        numbers[row * width] = -4.5;
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", rows, width);
    grove_layer_norm_options options = {.epsilon = 1e-15};
    grove_tensor a = grove_nn_layer_norm(x, "a", &options);
    grove_tensor b = grove_nn_layer_norm(grove_shift(grove_scale(x, 4), 16), "b", &options);
    grove_plan *plan = run((grove_tensor[]){a, b}, 2, (bound[]){{x, numbers}}, 1);
    expect_close(plan, a, b, "the normalized rows");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- gradients ------------------------------------------------------------------------------- */

/* The gradient of a sum is the sum of gradients, and a factor goes through. */
START_TEST(gradients_are_linear) {
    source s = {.draw = (uint32_t)_i};
    static grove_real numbers[MOST];
    int64_t count = 1 + below(&s, 50);
    draw_reals(&s, numbers, (size_t)count);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", count);
    grove_tensor u = grove_sum(grove_tanh(x), GROVE_ALL_AXES);
    grove_tensor v = grove_sum(grove_mul(x, grove_sigmoid(x)), GROVE_ALL_AXES);
    grove_tensor both = grove_gradient(grove_add(grove_scale(u, 3), grove_neg(v)), x);
    grove_tensor du = grove_gradient(u, x), dv = grove_gradient(v, x);
    grove_tensor apart = grove_sub(grove_scale(du, 3), dv);
    grove_plan *plan = run((grove_tensor[]){both, apart}, 2, (bound[]){{x, numbers}}, 1);
    expect_close(plan, both, apart, "the gradient of 3 u - v");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("properties");
    tcase_add_loop_test(cases, a_scatter_loses_nothing, 0, DRAWS);
    tcase_add_loop_test(cases, a_lookup_is_a_product_with_one_hot_rows, 0, DRAWS);
    tcase_add_loop_test(cases, a_shift_changes_no_softmax, 0, DRAWS);
    tcase_add_loop_test(cases, shares_sum_up_to_one, 0, DRAWS);
    tcase_add_loop_test(cases, a_block_follows_a_permutation_of_places, 0, DRAWS);
    tcase_add_loop_test(cases, a_layer_norm_sees_no_shift_and_no_scale, 0, DRAWS);
    tcase_add_loop_test(cases, gradients_are_linear, 0, DRAWS);
    Suite *suite = suite_create("properties");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
