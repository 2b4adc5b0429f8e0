/* SPDX-License-Identifier: MIT
 *
 * Gradients and plans: where paths meet and end, what is kept and read back, and what it all costs
 * in memory. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"
#include "plan_greedy.h"

static void expect_words(const char *message, const char *words) {
    ck_assert_msg(strstr(message, words) != NULL, "\"%s\" is not in \"%s\"", words, message);
}

static grove_plan *plan_of(grove_tensor output, const grove_plan_options *options) {
    return grove_plan_new(output.graph, &output, 1, options);
}

static void expect_scalar(grove_plan *plan, grove_tensor x, double wanted) {
    double number = grove_scalar(plan, x);
    ck_assert_msg(fabs(number - wanted) < 1e-5, "it is %g, it must be %g", number, wanted);
}

/* ---- gradients ------------------------------------------------------------------------------- */

START_TEST(paths_that_meet_add_up) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_fill(g, GROVE_SCALAR, 3);
    /* y = (x^2 + 5x) x = x^3 + 5x^2; dy/dx = 3x^2 + 10x = 57, d2y = 6x + 10 = 28 */
    grove_tensor y = grove_mul(grove_add(grove_mul(x, x), grove_scale(x, 5)), x);
    grove_tensor dx = grove_gradient(y, x), ddx = grove_gradient(dx, x);
    grove_tensor dddx = grove_gradient(ddx, x);
    grove_tensor outputs[] = {y, dx, ddx, dddx};
    grove_plan *plan = grove_plan_new(g, outputs, 4, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_scalar(plan, y, 72);
    expect_scalar(plan, dx, 57);
    expect_scalar(plan, ddx, 28);
    expect_scalar(plan, dddx, 6);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A second backward pass neither adds to the first nor changes it. */
START_TEST(backward_twice_gives_two_equal_gradients) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 4});
    grove_init random = {.kind = GROVE_INIT_NORMAL, .b = 1};
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(5, 3), random);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(3, 3), random);
    grove_tensor ids = grove_positions(g, 5), e = grove_embedding(table, ids);
    grove_tensor h = grove_tanh(grove_matmul(e, w, false, false));
    grove_tensor y = grove_sum(grove_mul(h, e), GROVE_ALL_AXES), x[] = {table, w}, one[2], two[2];
    ck_assert_int_eq(grove_gradients(y, x, 2, one), GROVE_OK);
    ck_assert_int_eq(grove_gradients(y, x, 2, two), GROVE_OK);
    grove_tensor both = grove_add(one[1], two[1]); /* who wants a sum says so */
    grove_tensor outputs[] = {one[0], two[0], one[1], two[1], both};
    grove_plan *plan = grove_plan_new(g, outputs, 5, NULL);
    for (int run = 0; run < 2; run++) { /* nor does a second run */
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_ne(one[i].index, two[i].index);
            ck_assert_int_eq(grove_gradient_of(x[i]).index, two[i].index);
            const grove_real *a = grove_value(plan, one[i]), *b = grove_value(plan, two[i]);
            ck_assert_mem_eq(a, b, grove_value_count(plan, one[i]) * sizeof *a);
            ck_assert(a[0] != 0);
        }
        const grove_real *sum = grove_value(plan, both), *dw = grove_value(plan, one[1]);
        for (size_t i = 0; i < 9; i++) {
            ck_assert(sum[i] == 2 * dw[i]);
        }
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A target that the network makes itself: exactly the gradient of the same target given from
 * outside, and none at all for what only the target depends on. */
START_TEST(a_stopped_path_is_a_constant) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 4});
    grove_init random = {.kind = GROVE_INIT_NORMAL, .b = 1};
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(4), random);
    grove_tensor v = grove_parameter(g, "v", GROVE_SHAPE(4), random);
    grove_tensor given = grove_input_reals(g, "given", 4);
    grove_tensor own = grove_stop_gradient(grove_mul(grove_tanh(w), v));
    grove_tensor loss[2], dw[2], targets[] = {own, given};
    for (int i = 0; i < 2; i++) {
        grove_tensor e = grove_sub(grove_exp(w), targets[i]);
        loss[i] = grove_sum(grove_mul(e, e), GROVE_ALL_AXES);
        dw[i] = grove_gradient(loss[i], w);
        ck_assert(!grove_is_valid(grove_gradient(loss[i], v)));
        ck_assert_int_eq(grove_graph_error(g)->status, GROVE_OK);
    }
    grove_plan *first = grove_plan_new(g, (grove_tensor[]){own, dw[0]}, 2, NULL);
    grove_plan *second = plan_of(dw[1], NULL);
    ck_assert_int_eq(grove_run(first), GROVE_OK);
    grove_bind(second, given, grove_value(first, own));
    ck_assert_int_eq(grove_run(second), GROVE_OK);
    const grove_real *a = grove_value(first, dw[0]), *b = grove_value(second, dw[1]);
    ck_assert_mem_eq(a, b, 4 * sizeof *a);
    ck_assert(a[0] != 0);
    grove_plan_free(first);
    grove_plan_free(second);
    grove_graph_free(g);
}
END_TEST

START_TEST(gradients_stop_where_they_should) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_fill(g, GROVE_SCALAR, 2), unused = grove_fill(g, GROVE_SCALAR, 2);
    grove_tensor ids = grove_input_ids(g, "ids", 2);
    grove_tensor y = grove_mul(x, grove_stop_gradient(x)), later = grove_tanh(y);
    grove_tensor of[] = {x, unused, y, later, ids}, dx[5];
    ck_assert_int_eq(grove_gradients(y, of, 5, dx), GROVE_OK);
    ck_assert(!grove_is_valid(dx[1]) && !grove_is_valid(dx[3]) && !grove_is_valid(dx[4]));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){dx[0], dx[2]}, 2, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_scalar(plan, dx[0], 2); /* not 4: one of the two paths is closed */
    expect_scalar(plan, dx[2], 1);
    grove_plan_free(plan);
    ck_assert(!grove_is_valid(grove_gradient(ids, x)));
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_TYPE);
    grove_graph_free(g);
}
END_TEST

START_TEST(the_gradient_of_what_lies_between) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_fill(g, GROVE_SCALAR, 0.5), h = grove_tanh(x), y = grove_scale(h, 3);
    grove_tensor aside = grove_tanh(y);
    ck_assert(!grove_is_valid(grove_gradient_of(h)));
    ck_assert(!grove_is_valid(grove_gradient_of(GROVE_NONE)));
    grove_tensor dx = grove_gradient(y, x), dh = grove_gradient_of(h);
    ck_assert(!grove_is_valid(grove_gradient_of(aside)));
    ck_assert_int_eq(grove_gradient_of(x).index, dx.index);
    grove_plan *plan = plan_of(dh, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    expect_scalar(plan, dh, 3);
    grove_plan_free(plan);
    grove_gradient(aside, h);
    ck_assert_int_ne(grove_gradient_of(h).index, dh.index); /* the last pass counts */
    grove_graph_free(g);
}
END_TEST

/* ---- reading back ---------------------------------------------------------------------------- */

START_TEST(values_are_read_by_handle_and_by_name) {
    grove_graph *g = grove_graph_new(NULL);
    grove_init sevens = {.kind = GROVE_INIT_CONSTANT, .a = 7};
    grove_tensor x = grove_input_reals(g, "x", 2);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), sevens);
    grove_tensor far = grove_parameter(g, "far", GROVE_SHAPE(2), sevens);
    grove_tensor hidden = grove_name(grove_mul(x, w), "hidden");
    grove_tensor y = grove_name(grove_sum(hidden, GROVE_ALL_AXES), "y");
    grove_tensor aside = grove_name(grove_tanh(y), "aside");
    const grove_real numbers[2] = {1, 2};
    for (int keep_all = 0; keep_all < 2; keep_all++) {
        grove_plan *plan = plan_of(y, &(grove_plan_options){.keep_all = keep_all != 0});
        grove_bind(plan, x, numbers);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        expect_scalar(plan, y, 21);
        ck_assert_ptr_eq(grove_value_named(plan, "y"), grove_value(plan, y));
        ck_assert_ptr_eq(grove_value(plan, x), numbers);
        ck_assert_ptr_eq(grove_value_named(plan, "w"), grove_parameter_data(w));
        ck_assert_ptr_eq(grove_value(plan, far), grove_parameter_data(far));
        const grove_real *kept = grove_value_named(plan, "hidden");
        ck_assert(keep_all ? kept && kept[1] == 14 : !kept);
        if (!keep_all) {
            expect_words(grove_plan_error(plan)->message, "'hidden') was not kept");
        }
        ck_assert_ptr_null(grove_value(plan, aside));
        expect_words(grove_plan_error(plan)->message, "does not compute");
        ck_assert_ptr_null(grove_value_named(plan, "nobody"));
        expect_words(grove_plan_error(plan)->message, "no node is called 'nobody'");
        ck_assert(!grove_value(plan, GROVE_NONE) && !grove_value_named(plan, NULL));
        ck_assert(isnan(grove_scalar(plan, w)) && isnan(grove_scalar(plan, aside)));
        ck_assert_uint_eq(grove_value_count(plan, hidden), 2);
        ck_assert_uint_eq(grove_value_count(plan, aside), 0);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        grove_plan_free(plan);
    }
    grove_graph_free(g);
}
END_TEST

START_TEST(a_graph_can_be_looked_at) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 9});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2), y = grove_add(x, x);
    ck_assert_uint_eq(grove_seed(g), 9);
    ck_assert_int_eq(grove_node_count(g), 2);
    ck_assert_str_eq(grove_node_op(y), "add");
    ck_assert_str_eq(grove_node_formula(y), "y = a + b");
    ck_assert_int_eq(grove_node_inputs(y), 2);
    ck_assert_int_eq(grove_node_input(y, 1).index, x.index);
    ck_assert(!grove_is_valid(grove_node_input(y, 2)) && !grove_is_valid(grove_node_input(y, -1)));
    ck_assert(!grove_is_valid(grove_node_at(g, 2)) && !grove_is_valid(grove_node_at(g, -1)));
    ck_assert(grove_shape_equal(grove_node_shape(y), GROVE_SHAPE(GROVE_BATCH, 2)));
    ck_assert_str_eq(grove_node_op(GROVE_NONE), "");
    ck_assert_int_eq(grove_node_shape(GROVE_NONE).rank, -1);
    ck_assert(!grove_parameter_data(x) && !grove_parameter_is_trainable(x));
    ck_assert_int_eq(grove_parameter_set(x, &(grove_parameter_options){0}), GROVE_BAD_ARGUMENT);
    grove_graph_free(g);
}
END_TEST

START_TEST(parameters_keep_their_order_and_options) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2, 3), (grove_init){0});
    grove_tensor s = grove_state(g, "s", GROVE_ID, GROVE_SCALAR);
    ck_assert_int_eq(grove_parameter_count(g), 2);
    ck_assert_int_eq(grove_parameter_at(g, 0).index, w.index);
    ck_assert_int_eq(grove_parameter_at(g, 1).index, s.index);
    ck_assert(!grove_is_valid(grove_parameter_at(g, 2)));
    ck_assert(!grove_is_valid(grove_parameter_at(g, -1)));
    ck_assert(grove_parameter_is_trainable(w) && !grove_parameter_is_trainable(s));
    ck_assert_uint_eq(grove_parameter_size(w), 6);
    grove_parameter_options options = {.frozen = true, .rate = 0.5, .decay = GROVE_DECAY_OFF};
    ck_assert_int_eq(grove_parameter_set(w, &options), GROVE_OK);
    options = grove_parameter_get(w);
    ck_assert(options.frozen && options.rate == 0.5 && options.decay == GROVE_DECAY_OFF);
    ck_assert(!grove_parameter_get(s).frozen);
    grove_graph_free(g);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

static grove_tensor chain(grove_graph *g, int length) {
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 16), first = x;
    for (int i = 0; i < length; i++) {
        x = i % 2 ? grove_tanh(x) : grove_add(x, first);
    }
    return x;
}

static grove_plan_stats cost_of_chain(int length, bool with_gradient, bool keep_all) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = chain(g, length);
    grove_tensor output = with_gradient ? grove_gradient(y, grove_find(g, "x")) : y;
    grove_plan *plan = plan_of(output, &(grove_plan_options){.batch = 8, .keep_all = keep_all});
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    grove_plan_stats stats = grove_plan_statistics(plan);
    grove_plan_free(plan);
    grove_graph_free(g);
    return stats;
}

START_TEST(a_chain_takes_the_memory_of_its_widest_place) {
    grove_plan_stats shorter = cost_of_chain(10, false, false);
    grove_plan_stats longer = cost_of_chain(1000, false, false);
    ck_assert_uint_eq(shorter.block_bytes, longer.block_bytes);
    ck_assert_uint_le(longer.block_bytes, 2 * 8 * 16 * sizeof(grove_real));
    ck_assert_uint_eq(longer.steps, 1000);
    ck_assert_uint_ge(longer.unshared_bytes, 1000 * 8 * 16 * sizeof(grove_real));
    grove_plan_stats kept = cost_of_chain(1000, false, true);
    ck_assert_uint_ge(kept.block_bytes, longer.unshared_bytes);
    grove_plan_stats backward = cost_of_chain(1000, true, false);
    ck_assert_uint_lt(backward.block_bytes, backward.unshared_bytes / 2);
}
END_TEST

/* Layers and a loss; their training step. */
static grove_tensor layers_step(grove_graph *g) {
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 70);
    x = grove_relu(grove_nn_dense(x, 128, "a"));
    x = grove_relu(grove_nn_dense(x, 64, "b"));
    x = grove_nn_dense(x, 2, "c");
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    return grove_minimize(grove_softmax_cross_entropy(x, label), GROVE_ADAM(0));
}

static grove_tensor transformer_step(grove_graph *g) {
    grove_tensor letters = grove_input_ids(g, "letters", GROVE_BATCH, 16);
    grove_tensor x = grove_nn_embedding(letters, 27, 32, "letter");
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "b%d", i);
        x = grove_nn_transformer_block(x, 4, name, &(grove_transformer_options){.causal = true});
    }
    grove_tensor loss = grove_mean(grove_mul(x, x), GROVE_ALL_AXES);
    return grove_minimize(loss, GROVE_ADAM(0));
}

static grove_tensor chain_gradient(grove_graph *g) {
    grove_tensor y = chain(g, 200);
    return grove_gradient(y, grove_find(g, "x"));
}

START_TEST(the_block_is_hardly_larger_than_what_lives_at_one_time) {
    grove_tensor (*const build[])(grove_graph *) = {layers_step, transformer_step, chain_gradient};
    for (size_t i = 0; i < sizeof build / sizeof *build; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor step = build[i](g);
        ck_assert_str_eq(grove_graph_error(g)->message, "");
        grove_plan *plan = plan_of(step, &(grove_plan_options){.batch = 32, .training = true});
        ck_assert_str_eq(grove_plan_error(plan)->message, "");
        grove_plan_stats stats = grove_plan_statistics(plan);
        double ratio = (double)stats.block_bytes / (double)stats.bound_bytes;
        printf("graph %zu: a block of %zu bytes, %.3f of the least\n", i, stats.block_bytes, ratio);
        ck_assert(stats.bound_bytes > stats.scratch_bytes);
        ck_assert(ratio >= 1 && ratio < 1.05);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* Also after a run that found everything bound. */
START_TEST(an_input_that_is_taken_away_is_missed) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2);
    grove_plan *plan = plan_of(grove_neg(x), NULL);
    const grove_real numbers[2] = {1, 2};
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
    for (int i = 0; i < 2; i++) {
        grove_bind(plan, x, numbers);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        grove_bind(plan, x, NULL);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Random lives: none that meet share a byte, and nothing is larger than all of them together. */
START_TEST(lives_that_meet_lie_apart) {
    enum { LIVES = 200 };
    grove_life lives[LIVES], *lists[2 * LIVES];
    uint32_t random = 1;
    for (int i = 0; i < LIVES; i++) {
        random = random * 1664525u + 1013904223u;
        int32_t birth = (int32_t)(random >> 16) % 300, length = (int32_t)(random >> 8) % 40;
        lives[i] = (grove_life){birth, birth + length, (random >> 20) % 7 * 64, 0};
    }
    size_t end = grove_plan_greedy(lives, LIVES, lists, lists + LIVES);
    for (int i = 0; i < LIVES; i++) {
        ck_assert(lives[i].offset + lives[i].bytes <= end && lives[i].offset % 64 == 0);
        for (int k = 0; k < i; k++) {
            const grove_life *a = &lives[i], *b = &lives[k];
            bool meet = a->birth <= b->death && b->birth <= a->death;
            bool apart = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
            ck_assert(!meet || apart || a->bytes == 0 || b->bytes == 0);
        }
    }
}
END_TEST

/* With everything kept, all of it lives at the end. */
START_TEST(where_nothing_is_shared_the_least_is_all) {
    grove_plan_stats kept = cost_of_chain(50, false, true);
    ck_assert_uint_eq(kept.bound_bytes, kept.unshared_bytes + kept.scratch_bytes);
    grove_plan_stats shared = cost_of_chain(50, false, false); /* x is an input: one at a time */
    ck_assert_uint_eq(shared.bound_bytes, 8 * 16 * sizeof(grove_real) + shared.scratch_bytes);
}
END_TEST

/* The sum has as many numbers as x, but reads only two of them, again and again: it must not be
 * written over x. */
START_TEST(nothing_is_written_over_a_beginning_that_is_repeated) {
    static const grove_real numbers[6] = {1, 2, 3, 4, 5, 6};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor in = grove_input_reals(g, "in", 3, 2);
    grove_tensor x = grove_reshape(grove_scale(in, 10), GROVE_SHAPE(6));
    grove_tensor y = grove_add(grove_first_rows(x, 2), in);
    grove_plan *plan = plan_of(y, NULL);
    grove_bind(plan, in, numbers);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real *sum = grove_value(plan, y);
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq_tol((double)sum[i], (double)numbers[i] + 10 * (double)numbers[i % 2],
                                1e-5);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

enum { DEEP = 100000 };

START_TEST(a_deep_chain_is_built_differentiated_and_run) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 1), y = x;
    for (int i = 0; i < DEEP; i++) {
        y = i % 2 ? grove_shift(y, 0.25) : grove_neg(y);
    }
    grove_tensor dx = grove_gradient(y, x);
    ck_assert_str_eq(grove_graph_error(g)->message, "");
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){y, dx}, 2, NULL);
    const grove_real number = 1;
    grove_bind(plan, x, &number);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert(grove_scalar(plan, dx) == 1);
    ck_assert(grove_scalar(plan, y) == 1);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

enum { BATCH = 512, COLUMNS = 64 };

/* Everything at once: lookups, products, a backward pass, updates, large enough for threads. */
static grove_tensor training_step(grove_graph *g) {
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = 0.1};
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(20, COLUMNS), normal);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(COLUMNS, COLUMNS), normal);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
    grove_tensor h = grove_tanh(grove_matmul(grove_embedding(table, ids), w, false, true));
    grove_tensor loss = grove_mean(grove_mul(h, h), GROVE_ALL_AXES);
    grove_tensor rate = grove_fill(g, GROVE_SCALAR, 0.5), dx[2];
    if (grove_gradients(loss, (grove_tensor[]){table, w}, 2, dx) != GROVE_OK) {
        return GROVE_NONE;
    }
    grove_tensor updates[] = {grove_sgd_rows(table, grove_node_input(dx[0], 0),
                                             grove_node_input(dx[0], 1), rate, GROVE_NONE,
                                             GROVE_NONE, GROVE_NONE, NULL),
                              grove_sgd(w, dx[1], rate, GROVE_NONE, NULL)};
    return grove_group(updates, 2);
}

static grove_status build_and_train(hostile_memory *graphs, hostile_memory *plans, int threads,
                                    grove_real *loss) {
    grove_id rows[BATCH];
    for (int i = 0; i < BATCH; i++) {
        rows[i] = i % 20;
    }
    grove_graph_options options = {.seed = 3, .allocator = hostile_allocator(graphs)};
    grove_graph *g = grove_graph_new(&options);
    grove_tensor step = training_step(g);
    grove_plan *plan = grove_plan_new(g, &step, 1,
                                      &(grove_plan_options){.batch = BATCH,
                                                            .training = true,
                                                            .threads = threads,
                                                            .allocator = hostile_allocator(plans)});
    grove_bind(plan, grove_find(g, "ids"), rows);
    size_t before = graphs->calls + plans->calls;
    grove_status status = grove_run(plan);
    for (int i = 0; i < 3 && status == GROVE_OK; i++) {
        status = grove_run(plan);
    }
    ck_assert_msg(graphs->calls + plans->calls == before, "a run asked for memory");
    if (status == GROVE_OK) {
        memcpy(loss, grove_parameter_data(grove_find(g, "w")), COLUMNS * sizeof *loss);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return status;
}

START_TEST(a_run_asks_for_no_memory) {
    grove_real one[COLUMNS], three[COLUMNS];
    hostile_memory graphs = {0}, plans = {0};
    ck_assert_int_eq(build_and_train(&graphs, &plans, 1, one), GROVE_OK);
    ck_assert_int_eq(build_and_train(&graphs, &plans, 3, three), GROVE_OK);
    ck_assert_msg(memcmp(one, three, sizeof one) == 0, "three threads give other bits");
    ck_assert_uint_gt(graphs.calls, 0);
    ck_assert_uint_gt(plans.calls, 0);
    ck_assert_uint_eq(graphs.live + plans.live, 0);
}
END_TEST

/* _i: whether all later allocations fail too */
START_TEST(each_allocation_may_fail) {
    grove_real loss[COLUMNS];
    for (size_t n = 1; n < 1000; n++) {
        hostile_memory memory = {.fail_at = n, .for_good = _i != 0};
        grove_status status = build_and_train(&memory, &memory, 2, loss);
        ck_assert_msg(memory.live == 0, "when %zu failed, %zu blocks live on", n, memory.live);
        if (memory.calls < n) {
            ck_assert_int_eq(status, GROVE_OK);
            return;
        }
        ck_assert_msg(status == GROVE_NO_MEMORY, "when %zu failed: status %d", n, (int)status);
    }
    ck_abort_msg("it asks for memory without end");
}
END_TEST

/* ---- profile --------------------------------------------------------------------------------- */

START_TEST(a_profile_counts_steps_runs_and_bytes) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input(g, "x", GROVE_REAL, GROVE_SHAPE(GROVE_BATCH, 8));
    grove_tensor y = grove_sum(grove_exp(grove_exp(grove_relu(x))), GROVE_ALL_AXES);
    grove_plan *plan = plan_of(y, &(grove_plan_options){.batch = 100, .profile = true});
    grove_op_time times[8], longest[1];
    grove_real numbers[800] = {0};
    grove_bind(plan, x, numbers);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
    }
    ck_assert_uint_eq(grove_plan_profile(plan, times, 8), 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(times[i].runs, 3);
        ck_assert(times[i].seconds > 0);
        ck_assert(i == 0 || times[i].seconds <= times[i - 1].seconds);
        if (strcmp(times[i].op, "exp") == 0) {
            ck_assert_uint_eq(times[i].steps, 2);
            ck_assert(times[i].bytes == 3. * 2 * 2 * 800 * sizeof(grove_real));
        }
    }
    ck_assert_uint_eq(grove_plan_profile(plan, longest, 1), 1);
    ck_assert_mem_eq(longest, times, sizeof longest);
    ck_assert_uint_eq(grove_plan_profile(plan, NULL, 0), 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Of 1,000 rows, four are read: bytes of four, and of the ids. */
START_TEST(of_a_table_the_rows_that_ids_name_count) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(1000, 12), (grove_init){0});
    grove_tensor ids = grove_positions(g, 4), y = grove_embedding(table, ids);
    grove_plan *plan = plan_of(y, &(grove_plan_options){.profile = true});
    grove_op_time times[4];
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    size_t count = grove_plan_profile(plan, times, 4);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(times[i].op, "embedding") == 0) {
            ck_assert(times[i].bytes == 2. * 4 * 12 * sizeof(grove_real) + 4. * sizeof(grove_id));
        }
    }
    ck_assert_uint_gt(count, 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Nor are moments and clocks of the other rows touched by an update of four. */
START_TEST(of_the_clocks_of_rows_those_that_ids_name_count) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(1000, 12), (grove_init){0});
    grove_tensor loss = grove_mean(grove_embedding(table, grove_positions(g, 4)), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(0));
    grove_plan *plan = plan_of(step, &(grove_plan_options){.training = true, .profile = true});
    grove_op_time times[16];
    double rows = 2. * 4 * (3 * 12 * sizeof(grove_real) + sizeof(grove_id)); /* w, m, v, clock */
    bool seen = false;
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    size_t count = grove_plan_profile(plan, times, 16);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(times[i].op, "adam_catch_up") == 0) { /* and ids, the step, the rate */
            ck_assert(times[i].bytes == rows + 5. * sizeof(grove_id) + sizeof(grove_real));
            seen = true;
        }
    }
    ck_assert(seen);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(no_profile_without_the_wish_nor_beside_check_finite) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = grove_exp(grove_fill(g, GROVE_SCALAR, 1));
    grove_op_time times[4];
    grove_plan *plan = plan_of(y, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_uint_eq(grove_plan_profile(plan, times, 4), 0);
    ck_assert_uint_eq(grove_plan_profile(NULL, times, 4), 0);
    grove_plan_free(plan);
    plan = plan_of(y, &(grove_plan_options){.profile = true, .check_finite = true});
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
    expect_words(grove_plan_error(plan)->message, "profile and check_finite do not go together");
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("plan");
    TCase *gradients = tcase_create("gradients");
    tcase_add_test(gradients, paths_that_meet_add_up);
    tcase_add_test(gradients, backward_twice_gives_two_equal_gradients);
    tcase_add_test(gradients, gradients_stop_where_they_should);
    tcase_add_test(gradients, a_stopped_path_is_a_constant);
    tcase_add_test(gradients, the_gradient_of_what_lies_between);
    suite_add_tcase(suite, gradients);
    TCase *reading = tcase_create("reading back");
    tcase_add_test(reading, values_are_read_by_handle_and_by_name);
    tcase_add_test(reading, a_graph_can_be_looked_at);
    tcase_add_test(reading, parameters_keep_their_order_and_options);
    suite_add_tcase(suite, reading);
    TCase *memory = tcase_create("memory");
    tcase_set_timeout(memory, 60);
    tcase_add_test(memory, a_chain_takes_the_memory_of_its_widest_place);
    tcase_add_test(memory, the_block_is_hardly_larger_than_what_lives_at_one_time);
    tcase_add_test(memory, an_input_that_is_taken_away_is_missed);
    tcase_add_test(memory, lives_that_meet_lie_apart);
    tcase_add_test(memory, where_nothing_is_shared_the_least_is_all);
    tcase_add_test(memory, nothing_is_written_over_a_beginning_that_is_repeated);
    tcase_add_test(memory, a_deep_chain_is_built_differentiated_and_run);
    tcase_add_test(memory, a_run_asks_for_no_memory);
    tcase_add_loop_test(memory, each_allocation_may_fail, 0, 2);
    suite_add_tcase(suite, memory);
    TCase *profile = tcase_create("profile");
    tcase_add_test(profile, a_profile_counts_steps_runs_and_bytes);
    tcase_add_test(profile, of_a_table_the_rows_that_ids_name_count);
    tcase_add_test(profile, of_the_clocks_of_rows_those_that_ids_name_count);
    tcase_add_test(profile, no_profile_without_the_wish_nor_beside_check_finite);
    suite_add_tcase(suite, profile);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
