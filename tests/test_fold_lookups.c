/* SPDX-License-Identifier: MIT
 *
 * Lookups folded into the product behind them (lib/nn/fold_lookups.c): the same numbers and
 * gradients, what is folded and what is not, training, mistakes, memory that fails. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/embeddings.h"
#include "grove/grove.h"
#include "hostile_allocator.h"

enum { BATCH = 48, UNITS = 16, NUMBERS = 3, COLUMNS = 4, MOST = 40 * UNITS };

/* Tables of at most a quarter of the batch are folded: all but the third. */
static const int64_t rows[COLUMNS] = {5, 2, 13, 12}, widths[COLUMNS] = {8, 4, 6, 7};

typedef struct net {
    grove_graph *graph;
    grove_tensor ids[COLUMNS], numbers, x, y, loss, folded;
    grove_id id[COLUMNS][BATCH];
    grove_real number[BATCH * NUMBERS];
} net;

typedef struct kind {
    bool no_bias, no_numbers, turned_weight, dropout;
} kind;

static void fill_inputs(net *n) {
    for (int i = 0; i < BATCH; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            n->id[c][i] = (grove_id)(i * (c + 3) / 2 % rows[c]);
        }
        for (int k = 0; k < NUMBERS; k++) {
            n->number[i * NUMBERS + k] = (grove_real)((i * 7 + k * 5) % 11) / 8 - 1;
        }
    }
}

static void add_features(net *n, bool no_numbers) {
    grove_tensor parts[COLUMNS + 1];
    char name[24];
    for (int c = 0; c < COLUMNS; c++) {
        snprintf(name, sizeof name, "ids%d", c);
        n->ids[c] = grove_input_ids(n->graph, name, GROVE_BATCH);
        snprintf(name, sizeof name, "table%d", c);
        parts[c] = grove_nn_embedding(n->ids[c], rows[c], widths[c], name);
    }
    n->numbers = grove_input_reals(n->graph, "numbers", GROVE_BATCH, NUMBERS);
    parts[COLUMNS] = n->numbers;
    n->x = grove_concat(parts, no_numbers ? COLUMNS : COLUMNS + 1, 1);
}

static grove_tensor first_layer(net *n, const kind *k) {
    const grove_init spread = {.kind = GROVE_INIT_XAVIER_UNIFORM};
    if (!k->turned_weight) {
        return grove_nn_dense_with(n->x, UNITS, "hidden",
                                   &(grove_dense_options){.no_bias = k->no_bias});
    }
    int64_t in = grove_node_shape(n->x).dim[1];
    grove_tensor w = grove_parameter(n->graph, "hidden.weight", GROVE_SHAPE(in, UNITS), spread);
    return grove_matmul(n->x, w, false, false);
}

static net make_in(const kind *k, const grove_allocator *allocator) {
    net n = {.graph = grove_graph_new(&(grove_graph_options){.seed = 11, .allocator = *allocator})};
    fill_inputs(&n);
    add_features(&n, k->no_numbers);
    n.y = first_layer(&n, k);
    grove_tensor h = grove_relu(n.y);
    h = k->dropout ? grove_dropout(h, 0.3) : h;
    h = grove_nn_dense(h, 3, "out");
    n.loss = grove_name(grove_mean(grove_mul(h, h), GROVE_ALL_AXES), "loss");
    return n;
}

static net make(kind k) {
    net n = make_in(&k, &(grove_allocator){0});
    n.folded = grove_fold_lookups(n.loss, BATCH);
    ck_assert_str_eq(grove_graph_error(n.graph)->message, "");
    return n;
}

static void bind_all(net *n, grove_plan *plan) {
    for (int c = 0; c < COLUMNS; c++) {
        grove_bind(plan, n->ids[c], n->id[c]);
    }
    grove_bind(plan, n->numbers, n->number);
}

static grove_plan *plan_of(net *n, const grove_tensor *outputs, int count, int threads) {
    grove_plan *plan =
        grove_plan_new(n->graph, outputs, count,
                       &(grove_plan_options){.batch = BATCH, .training = true, .threads = threads});
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    bind_all(n, plan);
    return plan;
}

/* How many nodes of that op lie below the tensor. */
static int count_below(grove_tensor top, const char *op) {
    bool below[512] = {false};
    int count = 0;
    ck_assert_int_lt(top.index, 512);
    below[top.index] = true;
    for (int32_t i = top.index; i >= 0; i--) {
        grove_tensor node = grove_node_at(top.graph, i);
        count += below[i] && strcmp(grove_node_op(node), op) == 0;
        for (int k = 0; below[i] && k < grove_node_inputs(node); k++) {
            below[grove_node_input(node, k).index] = true;
        }
    }
    return count;
}

/* ---- the same numbers ------------------------------------------------------------------------ */

static double tolerance(void) {
    return sizeof(grove_real) == sizeof(double) ? 1e-13 : 2e-6;
}

static void expect_near(grove_plan *plan, grove_tensor a, grove_tensor b, const char *what) {
    const grove_real *x = grove_value(plan, a), *y = grove_value(plan, b);
    double most = 0, off = 0;
    ck_assert_uint_eq(grove_value_count(plan, a), grove_value_count(plan, b));
    for (size_t i = 0; i < grove_value_count(plan, a); i++) {
        most = fmax(most, fabs((double)x[i]));
        off = fmax(off, fabs((double)(x[i] - y[i])));
    }
    ck_assert_msg(off <= tolerance() * most, "%s: %g beside %g", what, off, most);
    ck_assert_msg(most > 0, "%s: nothing but zeros", what);
}

/* The loss and each parameter's gradient, both ways. */
static void expect_same(kind k) {
    net n = make(k);
    grove_tensor parameters[16], plain[16], folded[16], outputs[40] = {n.loss, n.folded};
    int count = 0, wanted = 2;
    for (int32_t i = 0; i < grove_parameter_count(n.graph); i++) {
        parameters[count++] = grove_parameter_at(n.graph, i);
    }
    grove_gradients(n.loss, parameters, count, plain);
    grove_gradients(n.folded, parameters, count, folded);
    for (int i = 0; i < count; i++) {
        outputs[wanted++] = plain[i];
        outputs[wanted++] = folded[i];
    }
    grove_plan *plan = plan_of(&n, outputs, wanted, 1);
    ck_assert_str_eq(grove_run(plan) == GROVE_OK ? "" : grove_plan_error(plan)->message, "");
    expect_near(plan, n.loss, n.folded, "loss");
    for (int i = 0; i < count; i++) {
        expect_near(plan, plain[i], folded[i], grove_node_name(parameters[i]));
    }
    grove_plan_free(plan);
    grove_graph_free(n.graph);
}

START_TEST(the_loss_and_all_gradients_are_the_same) {
    expect_same((kind){0});
    expect_same((kind){.no_bias = true});
    expect_same((kind){.no_numbers = true});
    expect_same((kind){.no_numbers = true, .no_bias = true});
    expect_same((kind){.turned_weight = true});
}
END_TEST

/* ---- what is folded -------------------------------------------------------------------------- */

START_TEST(small_tables_are_folded_and_others_stay) {
    net n = make((kind){0});
    ck_assert_int_ne(n.folded.index, n.loss.index);
    ck_assert_int_eq(count_below(n.folded, "embedding_sum"), 1);
    ck_assert_int_eq(count_below(n.folded, "embedding"), 1); /* of 13 rows for a batch of 48 */
    ck_assert_int_eq(count_below(n.loss, "embedding_sum"), 0);
    ck_assert_int_eq(count_below(n.loss, "embedding"), COLUMNS);
    ck_assert_str_eq(grove_node_name(n.folded), "loss.folded");
    ck_assert(grove_is_valid(grove_find(n.graph, "hidden.folded")));
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(what_does_not_pay_is_left_alone) {
    net n = make((kind){0});
    ck_assert_int_eq(grove_fold_lookups(n.loss, 8).index, n.loss.index); /* 8 numbers of a row */
    grove_tensor narrow = grove_nn_dense(n.x, 2, "narrow");
    ck_assert_int_eq(grove_fold_lookups(narrow, BATCH).index, narrow.index);
    ck_assert(!grove_is_valid(grove_fold_lookups(GROVE_NONE, BATCH)));
    grove_graph_free(n.graph);
}
END_TEST

/* x is there anyway, so its product with another weight is not folded either. */
START_TEST(a_row_that_others_read_is_left_alone) {
    net n = make((kind){0});
    grove_tensor twice = grove_add(n.y, grove_nn_dense_with(n.x, UNITS, "second", NULL));
    ck_assert_int_eq(grove_fold_lookups(twice, BATCH).index, twice.index);
    grove_graph_free(n.graph);
}
END_TEST

/* The gradient of the weight is put together from those of its parts. */
START_TEST(gradients_of_parts_are_joined) {
    net n = make((kind){0});
    grove_tensor weight = grove_find(n.graph, "hidden.weight");
    grove_tensor gradient = grove_gradient(n.folded, weight);
    ck_assert_str_eq(grove_node_op(gradient), "concat");
    ck_assert_int_eq(count_below(gradient, "pad"), 0);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(what_does_not_fit_is_not_substituted) {
    net n = make((kind){0});
    ck_assert_int_eq(grove_substitute(n.y, n.loss, n.folded, ".new").index, n.y.index);
    ck_assert(!grove_is_valid(grove_substitute(n.loss, n.y, n.x, ".new")));
    const char *words = grove_graph_error(n.graph)->message;
    ck_assert_msg(strstr(words, "type and shape"), "%s", words);
    grove_graph_free(n.graph);
}
END_TEST

/* ---- training -------------------------------------------------------------------------------- */

enum { STEPS = 30 };

static void train(kind k, bool folds, int threads, grove_real *table, grove_real *loss) {
    net n = make(k);
    grove_tensor of = folds ? n.folded : n.loss;
    grove_tensor outputs[] = {grove_minimize(of, GROVE_ADAMW(.rate = 0.01)), of};
    grove_plan *plan = plan_of(&n, outputs, 2, threads);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        loss[i] = (grove_real)grove_scalar(plan, of);
    }
    ck_assert_int_eq(grove_settle(outputs[0]), GROVE_OK);
    memcpy(table, grove_parameter_data(grove_find(n.graph, "table0.weight")),
           (size_t)(rows[0] * widths[0]) * sizeof *table);
    grove_plan_free(plan);
    grove_graph_free(n.graph);
}

/* Tables do not decay, folded or not. */
START_TEST(training_goes_the_same_way) {
    grove_real tables[2][MOST], losses[2][STEPS];
    train((kind){0}, false, 1, tables[0], losses[0]);
    train((kind){0}, true, 1, tables[1], losses[1]);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_double_eq_tol(losses[1][i], losses[0][i], 100 * tolerance());
    }
    for (int i = 0; i < rows[0] * widths[0]; i++) {
        ck_assert_double_eq_tol(tables[1][i], tables[0][i], 1000 * tolerance());
    }
    ck_assert(losses[1][STEPS - 1] < losses[1][0] / 2);
}
END_TEST

START_TEST(threads_change_no_bit) {
    grove_real tables[2][MOST], losses[2][STEPS];
    train((kind){.dropout = true}, true, 1, tables[0], losses[0]);
    for (int threads = 2; threads < 4; threads++) {
        train((kind){.dropout = true}, true, threads, tables[1], losses[1]);
        ck_assert_mem_eq(losses[1], losses[0], sizeof losses[0]);
        ck_assert_mem_eq(tables[1], tables[0], (size_t)(rows[0] * widths[0]) * sizeof tables[0][0]);
    }
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

START_TEST(a_bad_id_is_told_by_its_input) {
    net n = make((kind){0});
    grove_plan *plan = plan_of(&n, &n.folded, 1, 1);
    n.id[1][7] = 2;
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    const char *words = grove_plan_error(plan)->message;
    ck_assert_msg(strstr(words, "ids1") && strstr(words, "7") && strstr(words, "from 0 to 1"), "%s",
                  words);
    grove_plan_free(plan);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(memory_that_fails_is_told) {
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at++) {
        hostile_memory memory = {.fail_at = fail_at};
        grove_allocator allocator = hostile_allocator(&memory);
        net n = make_in(&(kind){0}, &allocator);
        const bool made = n.graph && grove_graph_error(n.graph)->status == GROVE_OK;
        const size_t before = memory.calls;
        grove_tensor folded = made ? grove_fold_lookups(n.loss, BATCH) : GROVE_NONE;
        if (made && before < fail_at) {
            done = memory.calls < fail_at;
            const grove_status status = grove_graph_error(n.graph)->status;
            ck_assert_int_eq(grove_is_valid(folded), status == GROVE_OK);
            ck_assert(status == GROVE_NO_MEMORY || status == GROVE_OK);
        }
        grove_graph_free(n.graph);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("folding");
    tcase_add_test(cases, the_loss_and_all_gradients_are_the_same);
    tcase_add_test(cases, small_tables_are_folded_and_others_stay);
    tcase_add_test(cases, what_does_not_pay_is_left_alone);
    tcase_add_test(cases, a_row_that_others_read_is_left_alone);
    tcase_add_test(cases, gradients_of_parts_are_joined);
    tcase_add_test(cases, what_does_not_fit_is_not_substituted);
    tcase_add_test(cases, training_goes_the_same_way);
    tcase_add_test(cases, threads_change_no_bit);
    tcase_add_test(cases, a_bad_id_is_told_by_its_input);
    tcase_add_test(cases, memory_that_fails_is_told);
    Suite *suite = suite_create("fold_lookups");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
