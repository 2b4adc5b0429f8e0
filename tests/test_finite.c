/* SPDX-License-Identifier: MIT
 *
 * The first number that is not finite: found where it was made, told in words, its inputs to be
 * read; and what trains well trains the same with the look as without. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "graph.h"
#include "grove/embeddings.h"
#include "grove/grad.h"
#include "grove/layers.h"
#include "grove/losses.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "hostile_allocator.h"
#include "scene.h"

enum { ROWS = 24, WIDTH = 4 };

static const grove_real endless = (grove_real)INFINITY, nothing = (grove_real)NAN;
static const grove_real largest =
    (grove_real)(sizeof(grove_real) == sizeof(double) ? 1.7e308 : 3.4e38);

typedef struct net {
    grove_graph *graph;
    grove_tensor x, output;
    grove_plan *plan;
    grove_real numbers[ROWS * WIDTH];
} net;

/* x [batch, WIDTH], all ones. */
static net open_net(void) {
    net n = {.graph = grove_graph_new(&(grove_graph_options){.seed = 1})};
    n.x = grove_input_reals(n.graph, "x", GROVE_BATCH, WIDTH);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        n.numbers[i] = 1;
    }
    return n;
}

static void plan_net(net *n, grove_tensor output, int threads) {
    grove_plan_options options = {
        .batch = ROWS, .training = true, .check_finite = true, .threads = threads};
    n->output = output;
    n->plan = grove_plan_new(n->graph, &output, 1, &options);
    ck_assert_str_eq(grove_plan_error(n->plan)->message, "");
    grove_bind(n->plan, n->x, n->numbers);
}

static void close_net(net *n) {
    grove_plan_free(n->plan);
    grove_graph_free(n->graph);
}

/* Runs into a bad number, and says what was found. */
static grove_nonfinite run_into(net *n, grove_phase phase, const char *words) {
    ck_assert_int_eq(grove_run(n->plan), GROVE_BAD_DATA);
    ck_assert_str_eq(grove_plan_error(n->plan)->message, words);
    const grove_nonfinite *found = grove_plan_nonfinite(n->plan);
    ck_assert_ptr_nonnull(found);
    ck_assert_int_eq(found->phase, phase);
    return *found;
}

static void run_well(net *n) {
    ck_assert_msg(grove_run(n->plan) == GROVE_OK, "%s", grove_plan_error(n->plan)->message);
    ck_assert_ptr_null(grove_plan_nonfinite(n->plan));
}

static void expect_place(const grove_nonfinite *found, size_t row, size_t position, size_t count) {
    ck_assert_uint_eq(found->row, row);
    ck_assert_uint_eq(found->position, position);
    ck_assert_uint_eq(found->count, count);
}

static void expect_same_node(grove_tensor a, grove_tensor b) {
    ck_assert_int_eq(a.index, b.index);
}

static grove_tensor weight(net *n, const char *name, int64_t rows, int64_t width, double value) {
    grove_init init = {.kind = GROVE_INIT_CONSTANT, .a = value};
    return grove_parameter(n->graph, name, GROVE_SHAPE(rows, width), init);
}

/* ---- what is brought along ------------------------------------------------------------------- */

START_TEST(an_input_is_looked_at_first) {
    net n = open_net();
    plan_net(&n, grove_relu(n.x), 1);
    n.numbers[17 * WIDTH + 3] = nothing;
    n.numbers[20 * WIDTH] = endless;
    grove_nonfinite found =
        run_into(&n, GROVE_PHASE_INPUT,
                 "input (node 0, 'x'): nan at row 17, column 3, the first of 2 such numbers");
    expect_place(&found, 17, 3, 2);
    ck_assert(isnan(found.value));
    expect_same_node(found.node, n.x);
    expect_same_node(found.tensor, n.x);
    ck_assert(!grove_is_valid(found.parameter) && !grove_is_valid(found.gradient_of));
    ck_assert_ptr_eq(grove_value(n.plan, n.x), n.numbers);
    n.numbers[17 * WIDTH + 3] = n.numbers[20 * WIDTH] = largest;
    run_well(&n);
    close_net(&n);
}
END_TEST

START_TEST(what_the_graph_keeps_is_looked_at_too) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 1), bias = weight(&n, "bias", 1, 3, 0);
    plan_net(&n, grove_add(grove_matmul(n.x, w, false, true), grove_reshape(bias, GROVE_SHAPE(3))),
             1);
    run_well(&n);
    ((grove_real *)grove_parameter_data(w))[2 * WIDTH + 1] = -endless;
    grove_nonfinite found =
        run_into(&n, GROVE_PHASE_STORED, "parameter (node 1, 'w'): -inf at row 2, column 1");
    expect_place(&found, 2, 1, 1);
    expect_same_node(found.parameter, w);
    ck_assert(found.value == (double)-INFINITY);
    close_net(&n);
}
END_TEST

/* Whatever the length and the place: the kernel that looks works on many numbers at once. */
START_TEST(each_place_and_each_kind_is_seen) {
    static const grove_real kinds[] = {(grove_real)NAN, -(grove_real)NAN, (grove_real)INFINITY,
                                       (grove_real)-INFINITY};
    static grove_real x[80];
    const grove_real fine[] = {0, -(grove_real)0, largest, -largest, (grove_real)1e-40, -1};
    for (int64_t size = 1; size <= 70; size++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor in = grove_input_reals(g, "x", size), y = grove_neg(in);
        grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.check_finite = true});
        for (int64_t i = 0; i < 80; i++) {
            x[i] = i < size ? fine[i % 6] : nothing; /* beyond the end nobody looks */
        }
        grove_bind(plan, in, x);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        for (int64_t i = 0; i < size; i++) {
            x[i] = kinds[i % 4];
            ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
            ck_assert_int_eq((int64_t)grove_plan_nonfinite(plan)->row, i);
            x[i] = fine[i % 6];
        }
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- forward --------------------------------------------------------------------------------- */

START_TEST(an_op_that_makes_one_is_named) {
    net n = open_net();
    grove_tensor p = grove_scale(n.x, 0.5), y = grove_log(p);
    plan_net(&n, grove_name(grove_sum(y, GROVE_ALL_AXES), "score"), 1);
    run_well(&n);
    ck_assert_ptr_null(grove_value(n.plan, p)); /* it was not kept */
    n.numbers[5 * WIDTH + 2] = n.numbers[6 * WIDTH] = 0;
    grove_nonfinite found =
        run_into(&n, GROVE_PHASE_FORWARD,
                 "log (node 2), forward, on the way to 'score': -inf at row 5, column 2, the first "
                 "of 2 such numbers; all that it reads is finite: it was made here, where scale "
                 "(node 1) is 0");
    expect_place(&found, 5, 2, 2);
    expect_same_node(found.node, y);
    /* Its input, and what it made of it, are still in place. */
    const grove_real *read = grove_value(n.plan, p), *made = grove_value(n.plan, y);
    ck_assert(read && made);
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        ck_assert(read[i] == n.numbers[i] / 2);
        ck_assert((read[i] == 0) == !isfinite(made[i]));
    }
    n.numbers[5 * WIDTH + 2] = n.numbers[6 * WIDTH] = 1;
    run_well(&n);
    ck_assert_ptr_null(grove_value(n.plan, p));
    close_net(&n);
}
END_TEST

/* exp works in place where it may, and reshape is an alias: the input is there all the same. */
START_TEST(an_op_in_place_leaves_its_input) {
    net n = open_net();
    grove_tensor h = grove_scale(n.x, 1000),
                 flat = grove_reshape(h, GROVE_SHAPE(2 * GROVE_BATCH, 2));
    grove_tensor y = grove_exp(flat);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        n.numbers[i] = i == 77 ? 1 : 0;
    }
    plan_net(&n, grove_sum(y, GROVE_ALL_AXES), 1);
    grove_nonfinite found =
        run_into(&n, GROVE_PHASE_FORWARD,
                 "exp (node 3), forward: inf at row 38, column 1; all that it reads is finite: it "
                 "was made here, where reshape (node 2) is 1000");
    expect_place(&found, 38, 1, 1);
    ck_assert(((const grove_real *)grove_value(n.plan, flat))[77] == 1000);
    ck_assert_ptr_eq(grove_value(n.plan, h), grove_value(n.plan, flat));
    ck_assert(((const grove_real *)grove_value(n.plan, y))[77] == endless);
    close_net(&n);
}
END_TEST

START_TEST(places_of_every_rank_in_words) {
    static const char *const words[] = {
        "log (node 2), forward: -inf; all that it reads is finite: it was made here, where reshape "
        "(node 1) is 0",
        "log (node 2), forward: -inf at row 0; all that it reads is finite: it was made here, "
        "where reshape (node 1) is 0",
        "log (node 2), forward: -inf at row 0, column 0; all that it reads is finite: it was made "
        "here, where reshape (node 1) is 0",
        "log (node 2), forward: -inf at row 1, place [0, 2]; all that it reads is finite: it was "
        "made here, where reshape (node 1) is 0"};
    const grove_shape shapes[] = {GROVE_SCALAR, GROVE_SHAPE(1), GROVE_SHAPE(1, 1),
                                  GROVE_SHAPE(2, 2, 3)};
    for (int i = 0; i < 4; i++) {
        grove_real x[12] = {0};
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor in = grove_input_reals(g, "x", i < 3 ? 1 : 12);
        grove_tensor y = grove_log(grove_reshape(in, shapes[i]));
        grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.check_finite = true});
        for (int k = 0; k < 12; k++) {
            x[k] = i == 3 && k != 8 ? 1 : 0;
        }
        grove_bind(plan, in, x);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        ck_assert_str_eq(grove_plan_error(plan)->message, words[i]);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(a_product_tells_what_its_inputs_hold) {
    net n = open_net();
    grove_tensor w = weight(&n, "hidden.weight", 3, WIDTH, (double)largest);
    ((grove_real *)grove_parameter_data(w))[0] = 0;
    plan_net(&n, grove_name(grove_matmul(n.x, w, false, true), "hidden"), 1);
    n.numbers[0] = -1;
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    const char *message = grove_plan_error(n.plan)->message;
    ck_assert_msg(strstr(message, "matmul (node 2, 'hidden'), forward: inf at row 0, column 0"),
                  "%s", message);
    ck_assert_msg(strstr(message, "where 'x' lies from -1 to 1, 'hidden.weight' lies from 0 to "),
                  "%s", message);
    close_net(&n);
}
END_TEST

/* Large enough for many tiles: the look comes after all of them, so what is found is the same. */
START_TEST(threads_find_the_same) {
    enum { MANY = 1 << 19 };
    static grove_real x[MANY];
    grove_nonfinite first = {0};
    char words[512] = "";
    for (int threads = 1; threads <= 4; threads += 3) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor in = grove_input_reals(g, "x", GROVE_BATCH, 8), y = grove_exp(in);
        grove_plan_options options = {.batch = MANY / 8, .threads = threads, .check_finite = true};
        grove_plan *plan = grove_plan_new(g, &y, 1, &options);
        x[MANY - 3] = x[MANY / 2] = 1000;
        grove_bind(plan, in, x);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        grove_nonfinite found = *grove_plan_nonfinite(plan);
        expect_place(&found, MANY / 16, 0, 2);
        if (threads == 1) {
            first = found;
            strcpy(words, grove_plan_error(plan)->message);
        }
        ck_assert(found.row == first.row && found.position == first.position);
        ck_assert_str_eq(grove_plan_error(plan)->message, words);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- backward -------------------------------------------------------------------------------- */

/* sqrt(0) is 0, but its slope is 1 / 0. Nothing has moved when that is found. */
START_TEST(a_bad_gradient_stops_before_any_update) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 1), v = weight(&n, "v", 2, 3, 0.25);
    grove_tensor h = grove_name(grove_matmul(n.x, w, false, true), "h");
    grove_tensor root = grove_sqrt(h);
    grove_tensor loss = grove_sum(grove_matmul(root, v, false, true), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.1));
    plan_net(&n, step, 1);
    for (int k = 0; k < WIDTH; k++) {
        n.numbers[7 * WIDTH + k] = 0;
    }
    grove_real kept_w[3 * WIDTH], kept_v[6];
    memcpy(kept_w, grove_parameter_data(w), sizeof kept_w);
    memcpy(kept_v, grove_parameter_data(v), sizeof kept_v);
    grove_nonfinite found = run_into(
        &n, GROVE_PHASE_BACKWARD,
        "div (node 11), backward of sqrt (node 4), on the way to the gradient of 'w': inf at row "
        "7, column 0, the first of 3 such numbers; all that it reads is finite: it was made here, "
        "where matmul (node 9) is 0.5, sqrt (node 4) is 0");
    expect_place(&found, 7, 0, 3);
    expect_same_node(found.backward_of, root);
    expect_same_node(found.parameter, w);
    ck_assert(!grove_is_valid(found.gradient_of));
    ck_assert(((const grove_real *)grove_value(n.plan, root))[7 * 3] == 0);
    ck_assert(memcmp(kept_w, grove_parameter_data(w), sizeof kept_w) == 0);
    ck_assert(memcmp(kept_v, grove_parameter_data(v), sizeof kept_v) == 0);
    for (int32_t i = 0; i < grove_parameter_count(n.graph); i++) { /* moments and clocks neither */
        grove_tensor state = grove_parameter_at(n.graph, i);
        const unsigned char *bytes = grove_parameter_data(state);
        size_t size = grove_type_size(grove_node_type(state)) * grove_parameter_size(state);
        for (size_t k = 0; k < size && !grove_parameter_is_trainable(state); k++) {
            ck_assert_uint_eq(bytes[k], 0);
        }
    }
    ck_assert_uint_eq(grove_training_runs(n.graph), 0);
    close_net(&n);
}
END_TEST

START_TEST(a_gradient_of_a_node_is_called_so) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 0);
    grove_tensor h = grove_name(grove_matmul(n.x, w, false, true), "h");
    grove_tensor scale = grove_input_reals(n.graph, "scale", GROVE_BATCH, 3);
    grove_tensor loss = grove_sum(grove_mul(grove_mul(h, scale), scale), GROVE_ALL_AXES);
    plan_net(&n, grove_minimize(loss, GROVE_SGD(.rate = 1)), 1);
    grove_real scales[ROWS * 3];
    for (int i = 0; i < ROWS * 3; i++) {
        scales[i] = i == 40 ? largest : 1;
    }
    grove_bind(n.plan, scale, scales);
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    const char *message = grove_plan_error(n.plan)->message;
    ck_assert_msg(strstr(message, ", backward of mul (node 4), the gradient of 'h', on the way to "
                                  "the gradient of 'w': inf at row 13, column 1; all"),
                  "%s", message);
    expect_same_node(grove_plan_nonfinite(n.plan)->node, grove_gradient_of(h));
    expect_same_node(grove_plan_nonfinite(n.plan)->gradient_of, h);
    for (int i = 0; i < ROWS; i++) { /* now w's own gradient is too large */
        scales[i] = 1;
        n.numbers[i * WIDTH + 2] = largest;
    }
    scales[40] = 1;
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    message = grove_plan_error(n.plan)->message;
    ck_assert_msg(strstr(message, ", backward of 'h', the gradient of 'w': inf at row 0, column 2, "
                                  "the first of 3 such numbers; all"),
                  "%s", message);
    expect_same_node(grove_plan_nonfinite(n.plan)->gradient_of, w);
    expect_same_node(grove_plan_nonfinite(n.plan)->parameter, w);
    expect_same_node(grove_plan_nonfinite(n.plan)->backward_of, h);
    close_net(&n);
}
END_TEST

/* A scatter of rows is never computed: what it would scatter is looked at, and the table named. */
START_TEST(a_table_is_named_without_its_scatter) {
    net n = open_net();
    grove_id ids[ROWS] = {0};
    grove_tensor who = grove_input_ids(n.graph, "who", GROVE_BATCH);
    grove_tensor e = grove_nn_embedding(who, 5, WIDTH, "animal");
    grove_tensor table = grove_find(n.graph, "animal.weight");
    grove_real *numbers = grove_parameter_data(table);
    for (size_t i = 0; i < 5 * WIDTH; i++) {
        numbers[i] = i == 3 * WIDTH + 1 ? 0 : 1;
    }
    grove_tensor loss = grove_sum(grove_mul(grove_sqrt(e), n.x), GROVE_ALL_AXES);
    plan_net(&n, grove_minimize(loss, GROVE_SGD(.rate = 1)), 1);
    ids[9] = 3;
    grove_bind(n.plan, who, ids);
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    const char *message = grove_plan_error(n.plan)->message;
    ck_assert_msg(strstr(message, ", backward of sqrt (node 4), on the way to the gradient of "
                                  "'animal.weight': inf at row 9, column 1; all"),
                  "%s", message);
    expect_same_node(grove_plan_nonfinite(n.plan)->parameter, table);
    ck_assert(numbers[0] == 1);
    close_net(&n);
}
END_TEST

/* Clipping works on gradients after the backward pass, and belongs to it. */
START_TEST(clipping_is_part_of_the_way_back) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 0);
    grove_tensor loss = grove_sum(grove_matmul(n.x, w, false, true), GROVE_ALL_AXES);
    plan_net(&n, grove_minimize(loss, GROVE_SGD(.rate = 1, .clip_norm = 1)), 1);
    n.numbers[0] = largest;
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    const grove_nonfinite *found = grove_plan_nonfinite(n.plan);
    ck_assert_int_eq(found->phase, GROVE_PHASE_BACKWARD);
    ck_assert_str_eq(grove_node_op(found->node), "mul"); /* the square of the gradient */
    ck_assert(!grove_is_valid(found->gradient_of));
    expect_same_node(found->parameter, w);
    close_net(&n);
}
END_TEST

/* A gradient that a loss is made of is on the way forward there. */
START_TEST(a_loss_of_gradients_is_forward) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 1);
    grove_tensor y = grove_sum(grove_exp(grove_matmul(n.x, w, false, true)), GROVE_ALL_AXES);
    grove_tensor dw = grove_gradient(y, w);
    grove_tensor penalty = grove_sum(grove_exp(dw), GROVE_ALL_AXES);
    plan_net(&n, grove_minimize(penalty, GROVE_SGD(.rate = 1)), 1);
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA); /* exp(24 * e^4) */
    const grove_nonfinite *found = grove_plan_nonfinite(n.plan);
    ck_assert_int_eq(found->phase, GROVE_PHASE_FORWARD);
    ck_assert_str_eq(grove_node_op(found->node), "exp");
    close_net(&n);
}
END_TEST

/* ---- updates --------------------------------------------------------------------------------- */

START_TEST(an_update_that_overflows_names_its_parameter) {
    net n = open_net();
    grove_tensor w = weight(&n, "w", 3, WIDTH, 0);
    grove_tensor loss = grove_sum(grove_matmul(n.x, w, false, true), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1e30));
    plan_net(&n, step, 1);
    for (int i = 0; i < ROWS; i++) {
        n.numbers[i * WIDTH + 1] = (grove_real)((double)largest / 100);
    }
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    const grove_nonfinite *found = grove_plan_nonfinite(n.plan);
    ck_assert_int_eq(found->phase, GROVE_PHASE_UPDATE);
    expect_same_node(found->tensor, w);
    expect_same_node(found->parameter, w);
    expect_place(found, 0, 1, 3);
    ck_assert_str_eq(grove_node_op(found->node), "sgd");
    const char *message = grove_plan_error(n.plan)->message;
    ck_assert_msg(strstr(message, "), an update of 'w': -inf in 'w' at row 0, column 1, the first "
                                  "of 3 such numbers; all"),
                  "%s", message);
    ck_assert_msg(strstr(message, "'optimizer.rate' is 1e+30"), "%s", message);
    close_net(&n);
}
END_TEST

/* ---- what is well ---------------------------------------------------------------------------- */

START_TEST(nothing_is_finite) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3), y = grove_log(x);
    grove_tensor z = grove_sum(y, GROVE_ALL_AXES);
    grove_plan_options options = {.batch = GROVE_EMPTY, .check_finite = true};
    grove_plan *plan = grove_plan_new(g, &z, 1, &options);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_ptr_null(grove_plan_nonfinite(plan));
    ck_assert_ptr_null(grove_plan_nonfinite(NULL));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A run that fails otherwise is no finding, and without the option nothing is looked for. */
START_TEST(other_mistakes_are_no_finding) {
    net n = open_net();
    plan_net(&n, grove_log(n.x), 1);
    n.numbers[0] = 0;
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(grove_plan_nonfinite(n.plan));
    grove_bind(n.plan, n.x, NULL);
    ck_assert_int_eq(grove_run(n.plan), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_null(grove_plan_nonfinite(n.plan));
    grove_plan *plan = grove_plan_new(n.graph, &n.output, 1, &(grove_plan_options){.batch = ROWS});
    grove_bind(plan, n.x, n.numbers);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert(((const grove_real *)grove_value(plan, n.output))[0] == -endless);
    ck_assert_ptr_null(grove_plan_nonfinite(plan));
    grove_plan_free(plan);
    close_net(&n);
}
END_TEST

/* ---- every layer and every loss trains on under the look ------------------------------------- */

enum { BATCH = 4, TIME = 3, MODEL = 8, STEPS = 12 };

/* What a builder may use: sequences [batch, TIME, MODEL] of which some places are padding (keep, 0
 * there); ids of words, likewise; a label and a target for each row. */
typedef struct world {
    grove_graph *g;
    grove_tensor x, keep, words, label, target;
} world;

static grove_tensor flat(grove_tensor x, const char *name) {
    return grove_nn_dense(grove_reshape(x, GROVE_SHAPE(GROVE_BATCH, TIME * MODEL)), 3, name);
}
static grove_tensor rows(const world *w) {
    return flat(w->x, "out");
}
static grove_tensor classes(const world *w, grove_tensor x) {
    return grove_softmax_cross_entropy(flat(x, "out"), w->label);
}

static grove_tensor layer_norm(const world *w) {
    return classes(w, grove_nn_layer_norm(w->x, "norm", NULL));
}
static grove_tensor batch_norm(const world *w) {
    return classes(w, grove_nn_batch_norm(w->x, "norm", NULL));
}
static grove_tensor attention(const world *w) {
    grove_attention_options options = {.keep = w->keep, .causal = true, .dropout = 0.25};
    return classes(
        w, grove_nn_attention(grove_nn_position_embedding(w->x, "place"), 2, "look", &options));
}
static grove_tensor attention_to_memory(const world *w) {
    grove_attention_options options = {.memory = w->x, .keep = w->keep};
    return classes(w,
                   grove_nn_attention(grove_nn_position_waves(w->x, "wave"), 2, "look", &options));
}
static grove_tensor transformer(const world *w) {
    grove_transformer_options options = {.keep = w->words, .dropout = 0.1};
    return classes(w, grove_nn_transformer_block(w->x, 2, "block", &options));
}
static grove_tensor gru(const world *w) {
    return classes(w, grove_nn_gru(w->x, MODEL, "gru", NULL));
}
static grove_tensor embedding(const world *w) {
    return classes(w, grove_nn_embedding(w->words, 6, MODEL, "word"));
}
static grove_tensor bag_of(const world *w, grove_bag_mode mode) {
    grove_nn_embedding_bag_options options = {.bag = {.mode = mode, .padded = true, .padding = 0}};
    grove_tensor bag = grove_nn_embedding_bag(w->words, 6, MODEL, "bag", &options);
    return grove_softmax_cross_entropy(grove_nn_dense(bag, 3, "out"), w->label);
}
static grove_tensor bag_sum(const world *w) {
    return bag_of(w, GROVE_BAG_SUM);
}
static grove_tensor bag_mean(const world *w) {
    return bag_of(w, GROVE_BAG_MEAN);
}
static grove_tensor bag_max(const world *w) {
    return bag_of(w, GROVE_BAG_MAX);
}
static grove_tensor dropout(const world *w) {
    return classes(w, grove_dropout(grove_relu(grove_gelu(w->x)), 0.5));
}
static grove_tensor smoothed(const world *w) {
    grove_cross_entropy_options options = {.smoothing = 0.1};
    return grove_softmax_cross_entropy_with(rows(w), w->label, GROVE_NONE, &options);
}
static grove_tensor focal(const world *w) {
    return grove_focal_loss(rows(w), w->label, 2, GROVE_NONE, GROVE_NONE);
}
static grove_tensor focal_half(const world *w) {
    return grove_focal_loss(grove_scale(rows(w), 200), w->label, 0.5, GROVE_NONE, GROVE_NONE);
}
static grove_tensor binary(const world *w) {
    return grove_binary_cross_entropy(grove_scale(rows(w), 500), grove_above(w->target, 0));
}
static grove_tensor binary_focal(const world *w) {
    grove_tensor targets = grove_above(w->target, 0);
    return grove_binary_focal_loss(grove_scale(rows(w), 500), targets, 2, 0.25, GROVE_NONE);
}
static grove_tensor binary_weighted(const world *w) {
    return grove_binary_cross_entropy_with(rows(w), grove_above(w->target, 0),
                                           grove_fill(w->g, GROVE_SCALAR, 3), GROVE_NONE);
}
static grove_tensor multi_label(const world *w) {
    return grove_multi_label_loss(rows(w), grove_above(w->target, 0), GROVE_NONE);
}
static grove_tensor squared(const world *w) {
    return grove_mean_squared_error(rows(w), w->target);
}
static grove_tensor absolute(const world *w) {
    return grove_mean_absolute_error(rows(w), w->target, GROVE_NONE);
}
static grove_tensor huber(const world *w) {
    return grove_huber_loss(rows(w), w->target, 0.5, GROVE_NONE);
}
static grove_tensor quantile(const world *w) {
    return grove_quantile_loss(rows(w), w->target, 0.9, GROVE_NONE);
}
static grove_tensor gaussian_kl(const world *w) {
    return grove_gaussian_kl(rows(w), flat(w->x, "spread"), GROVE_NONE, GROVE_NONE, GROVE_NONE);
}

static const struct {
    const char *name;
    grove_tensor (*build)(const world *w);
} losses[] = {{"layer norm", layer_norm},
              {"batch norm", batch_norm},
              {"attention, causal, with padding", attention},
              {"attention to a memory", attention_to_memory},
              {"transformer block", transformer},
              {"gru", gru},
              {"embedding", embedding},
              {"bag, sum", bag_sum},
              {"bag, mean", bag_mean},
              {"bag, max", bag_max},
              {"dropout", dropout},
              {"smoothed cross-entropy", smoothed},
              {"focal loss", focal},
              {"focal loss of answers that are sure", focal_half},
              {"binary cross-entropy of answers that are sure", binary},
              {"binary focal loss of answers that are sure", binary_focal},
              {"binary cross-entropy, weighted", binary_weighted},
              {"multi-label loss", multi_label},
              {"squared error", squared},
              {"absolute error", absolute},
              {"Huber's loss", huber},
              {"quantile loss", quantile},
              {"Kullback-Leibler", gaussian_kl}};
enum { LOSSES = sizeof losses / sizeof losses[0] };

static const grove_optimizer optimizers[] = {
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.01, .momentum = 0.9, .nesterov = true},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01, .clip_norm = 1, .average = 0.9},
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.01, .clip_value = 1, .lazy = true},
    {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.01},
    {.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, .rate = 0.01},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.01, .centered = true, .lazy = true}};
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

/* Trains, and copies all that the graph stores to `end`; returns how many bytes. The first sequence
 * is all padding. */
static size_t train(int loss, int optimizer, bool check, unsigned char *end) {
    static grove_real x[BATCH * TIME * MODEL], keep[BATCH * TIME], target[BATCH * 3];
    static const grove_id words[BATCH * TIME] = {0, 0, 0, 1, 2, 0, 3, 0, 0, 5, 5, 4};
    static const grove_id label[BATCH] = {0, 2, 1, 2};
    for (size_t i = 0; i < BATCH * TIME * MODEL; i++) {
        x[i] = (grove_real)scene_draw_signed(i, 1);
        keep[i % (BATCH * TIME)] = words[i % (BATCH * TIME)] > 0;
        target[i % (BATCH * 3)] = (grove_real)scene_draw_signed(i, 2);
    }
    world w = {.g = grove_graph_new(&(grove_graph_options){.seed = 5})};
    w.x = grove_input_reals(w.g, "x", GROVE_BATCH, TIME, MODEL);
    w.keep = grove_input_reals(w.g, "keep", GROVE_BATCH, TIME);
    w.words = grove_input_ids(w.g, "words", GROVE_BATCH, TIME);
    w.label = grove_input_ids(w.g, "label", GROVE_BATCH);
    w.target = grove_input_reals(w.g, "target", GROVE_BATCH, 3);
    grove_tensor step = grove_minimize(losses[loss].build(&w), &optimizers[optimizer]);
    grove_plan_options options = {.batch = BATCH, .training = true, .check_finite = check};
    grove_plan *plan = grove_plan_new(w.g, &step, 1, &options);
    grove_bind(plan, w.x, x);
    grove_bind(plan, w.keep, keep);
    grove_bind(plan, w.words, words);
    grove_bind(plan, w.label, label);
    grove_bind(plan, w.target, target);
    size_t size = 0;
    for (int i = 0; i < STEPS; i++) {
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s, optimizer %d, step %d: %s",
                      losses[loss].name, optimizer, i, grove_plan_error(plan)->message);
    }
    for (int32_t i = 0; i < grove_parameter_count(w.g); i++) {
        grove_tensor p = grove_parameter_at(w.g, i);
        size_t bytes = grove_parameter_size(p) * grove_type_size(grove_node_type(p));
        ck_assert_uint_le(size + bytes, 1 << 16);
        memcpy(end + size, grove_parameter_data(p), bytes);
        size += bytes;
    }
    grove_plan_free(plan);
    grove_graph_free(w.g);
    return size;
}

START_TEST(what_trains_well_trains_the_same) {
    static unsigned char with[1 << 16], without[1 << 16];
    for (int optimizer = 0; optimizer < OPTIMIZERS; optimizer++) {
        size_t size = train(_i, optimizer, true, with);
        ck_assert_uint_eq(size, train(_i, optimizer, false, without));
        ck_assert_msg(memcmp(with, without, size) == 0, "%s gives other bits", losses[_i].name);
    }
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

START_TEST(looking_asks_for_no_memory_but_the_plan_s) {
    for (size_t fail = 1; fail < 100; fail++) {
        hostile_memory memory = {.fail_at = fail};
        net n = open_net();
        grove_tensor y = grove_log(n.x);
        grove_plan_options options = {
            .batch = ROWS, .check_finite = true, .allocator = hostile_allocator(&memory)};
        grove_plan *plan = grove_plan_new(n.graph, &y, 1, &options);
        bool made = plan && grove_plan_error(plan)->status == GROVE_OK;
        size_t calls = memory.calls;
        n.numbers[0] = 0;
        grove_bind(plan, n.x, n.numbers);
        ck_assert_int_eq(grove_run(plan), made ? GROVE_BAD_DATA : GROVE_NO_MEMORY);
        ck_assert_uint_eq(memory.calls, calls);
        grove_plan_free(plan);
        ck_assert_uint_eq(memory.live, 0);
        grove_graph_free(n.graph);
        if (made) {
            return;
        }
    }
    ck_abort_msg("it asks for memory without end");
}
END_TEST

static void add_found(Suite *suite) {
    TCase *found = tcase_create("found");
    tcase_add_test(found, an_input_is_looked_at_first);
    tcase_add_test(found, what_the_graph_keeps_is_looked_at_too);
    tcase_add_test(found, each_place_and_each_kind_is_seen);
    tcase_add_test(found, an_op_that_makes_one_is_named);
    tcase_add_test(found, an_op_in_place_leaves_its_input);
    tcase_add_test(found, places_of_every_rank_in_words);
    tcase_add_test(found, a_product_tells_what_its_inputs_hold);
    tcase_add_test(found, threads_find_the_same);
    tcase_add_test(found, a_bad_gradient_stops_before_any_update);
    tcase_add_test(found, a_gradient_of_a_node_is_called_so);
    tcase_add_test(found, a_table_is_named_without_its_scatter);
    tcase_add_test(found, clipping_is_part_of_the_way_back);
    tcase_add_test(found, a_loss_of_gradients_is_forward);
    tcase_add_test(found, an_update_that_overflows_names_its_parameter);
    suite_add_tcase(suite, found);
}

int main(void) {
    Suite *suite = suite_create("finite");
    add_found(suite);
    TCase *well = tcase_create("well");
    tcase_set_timeout(well, 60);
    tcase_add_test(well, nothing_is_finite);
    tcase_add_test(well, other_mistakes_are_no_finding);
    tcase_add_loop_test(well, what_trains_well_trains_the_same, 0, LOSSES);
    tcase_add_test(well, looking_asks_for_no_memory_but_the_plan_s);
    suite_add_tcase(suite, well);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
