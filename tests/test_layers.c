/* SPDX-License-Identifier: MIT
 *
 * Layers made of several ops: numbers against plain loops, gradients against differences, masks bit
 * by bit, batch normalization in training and outside, files, refusals, memory that is short.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/layers.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "hostile_allocator.h"
#include "reference_layers.h"
#include "scene.h"

enum { MOST = 1024, INPUTS = 3, BATCH = 2, TIME = 3, WIDTH = 4, IN = 5 };

static const bool in_double = sizeof(grove_real) == sizeof(double);
static const double tolerance = sizeof(grove_real) == sizeof(double) ? 1e-11 : 2e-5;

/* ---- nets: a layer with its inputs ----------------------------------------------------------- */

typedef struct net {
    grove_graph *graph;
    grove_tensor x, memory, keep, y;
    grove_real x_data[MOST], memory_data[MOST], keep_data[MOST];
    grove_id keep_ids[MOST];
    int64_t batch;
} net;

typedef grove_tensor net_builder(net *n);

static size_t count_of(grove_tensor tensor, int64_t batch) {
    grove_shape shape = grove_node_shape(tensor);
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        count *= (size_t)(shape.dim[i] < 0 ? -shape.dim[i] * batch : shape.dim[i]);
    }
    return count;
}

/* x [batch, TIME, WIDTH], memory [batch, 2, IN], keep for x. */
static void open_inputs(net *n, const grove_allocator *allocator) {
    grove_graph_options options = {.seed = 3};
    if (allocator) {
        options.allocator = *allocator;
    }
    n->batch = BATCH;
    n->graph = grove_graph_new(&options);
    n->x = grove_input_reals(n->graph, "x", GROVE_BATCH, TIME, WIDTH);
    n->memory = grove_input_reals(n->graph, "memory", GROVE_BATCH, 2, IN);
    n->keep = grove_input_reals(n->graph, "keep", GROVE_BATCH, TIME);
    for (size_t i = 0; i < MOST; i++) {
        n->x_data[i] = (grove_real)scene_draw_signed(i, 1);
        n->memory_data[i] = (grove_real)scene_draw_signed(i, 2);
        n->keep_data[i] = i % 5 != 2;
        n->keep_ids[i] = i % 5 == 2 ? 0 : (grove_id)(i + 1);
    }
}

/* Every parameter gets numbers of both signs, so that none is 0 or 1 by beginning so. */
static void stir(const net *n) {
    for (int32_t i = 0; i < grove_parameter_count(n->graph); i++) {
        grove_tensor parameter = grove_parameter_at(n->graph, i);
        grove_real *data = grove_parameter_data(parameter);
        size_t count =
            grove_parameter_is_trainable(parameter) ? grove_parameter_size(parameter) : 0;
        for (size_t k = 0; k < count; k++) {
            data[k] = (grove_real)(0.5 * scene_draw_signed(k, 7 + i));
        }
    }
}

static net open_net(net_builder *build) {
    net n;
    open_inputs(&n, NULL);
    n.y = build(&n);
    ck_assert_msg(grove_is_valid(n.y), "%s", grove_graph_error(n.graph)->message);
    stir(&n);
    return n;
}

static void bind(const net *n, grove_plan *plan) {
    grove_bind(plan, n->x, n->x_data);
    grove_bind(plan, n->memory, n->memory_data);
    grove_bind(plan, n->keep,
               grove_node_type(n->keep) == GROVE_ID ? (const void *)n->keep_ids : n->keep_data);
}

static void run(const net *n, grove_plan *plan) {
    bind(n, plan);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
}

/* The numbers of a tensor [count], in a plan of its own. */
static void compute(const net *n, grove_tensor tensor, bool training, grove_real *numbers) {
    grove_plan_options options = {.batch = n->batch, .training = training};
    grove_plan *plan = grove_plan_new(n->graph, &tensor, 1, &options);
    run(n, plan);
    ck_assert_uint_le(grove_value_count(plan, tensor), MOST);
    memcpy(numbers, grove_value(plan, tensor), grove_value_count(plan, tensor) * sizeof *numbers);
    grove_plan_free(plan);
}

/* ---- the same in double ---------------------------------------------------------------------- */

typedef struct doubles {
    double at[MOST];
} doubles;

static doubles widen(const grove_real *numbers, size_t count) {
    doubles wide = {{0}};
    for (size_t i = 0; i < count; i++) {
        wide.at[i] = (double)numbers[i];
    }
    return wide;
}

static doubles of(const net *n, const char *name) {
    grove_tensor parameter = grove_find(n->graph, name);
    ck_assert_msg(grove_is_valid(parameter), "there is no '%s'", name);
    return widen(grove_parameter_data(parameter), grove_parameter_size(parameter));
}

static void expect_close(const grove_real *numbers, const double *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double scale = fmax(1, fabs(wanted[i]));
        ck_assert_msg(fabs((double)numbers[i] - wanted[i]) <= tolerance * scale,
                      "number %zu is %.12g, not %.12g", i, (double)numbers[i], wanted[i]);
    }
}

static void expect_y(const net *n, bool training, const double *wanted) {
    grove_real y[MOST];
    compute(n, n->y, training, y);
    expect_close(y, wanted, count_of(n->y, n->batch));
}

/* ---- gradients against differences ----------------------------------------------------------- */

typedef struct slope_check {
    net n;
    grove_tensor r, loss;
    grove_real r_data[MOST];
    grove_plan *plan;
    int nonzero;
} slope_check;

static double measure(slope_check *c) {
    grove_set_training_runs(c->n.graph, 5); /* dropout draws the same mask each time */
    grove_bind(c->plan, c->r, c->r_data);
    run(&c->n, c->plan);
    return grove_scalar(c->plan, c->loss);
}

/* The four-point difference of scene checks, with an error of the order h^4. */
static double difference(slope_check *c, grove_real *number) {
    static const double step[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1}, h = 2e-4;
    grove_real kept = *number;
    double slope = 0;
    for (int i = 0; i < 4; i++) {
        *number = (grove_real)((double)kept + step[i] * h);
        slope += weight[i] * measure(c) / (12 * h);
    }
    *number = kept;
    return slope;
}

static void check_leaf(slope_check *c, grove_tensor leaf, grove_real *data, const grove_real *dx) {
    for (size_t k = 0; k < count_of(leaf, c->n.batch); k++) {
        double analytic = dx ? (double)dx[k] : 0, numeric = difference(c, &data[k]);
        double scale = fmax(fmax(fabs(analytic), fabs(numeric)), 1e-2);
        ck_assert_msg(fabs(analytic - numeric) <= 1e-6 * scale,
                      "%s, component %zu: analytic %.10g, numeric %.10g", grove_node_name(leaf), k,
                      analytic, numeric);
        c->nonzero += analytic != 0;
    }
}

/* Of sum(y * r) for x, memory and every trainable parameter. */
static void check_gradients(net_builder *build, bool training) {
    slope_check c = {.n = open_net(build)};
    if (!in_double) {
        grove_graph_free(c.n.graph);
        return;
    }
    for (size_t i = 0; i < MOST; i++) {
        c.r_data[i] = (grove_real)scene_draw_signed(i, 4);
    }
    c.r = grove_input(c.n.graph, "r", GROVE_REAL, grove_node_shape(c.n.y));
    c.loss = grove_sum(grove_mul(c.n.y, c.r), GROVE_ALL_AXES);
    grove_tensor leaf[32] = {c.n.x, c.n.memory}, dx[32], wanted[33] = {c.loss};
    grove_real *data[32] = {c.n.x_data, c.n.memory_data}, numbers[32][MOST];
    int leaves = 2, outputs = 1;
    for (int32_t i = 0; i < grove_parameter_count(c.n.graph); i++) {
        if (grove_parameter_is_trainable(grove_parameter_at(c.n.graph, i))) {
            leaf[leaves] = grove_parameter_at(c.n.graph, i);
            data[leaves] = grove_parameter_data(leaf[leaves]);
            leaves++;
        }
    }
    ck_assert_int_eq(grove_gradients(c.loss, leaf, leaves, dx), GROVE_OK);
    for (int i = 0; i < leaves; i++) {
        if (grove_is_valid(dx[i])) {
            wanted[outputs++] = dx[i];
        }
    }
    grove_plan_options options = {.batch = c.n.batch, .training = training};
    c.plan = grove_plan_new(c.n.graph, wanted, outputs, &options);
    measure(&c);
    for (int i = 0; i < leaves; i++) {
        const void *value = grove_is_valid(dx[i]) ? grove_value(c.plan, dx[i]) : NULL;
        if (value) {
            memcpy(numbers[i], value, count_of(leaf[i], c.n.batch) * sizeof(grove_real));
        }
    }
    for (int i = 0; i < leaves; i++) {
        check_leaf(&c, leaf[i], data[i], grove_is_valid(dx[i]) ? numbers[i] : NULL);
    }
    ck_assert_int_gt(c.nonzero, 0);
    grove_plan_free(c.plan);
    grove_graph_free(c.n.graph);
}

/* ---- layer normalization --------------------------------------------------------------------- */

static grove_tensor build_layer_norm(net *n) {
    return grove_nn_layer_norm(n->x, "norm", &(grove_layer_norm_options){.epsilon = 0.01});
}

START_TEST(layer_norm_is_its_formula) {
    net n = open_net(build_layer_norm);
    doubles x = widen(n.x_data, MOST), weight = of(&n, "norm.weight"), bias = of(&n, "norm.bias");
    doubles y;
    reference_layer_norm(x.at, BATCH * TIME, WIDTH, weight.at, bias.at, 0.01, y.at);
    expect_y(&n, false, y.at);
    expect_y(&n, true, y.at);
    ck_assert_str_eq(grove_node_name(n.y), "norm");
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(layer_norm_begins_by_doing_nothing_more) {
    net n;
    open_inputs(&n, NULL);
    n.y = grove_nn_layer_norm(n.x, "norm", NULL);
    doubles x = widen(n.x_data, MOST), y;
    const double ones[WIDTH] = {1, 1, 1, 1}, zeros[WIDTH] = {0};
    reference_layer_norm(x.at, BATCH * TIME, WIDTH, ones, zeros, 1e-5, y.at);
    expect_y(&n, false, y.at);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(gradients_of_layer_norm) {
    check_gradients(build_layer_norm, false);
}
END_TEST

/* ---- batch normalization --------------------------------------------------------------------- */

static grove_tensor build_batch_norm(net *n) {
    return grove_nn_batch_norm(n->x, "norm", NULL);
}

static grove_tensor loss_of(const net *n) {
    return grove_mean(grove_mul(n->y, n->y), GROVE_ALL_AXES);
}

static void train(const net *n, grove_tensor step) {
    grove_real nothing[MOST];
    compute(n, step, true, nothing);
}

static void set_running(const net *n) {
    grove_real *mean = grove_parameter_data(grove_find(n->graph, "norm.running_mean"));
    grove_real *variance = grove_parameter_data(grove_find(n->graph, "norm.running_var"));
    for (int i = 0; i < WIDTH; i++) {
        mean[i] = (grove_real)(0.3 * i - 0.5);
        variance[i] = (grove_real)(0.5 + i);
    }
}

START_TEST(batch_norm_in_training_takes_the_batch) {
    net n = open_net(build_batch_norm);
    doubles x = widen(n.x_data, MOST), weight = of(&n, "norm.weight"), bias = of(&n, "norm.bias");
    doubles y, mean, variance;
    reference_moments(x.at, BATCH * TIME, WIDTH, BATCH * TIME, mean.at, variance.at);
    reference_batch_norm(x.at, BATCH * TIME, WIDTH, mean.at, variance.at, weight.at, bias.at, 1e-5,
                         y.at);
    expect_y(&n, true, y.at);
    ck_assert(of(&n, "norm.running_mean").at[0] == 0); /* asking for y alone is no step */
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(batch_norm_outside_takes_what_runs) {
    net n = open_net(build_batch_norm);
    doubles x = widen(n.x_data, MOST), weight = of(&n, "norm.weight"), bias = of(&n, "norm.bias");
    doubles y, begun = of(&n, "norm.running_var");
    ck_assert(begun.at[0] == 1 && begun.at[WIDTH - 1] == 1);
    set_running(&n);
    doubles mean = of(&n, "norm.running_mean"), variance = of(&n, "norm.running_var");
    reference_batch_norm(x.at, BATCH * TIME, WIDTH, mean.at, variance.at, weight.at, bias.at, 1e-5,
                         y.at);
    expect_y(&n, false, y.at);
    /* A row alone gets the bits that it gets among others. */
    grove_real all[MOST], one[MOST];
    compute(&n, n.y, false, all);
    n.batch = 1;
    compute(&n, n.y, false, one);
    ck_assert_mem_eq(all, one, TIME * WIDTH * sizeof *one);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(a_step_moves_what_runs) {
    net n = open_net(build_batch_norm);
    set_running(&n);
    doubles mean = of(&n, "norm.running_mean"), variance = of(&n, "norm.running_var");
    grove_tensor step = grove_minimize(loss_of(&n), GROVE_SGD(.rate = 0.1));
    for (int k = 0; k < 3; k++) {
        doubles x = widen(n.x_data, MOST), m, v;
        reference_moments(x.at, BATCH * TIME, WIDTH, BATCH * TIME - 1, m.at, v.at);
        for (int i = 0; i < WIDTH; i++) {
            mean.at[i] = 0.9 * mean.at[i] + 0.1 * m.at[i];
            variance.at[i] = 0.9 * variance.at[i] + 0.1 * v.at[i];
        }
        train(&n, step);
        expect_close(grove_parameter_data(grove_find(n.graph, "norm.running_mean")), mean.at,
                     WIDTH);
        expect_close(grove_parameter_data(grove_find(n.graph, "norm.running_var")), variance.at,
                     WIDTH);
        for (int i = 0; i < MOST; i++) {
            n.x_data[i] = (grove_real)(2 - 1.5 * (double)n.x_data[i]);
        }
    }
    /* Inference changes nothing, whatever it is asked for. */
    train(&n, step);
    doubles before = of(&n, "norm.running_mean");
    grove_real nothing[MOST];
    compute(&n, n.y, false, nothing);
    doubles after = of(&n, "norm.running_mean");
    ck_assert_mem_eq(&before, &after, sizeof before);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(other_losses_leave_it_alone) {
    net n = open_net(build_batch_norm);
    set_running(&n);
    grove_tensor other = grove_nn_dense(n.x, 2, "other");
    grove_tensor loss = grove_mean(grove_mul(other, other), GROVE_ALL_AXES);
    ck_assert(!grove_is_valid(grove_running_averages(loss)));
    ck_assert(!grove_is_valid(grove_running_averages(GROVE_NONE)));
    doubles before = of(&n, "norm.running_var");
    train(&n, grove_minimize(loss, GROVE_SGD(.rate = 0.1)));
    doubles after = of(&n, "norm.running_var");
    ck_assert_mem_eq(&before, &after, sizeof before);
    ck_assert_int_eq(grove_graph_error(n.graph)->status, GROVE_OK);
    grove_graph_free(n.graph);
}
END_TEST

/* [batch, IN]: with a batch of one there is one row, with an empty one none. */
static void expect_still(int64_t batch) {
    net n;
    open_inputs(&n, NULL);
    grove_tensor x = grove_input_reals(n.graph, "flat", GROVE_BATCH, WIDTH);
    n.y = grove_nn_batch_norm(x, "norm", NULL);
    stir(&n);
    set_running(&n);
    doubles mean = of(&n, "norm.running_mean"), variance = of(&n, "norm.running_var");
    grove_tensor all = grove_running_averages(loss_of(&n));
    grove_tensor outputs[] = {all, n.y};
    grove_plan_options options = {.batch = batch, .training = true};
    grove_plan *plan = grove_plan_new(n.graph, outputs, 2, &options);
    grove_bind(plan, x, n.x_data);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    doubles bias = of(&n, "norm.bias");
    expect_close(grove_value(plan, n.y), bias.at, batch == 1 ? WIDTH : 0);
    expect_close(grove_parameter_data(grove_find(n.graph, "norm.running_mean")), mean.at, WIDTH);
    expect_close(grove_parameter_data(grove_find(n.graph, "norm.running_var")), variance.at, WIDTH);
    grove_plan_free(plan);
    grove_graph_free(n.graph);
}

START_TEST(fewer_than_two_rows_say_nothing) {
    expect_still(1);
    expect_still(GROVE_EMPTY);
}
END_TEST

static grove_tensor build_running_batch_norm(net *n) {
    grove_tensor y = build_batch_norm(n);
    set_running(n);
    return y;
}

START_TEST(gradients_of_batch_norm) {
    check_gradients(build_running_batch_norm, true);
    check_gradients(build_running_batch_norm, false);
}
END_TEST

/* ---- dropout --------------------------------------------------------------------------------- */

enum { DROPS = 100000 };

static void expect_share(const char *what, double seen, double share) {
    double wide = 4.5 * sqrt(share * (1 - share) / DROPS);
    printf("%s: %.5f, expected %.5f +- %.5f\n", what, seen / DROPS, share, wide);
    ck_assert_msg(fabs(seen / DROPS - share) <= wide, "%s", what);
}

typedef struct dropped {
    grove_real y[2][DROPS], dx[DROPS]; /* two nodes that drop from the same x */
} dropped;

static void drop(double probability, uint64_t run, bool training, dropped *result) {
    static grove_real x_data[DROPS];
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 5});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH);
    grove_tensor y = grove_dropout(x, probability), other = grove_dropout(x, probability);
    grove_tensor outputs[] = {y, other, grove_gradient(grove_sum(y, GROVE_ALL_AXES), x)};
    for (int i = 0; i < DROPS; i++) {
        x_data[i] = (grove_real)(1 + i % 7);
    }
    grove_set_training_runs(g, run);
    grove_plan_options options = {
        .batch = DROPS, .training = training, .threads = 1 + (int)(run % 3)};
    grove_plan *plan = grove_plan_new(g, outputs, 3, &options);
    grove_bind(plan, x, x_data);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(result->y[0], grove_value(plan, y), sizeof result->y[0]);
    memcpy(result->y[1], grove_value(plan, other), sizeof result->y[1]);
    memcpy(result->dx, grove_value(plan, outputs[2]), sizeof result->dx);
    grove_plan_free(plan);
    grove_graph_free(g);
}

/* The share that is 0; what is kept, and its slope, grow so that the mean stays; and who is dropped
 * says nothing of its neighbour, of another dropout, of the next run: pairs have the share^2. */
START_TEST(dropout_drops_its_share) {
    static const double shares[] = {0.1, 0.25, 0.9};
    static dropped now, next;
    double p = shares[_i], neighbours = 0, nodes = 0, runs = 0, gone = 0;
    drop(p, 1, true, &now);
    drop(p, 2, true, &next);
    for (int i = 0; i < DROPS; i++) {
        bool zero = now.y[0][i] == 0;
        double kept = zero ? 0 : (1 + i % 7) / (1 - p), slope = zero ? 0 : 1 / (1 - p);
        ck_assert(fabs((double)now.y[0][i] - kept) <= tolerance * kept);
        ck_assert(fabs((double)now.dx[i] - slope) <= tolerance * slope);
        gone += zero;
        neighbours += zero && now.y[0][(i + 1) % DROPS] == 0;
        nodes += zero && now.y[1][i] == 0;
        runs += zero && next.y[0][i] == 0;
    }
    expect_share("dropped", gone, p);
    expect_share("dropped with their neighbour", neighbours, p * p);
    expect_share("dropped by two nodes", nodes, p * p);
    expect_share("dropped in two runs", runs, p * p);
}
END_TEST

START_TEST(dropout_is_for_training) {
    static dropped at;
    drop(0.9, 1, false, &at);
    for (int i = 0; i < DROPS; i++) {
        ck_assert(at.y[0][i] == (grove_real)(1 + i % 7) && at.dx[i] == 1);
    }
}
END_TEST

/* ---- attention ------------------------------------------------------------------------------- */

static grove_tensor attend(net *n, int64_t heads, const grove_attention_options *options) {
    return grove_nn_attention(n->x, heads, "attention", options);
}
static grove_tensor build_plain(net *n) {
    return attend(n, 2, NULL);
}
static grove_tensor build_one_head(net *n) {
    return attend(n, 1, &(grove_attention_options){.no_bias = true});
}
static grove_tensor build_causal(net *n) {
    return attend(n, 2, &(grove_attention_options){.causal = true});
}
static grove_tensor build_keep(net *n) {
    return attend(n, 4, &(grove_attention_options){.keep = n->keep});
}
static grove_tensor build_causal_keep(net *n) {
    return attend(n, 2, &(grove_attention_options){.causal = true, .keep = n->keep});
}
static grove_tensor build_memory(net *n) {
    return attend(n, 2, &(grove_attention_options){.memory = n->memory});
}
static grove_tensor build_dropout(net *n) {
    return attend(n, 2, &(grove_attention_options){.dropout = 0.4});
}
static grove_tensor build_keep_ids(net *n) {
    n->keep = grove_input_ids(n->graph, "keep_ids", GROVE_BATCH, TIME);
    return build_causal_keep(n);
}

/* Its parameters "<name>.query.weight"... */
typedef struct attention_numbers {
    doubles weight[4], bias[4], keep;
} attention_numbers;

static void attend_as_well(const net *n, const char *name, const attention_numbers *numbers,
                           reference_attention a, const double *x, const double *memory,
                           double *y) {
    static const char *const part[4] = {"query", "key", "value", "out"};
    attention_numbers own = *numbers;
    for (int i = 0; i < 4; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s.%s.weight", name, part[i]);
        own.weight[i] = of(n, text);
        a.weight[i] = own.weight[i].at;
        snprintf(text, sizeof text, "%s.%s.bias", name, part[i]);
        if (grove_is_valid(grove_find(n->graph, text))) {
            own.bias[i] = of(n, text);
            a.bias[i] = own.bias[i].at;
        }
    }
    reference_attend(&a, x, memory, y);
}

static void expect_attention(net_builder *build, int heads, bool causal, bool masked, bool memory) {
    net n = open_net(build);
    attention_numbers numbers = {.keep = widen(n.keep_data, MOST)};
    doubles x = widen(n.x_data, MOST), other = widen(n.memory_data, MOST), y;
    reference_attention a = {.batch = BATCH,
                             .time = TIME,
                             .keys = memory ? 2 : TIME,
                             .width = WIDTH,
                             .memory_width = memory ? IN : WIDTH,
                             .heads = heads,
                             .keep = masked ? numbers.keep.at : NULL,
                             .causal = causal};
    attend_as_well(&n, "attention", &numbers, a, x.at, memory ? other.at : x.at, y.at);
    expect_y(&n, false, y.at);
    ck_assert_str_eq(grove_node_name(n.y), "attention");
    grove_graph_free(n.graph);
}

START_TEST(attention_is_its_formula) {
    expect_attention(build_plain, 2, false, false, false);
    expect_attention(build_one_head, 1, false, false, false);
    expect_attention(build_causal, 2, true, false, false);
    expect_attention(build_keep, 4, false, true, false);
    expect_attention(build_causal_keep, 2, true, true, false);
    expect_attention(build_keep_ids, 2, true, true, false);
    expect_attention(build_memory, 2, false, false, true);
    expect_attention(build_dropout, 2, false, false, false);
}
END_TEST

START_TEST(gradients_of_attention) {
    check_gradients(build_plain, false);
    check_gradients(build_causal, false);
    check_gradients(build_causal_keep, false);
    check_gradients(build_memory, false);
    check_gradients(build_dropout, true);
}
END_TEST

START_TEST(dropout_of_weights_is_for_training) {
    net n = open_net(build_dropout), same = open_net(build_plain);
    grove_real a[MOST], b[MOST];
    compute(&n, n.y, false, a);
    compute(&same, same.y, false, b); /* by another op */
    doubles wanted = widen(b, BATCH * TIME * WIDTH);
    expect_close(a, wanted.at, BATCH * TIME * WIDTH);
    compute(&n, n.y, true, b);
    ck_assert(memcmp(a, b, BATCH * TIME * WIDTH * sizeof *a) != 0);
    grove_graph_free(n.graph);
    grove_graph_free(same.graph);
}
END_TEST

/* Row 0 of the batch sees nothing at all, and causal row 0 of row 1 does not see itself. */
START_TEST(who_sees_nothing_takes_nothing) {
    net n = open_net(build_causal_keep);
    for (int i = 0; i < BATCH * TIME; i++) {
        n.keep_data[i] = i > TIME;
    }
    grove_tensor loss = loss_of(&n), weights = grove_find(n.graph, "attention.weights");
    grove_tensor dx = grove_gradient(loss, n.x);
    doubles bias = of(&n, "attention.out.bias");
    grove_real y[MOST], shares[MOST], slopes[MOST];
    compute(&n, n.y, false, y);
    compute(&n, weights, false, shares);
    compute(&n, dx, false, slopes);
    for (int t = 0; t <= TIME; t++) {
        expect_close(y + t * WIDTH, bias.at, WIDTH);
    }
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        ck_assert(isfinite(slopes[i]));
    }
    for (int i = 0; i < BATCH * 2 * TIME * TIME; i++) { /* [batch, heads, time, keys] */
        int b = i / (2 * TIME * TIME), t = i / TIME % TIME, s = i % TIME;
        bool seen = b == 1 && s > 0 && s <= t;
        ck_assert_msg(seen ? shares[i] > 0 : shares[i] == 0, "weight %d is %g", i,
                      (double)shares[i]);
    }
    grove_graph_free(n.graph);
}
END_TEST

/* Changes x where `hidden` says so, by much; y elsewhere must keep every bit. */
static void expect_blind(net_builder *build, const bool hidden[BATCH * TIME],
                         const bool unmoved[BATCH * TIME]) {
    net n = open_net(build);
    grove_real before[MOST], after[MOST];
    for (int i = 0; i < MOST; i++) { /* the padding of all nets here: the last place of row 0 */
        n.keep_data[i] = i != TIME - 1;
        n.keep_ids[i] = i == TIME - 1 ? 0 : 7;
    }
    compute(&n, n.y, false, before);
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        if (hidden[i / WIDTH]) {
            n.x_data[i] = (grove_real)(i % 2 ? -1e6 : 3e5) * n.x_data[i];
        }
    }
    compute(&n, n.y, false, after);
    int moved = 0;
    for (int place = 0; place < BATCH * TIME; place++) {
        size_t from = (size_t)place * WIDTH;
        bool same = memcmp(before + from, after + from, WIDTH * sizeof *before) == 0;
        ck_assert_msg(same || !unmoved[place], "place %d has moved", place);
        moved += !same;
    }
    ck_assert_int_gt(moved, 0);
    grove_graph_free(n.graph);
}

static grove_tensor build_block(net *n) {
    return grove_nn_transformer_block(
        n->x, 2, "block", &(grove_transformer_options){.keep = n->keep, .causal = true});
}
static grove_tensor build_post_block(net *n) {
    grove_transformer_options options = {
        .keep = n->keep, .post_norm = true, .relu = true, .hidden = 6, .epsilon = 0.01};
    return grove_nn_transformer_block(n->x, 2, "block", &options);
}

START_TEST(what_is_masked_moves_no_bit) {
    const bool future[BATCH * TIME] = {false, true, true, false, false, true};
    const bool past[BATCH * TIME] = {true, false, false, true, true, false};
    expect_blind(build_causal, future, past);
    expect_blind(build_causal_keep, future, past);
    expect_blind(build_block, future, past);
    const bool padding[BATCH * TIME] = {false, false, true, false, false, false};
    const bool others[BATCH * TIME] = {true, true, false, true, true, true};
    expect_blind(build_keep, padding, others);
    expect_blind(build_keep_ids, padding, others);
    expect_blind(build_post_block, padding, others);
}
END_TEST

/* ---- the transformer block ------------------------------------------------------------------- */

static void add_to(double *sum, const double *x) {
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        sum[i] += x[i];
    }
}

static doubles norm_as_well(const net *n, const char *name, const double *x, double epsilon) {
    char text[64];
    doubles y = {{0}};
    snprintf(text, sizeof text, "%s.weight", name);
    doubles weight = of(n, text);
    snprintf(text, sizeof text, "%s.bias", name);
    doubles bias = of(n, text);
    reference_layer_norm(x, BATCH * TIME, WIDTH, weight.at, bias.at, epsilon, y.at);
    return y;
}

static doubles exchange_as_well(const net *n, const double *x, bool causal) {
    attention_numbers numbers = {.keep = widen(n->keep_data, MOST)};
    doubles y = {{0}};
    reference_attention a = {.batch = BATCH,
                             .time = TIME,
                             .keys = TIME,
                             .width = WIDTH,
                             .memory_width = WIDTH,
                             .heads = 2,
                             .keep = numbers.keep.at,
                             .causal = causal};
    attend_as_well(n, "block.attention", &numbers, a, x, x, y.at);
    return y;
}

static doubles think_as_well(const net *n, const double *x, int hidden, bool relu) {
    doubles w1 = of(n, "block.linear1.weight"), b1 = of(n, "block.linear1.bias");
    doubles w2 = of(n, "block.linear2.weight"), b2 = of(n, "block.linear2.bias"), h, y = {{0}};
    reference_dense(x, BATCH * TIME, WIDTH, w1.at, b1.at, hidden, h.at);
    for (int i = 0; i < BATCH * TIME * hidden; i++) {
        double gelu = h.at[i] * 0.5 * (1 + erf(h.at[i] / sqrt(2.0)));
        h.at[i] = relu ? fmax(h.at[i], 0) : gelu;
    }
    reference_dense(h.at, BATCH * TIME, hidden, w2.at, b2.at, WIDTH, y.at);
    return y;
}

START_TEST(a_pre_norm_block_is_its_formula) {
    net n = open_net(build_block);
    doubles x = widen(n.x_data, MOST);
    doubles part = norm_as_well(&n, "block.norm1", x.at, 1e-5);
    part = exchange_as_well(&n, part.at, true);
    add_to(x.at, part.at);
    part = norm_as_well(&n, "block.norm2", x.at, 1e-5);
    part = think_as_well(&n, part.at, 4 * WIDTH, false);
    add_to(x.at, part.at);
    expect_y(&n, false, x.at);
    expect_y(&n, true, x.at);
    ck_assert_str_eq(grove_node_name(n.y), "block");
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(a_post_norm_block_is_its_formula) {
    net n = open_net(build_post_block);
    doubles x = widen(n.x_data, MOST);
    doubles part = exchange_as_well(&n, x.at, false);
    add_to(x.at, part.at);
    x = norm_as_well(&n, "block.norm1", x.at, 0.01);
    part = think_as_well(&n, x.at, 6, true);
    add_to(x.at, part.at);
    x = norm_as_well(&n, "block.norm2", x.at, 0.01);
    expect_y(&n, false, x.at);
    grove_graph_free(n.graph);
}
END_TEST

static grove_tensor build_dropping_block(net *n) {
    return grove_nn_transformer_block(n->x, 2, "block",
                                      &(grove_transformer_options){.dropout = 0.3, .hidden = 5});
}

START_TEST(gradients_of_blocks) {
    check_gradients(build_block, false);
    check_gradients(build_post_block, false);
    check_gradients(build_dropping_block, true);
}
END_TEST

/* ---- positions ------------------------------------------------------------------------------- */

static grove_tensor build_positions(net *n) {
    return grove_nn_position_embedding(n->x, "position");
}
static grove_tensor build_waves(net *n) {
    return grove_nn_position_waves(n->x, "position");
}

/* With something to train behind it. */
static grove_tensor build_after_waves(net *n) {
    return grove_nn_dense(build_waves(n), WIDTH, "after");
}

START_TEST(positions_are_added) {
    net n = open_net(build_positions), waves = open_net(build_waves);
    doubles learned = of(&n, "position.weight"), x = widen(n.x_data, MOST), y = x;
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        y.at[i] += learned.at[i % (TIME * WIDTH)];
    }
    expect_y(&n, false, y.at);
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        int t = i / WIDTH % TIME, k = i % WIDTH;
        double angle = k < 2 ? t : t / 100.0; /* 10000^(2 / 4) = 100 */
        y.at[i] = x.at[i] + (k % 2 ? cos(angle) : sin(angle));
    }
    expect_y(&waves, false, y.at);
    grove_graph_free(n.graph);
    grove_graph_free(waves.graph);
    check_gradients(build_positions, false);
}
END_TEST

/* ---- the gated recurrent unit ---------------------------------------------------------------- */

static grove_tensor build_gru(net *n) {
    return grove_nn_gru(n->x, IN, "gru", NULL);
}
static grove_tensor build_long_gru(net *n) {
    grove_tensor x = grove_reshape(n->x, GROVE_SHAPE(GROVE_BATCH, TIME * WIDTH, 1));
    return grove_nn_gru(x, 2, "gru", NULL);
}
static grove_tensor build_last_state(net *n) {
    grove_tensor last = GROVE_NONE;
    grove_tensor first = grove_slice(grove_reshape(n->memory, GROVE_SHAPE(GROVE_BATCH, 2 * IN)), 1,
                                     3, IN); /* [batch, IN] */
    grove_nn_gru(n->x, IN, "gru", &(grove_gru_options){.first = first, .last_state = &last});
    return last;
}

static void run_as_well(const net *n, int time, int in, int units, double *h, double *y) {
    doubles weight_ih = of(n, "gru.weight_ih_l0"), weight_hh = of(n, "gru.weight_hh_l0");
    doubles bias_ih = of(n, "gru.bias_ih_l0"), bias_hh = of(n, "gru.bias_hh_l0");
    doubles x = widen(n->x_data, MOST);
    reference_gru(x.at, BATCH, time, in, units, weight_ih.at, weight_hh.at, bias_ih.at, bias_hh.at,
                  h, y);
}

START_TEST(a_gru_is_its_formula) {
    net n = open_net(build_gru), longer = open_net(build_long_gru);
    net last = open_net(build_last_state);
    doubles h = {{0}}, y;
    run_as_well(&n, TIME, WIDTH, IN, h.at, y.at);
    expect_y(&n, false, y.at);
    ck_assert_str_eq(grove_node_name(n.y), "gru");
    ck_assert(grove_shape_equal(grove_node_shape(n.y), GROVE_SHAPE(GROVE_BATCH, TIME, IN)));
    h = (doubles){{0}};
    run_as_well(&longer, TIME * WIDTH, 1, 2, h.at, y.at);
    expect_y(&longer, false, y.at);
    for (int i = 0; i < BATCH * IN; i++) {
        h.at[i] = (double)last.memory_data[i / IN * 2 * IN + 3 + i % IN];
    }
    run_as_well(&last, TIME, WIDTH, IN, h.at, y.at);
    expect_y(&last, false, h.at);
    grove_graph_free(n.graph);
    grove_graph_free(longer.graph);
    grove_graph_free(last.graph);
}
END_TEST

START_TEST(gradients_of_gru) {
    check_gradients(build_gru, false);
    check_gradients(build_long_gru, false);
    check_gradients(build_last_state, false);
}
END_TEST

/* A state does not know what comes after it. */
START_TEST(a_gru_sees_no_future) {
    const bool future[BATCH * TIME] = {false, true, true, false, false, true};
    net n = open_net(build_gru);
    grove_real before[MOST], after[MOST];
    compute(&n, n.y, false, before);
    for (int i = 0; i < BATCH * TIME * WIDTH; i++) {
        n.x_data[i] += future[i / WIDTH] ? 3 : 0;
    }
    compute(&n, n.y, false, after);
    for (int place = 0; place < BATCH * TIME; place++) {
        size_t from = (size_t)place * IN;
        bool same = memcmp(before + from, after + from, IN * sizeof *before) == 0;
        ck_assert_int_eq(same, !future[place]);
    }
    grove_graph_free(n.graph);
}
END_TEST

/* ---- all layers: files, memory, threads ------------------------------------------------------ */

static net_builder *const builders[] = {
    build_layer_norm, build_batch_norm, build_plain,         build_causal_keep, build_keep_ids,
    build_memory,     build_block,      build_post_block,    build_positions,   build_after_waves,
    build_gru,        build_last_state, build_dropping_block};
enum { BUILDERS = sizeof builders / sizeof builders[0] };

static char folder[] = "/tmp/grove_layers_XXXXXX";
static char path[64];

/* The inputs of the loaded graph, by name; an input that the model does not need is gone. */
static net same_inputs(const net *n, const grove_model *model) {
    net loaded = *n;
    loaded.graph = grove_model_graph(model);
    loaded.x = grove_find(loaded.graph, "x");
    loaded.memory = grove_find(loaded.graph, "memory");
    loaded.keep = grove_find(loaded.graph, grove_node_name(n->keep));
    loaded.y = grove_model_output(model, 0);
    return loaded;
}

START_TEST(a_file_gives_the_same_bits) {
    net n = open_net(builders[_i]);
    if (builders[_i] == build_batch_norm) {
        set_running(&n);
    }
    grove_error error;
    grove_model *model;
    grove_real before[MOST], after[MOST];
    ck_assert_msg(grove_save(path, &n.y, 1, NULL, &error) == GROVE_OK, "%s", error.message);
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    net loaded = same_inputs(&n, model);
    compute(&n, n.y, false, before);
    compute(&loaded, loaded.y, false, after);
    ck_assert_mem_eq(before, after, count_of(n.y, n.batch) * sizeof *before);
    grove_model_free(model);
    grove_graph_free(n.graph);
}
END_TEST

/* A model that comes from a file goes on as it would have gone on. */
START_TEST(a_loaded_batch_norm_is_trained_on) {
    net n = open_net(build_batch_norm);
    grove_error error;
    grove_model *model;
    ck_assert_int_eq(grove_save(path, &n.y, 1, NULL, &error), GROVE_OK);
    ck_assert_int_eq(grove_load(path, NULL, &model, &error), GROVE_OK);
    net loaded = same_inputs(&n, model);
    train(&n, grove_minimize(loss_of(&n), GROVE_ADAM(.rate = 0.1)));
    train(&loaded, grove_minimize(loss_of(&loaded), GROVE_ADAM(.rate = 0.1)));
    const char *const names[] = {"norm.running_mean", "norm.running_var", "norm.weight"};
    for (int i = 0; i < 3; i++) {
        doubles a = of(&n, names[i]), b = of(&loaded, names[i]);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
    ck_assert(of(&n, "norm.running_mean").at[0] != 0);
    grove_model_free(model);
    grove_graph_free(n.graph);
}
END_TEST

/* Loss, gradients, updates: numbers of a step, [count] parameters one after the other. */
static size_t step_with(net_builder *build, const grove_plan_options *wish, grove_real *numbers) {
    net n = open_net(build);
    grove_tensor step = grove_minimize(loss_of(&n), GROVE_SGD(.rate = 0.1));
    grove_plan_options options = *wish;
    options.training = true;
    options.batch = n.batch;
    grove_plan *plan = grove_plan_new(n.graph, &step, 1, &options);
    run(&n, plan);
    size_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(n.graph); i++) {
        grove_tensor p = grove_parameter_at(n.graph, i);
        size_t size = grove_node_type(p) == GROVE_REAL ? grove_parameter_size(p) : 0;
        ck_assert_uint_le(count + size, MOST);
        memcpy(numbers + count, grove_parameter_data(p), size * sizeof *numbers);
        count += size;
    }
    grove_plan_free(plan);
    grove_graph_free(n.graph);
    return count;
}

START_TEST(plans_of_all_kinds_make_the_same_step) {
    static grove_real plain[MOST], kept[MOST], threaded[MOST];
    size_t count = step_with(builders[_i], &(grove_plan_options){.threads = 1}, plain);
    step_with(builders[_i], &(grove_plan_options){.keep_all = true}, kept);
    step_with(builders[_i], &(grove_plan_options){.threads = 3}, threaded);
    ck_assert_mem_eq(plain, kept, count * sizeof *plain);
    ck_assert_mem_eq(plain, threaded, count * sizeof *plain);
}
END_TEST

static grove_status step_in(net_builder *build, hostile_memory *memory) {
    net n;
    grove_allocator allocator = hostile_allocator(memory);
    open_inputs(&n, &allocator);
    n.y = build(&n);
    grove_tensor step = grove_minimize(loss_of(&n), GROVE_ADAM(.rate = 0.1));
    grove_plan_options options = {.batch = BATCH, .training = true, .allocator = allocator};
    grove_plan *plan = grove_plan_new(n.graph, &step, 1, &options);
    bind(&n, plan);
    grove_status status = grove_run(plan);
    grove_plan_free(plan);
    grove_graph_free(n.graph);
    return status;
}

START_TEST(short_memory_is_survived) {
    net_builder *build = builders[_i];
    for (size_t at = 1;; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_status status = step_in(build, &memory);
        ck_assert_msg(memory.live == 0, "%zu blocks were not given back", memory.live);
        if (memory.calls < at) {
            ck_assert_int_eq(status, GROVE_OK);
            return;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
    }
}
END_TEST

/* ---- learning -------------------------------------------------------------------------------- */

/* What was last seen decides: whether the first number of the first place was above 0. */
static double learn(grove_tensor (*body)(grove_tensor x), int steps) {
    enum { ROWS = 32 };
    static grove_real x_data[ROWS * 5 * 2], wanted[ROWS];
    grove_graph *graph = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor x = grove_input_reals(graph, "x", GROVE_BATCH, 5, 2);
    grove_tensor target = grove_input_reals(graph, "target", GROVE_BATCH, 1);
    grove_tensor h = body(grove_nn_dense(x, 8, "in")); /* [batch, 5, 8] */
    grove_tensor last = grove_reshape(grove_slice(h, 1, 4, 1), GROVE_SHAPE(GROVE_BATCH, 8));
    grove_tensor loss = grove_binary_cross_entropy(grove_nn_dense(last, 1, "out"), target);
    grove_tensor outputs[] = {grove_minimize(loss, GROVE_ADAM(.rate = 0.02)), loss};
    grove_plan *plan =
        grove_plan_new(graph, outputs, 2, &(grove_plan_options){.batch = ROWS, .training = true});
    for (int i = 0; i < ROWS * 10; i++) {
        x_data[i] = (grove_real)scene_draw_signed((size_t)i, 3);
        wanted[i / 10] = x_data[i / 10 * 10] > 0;
    }
    grove_bind(plan, x, x_data);
    grove_bind(plan, target, wanted);
    for (int step = 0; step < steps; step++) {
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    }
    double reached = grove_scalar(plan, loss);
    grove_plan_free(plan);
    grove_graph_free(graph);
    return reached;
}

static grove_tensor gru_body(grove_tensor x) {
    return grove_nn_gru(x, 8, "gru", NULL);
}
static grove_tensor transformer_body(grove_tensor x) {
    x = grove_nn_position_waves(x, "position");
    return grove_nn_transformer_block(x, 2, "block", &(grove_transformer_options){.causal = true});
}
static grove_tensor batch_norm_body(grove_tensor x) {
    x = grove_nn_gru(grove_nn_batch_norm(x, "norm", NULL), 8, "gru", NULL);
    return x;
}

START_TEST(they_learn_what_came_first) {
    double gru = learn(gru_body, 150), transformer = learn(transformer_body, 150);
    double normalized = learn(batch_norm_body, 150);
    ck_assert_msg(gru < 0.1, "gru: %g", gru);
    ck_assert_msg(transformer < 0.1, "transformer: %g", transformer);
    ck_assert_msg(normalized < 0.1, "with batch norm: %g", normalized);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static grove_tensor refuse_norm_of_a_scalar(net *n) {
    return grove_nn_layer_norm(grove_sum(n->x, GROVE_ALL_AXES), "a", NULL);
}
static grove_tensor refuse_epsilon(net *n) {
    return grove_nn_layer_norm(n->x, "a", &(grove_layer_norm_options){.epsilon = -1});
}
static grove_tensor refuse_norm_without_rows(net *n) {
    return grove_nn_batch_norm(grove_fill(n->graph, GROVE_SHAPE(4), 1), "a", NULL);
}
static grove_tensor refuse_momentum(net *n) {
    return grove_nn_batch_norm(n->x, "a", &(grove_batch_norm_options){.momentum = 2});
}
static grove_tensor refuse_heads(net *n) {
    return grove_nn_attention(n->x, 3, "a", NULL);
}
static grove_tensor refuse_no_heads(net *n) {
    return grove_nn_attention(n->x, 0, "a", NULL);
}
static grove_tensor refuse_flat(net *n) {
    return grove_nn_attention(n->keep, 1, "a", NULL);
}
static grove_tensor refuse_keep(net *n) {
    grove_attention_options options = {.memory = n->memory, .keep = n->keep};
    return grove_nn_attention(n->x, 1, "a", &options);
}
static grove_tensor refuse_causal_memory(net *n) {
    grove_attention_options options = {.memory = n->memory, .causal = true};
    return grove_nn_attention(n->x, 1, "a", &options);
}
static grove_tensor refuse_other_batch(net *n) {
    grove_attention_options options = {.memory = grove_fill(n->graph, GROVE_SHAPE(7, 2, 2), 1)};
    return grove_nn_attention(n->x, 1, "a", &options);
}
static grove_tensor refuse_dropout(net *n) {
    return grove_nn_attention(n->x, 1, "a", &(grove_attention_options){.dropout = 1});
}
static grove_tensor refuse_flat_positions(net *n) {
    return grove_nn_position_embedding(n->keep, "a");
}
static grove_tensor refuse_batch_of_waves(net *n) {
    return grove_nn_position_waves(grove_reshape(n->x, GROVE_SHAPE(TIME, GROVE_BATCH, WIDTH)), "a");
}
static grove_tensor refuse_flat_block(net *n) {
    return grove_nn_transformer_block(n->keep, 1, "a", NULL);
}
static grove_tensor refuse_units(net *n) {
    return grove_nn_gru(n->x, 0, "a", NULL);
}
static grove_tensor refuse_flat_gru(net *n) {
    return grove_nn_gru(n->keep, 2, "a", NULL);
}
static grove_tensor refuse_first(net *n) {
    return grove_nn_gru(n->x, 2, "a", &(grove_gru_options){.first = n->keep});
}
static grove_tensor refuse_name_twice(net *n) {
    grove_nn_layer_norm(n->x, "a", NULL);
    return grove_nn_layer_norm(n->x, "a", NULL);
}

static grove_tensor refuse_dense_of_ids(net *n) {
    return grove_nn_dense(grove_positions(n->graph, 3), 2, "a");
}
static grove_tensor refuse_dense_of_a_batch(net *n) {
    return grove_nn_dense(grove_reshape(n->x, GROVE_SHAPE(TIME * WIDTH * GROVE_BATCH)), 2, "a");
}
static grove_tensor refuse_dense_of_a_scalar(net *n) {
    return grove_nn_dense(grove_sum(n->x, GROVE_ALL_AXES), 2, "a");
}
static grove_tensor ids_of_places(net *n) {
    return grove_input_ids(n->graph, "places", GROVE_BATCH, TIME, WIDTH);
}
static grove_tensor refuse_layer_norm_of_ids(net *n) {
    return grove_nn_layer_norm(ids_of_places(n), "a", NULL);
}
static grove_tensor refuse_batch_norm_of_ids(net *n) {
    return grove_nn_batch_norm(ids_of_places(n), "a", NULL);
}
static grove_tensor refuse_attention_of_ids(net *n) {
    return grove_nn_attention(ids_of_places(n), 2, "a", NULL);
}
static grove_tensor refuse_memory_of_ids(net *n) {
    return grove_nn_attention(n->x, 2, "a", &(grove_attention_options){.memory = ids_of_places(n)});
}
static grove_tensor refuse_block_of_ids(net *n) {
    return grove_nn_transformer_block(ids_of_places(n), 2, "a", NULL);
}
static grove_tensor refuse_positions_of_ids(net *n) {
    return grove_nn_position_embedding(ids_of_places(n), "a");
}
static grove_tensor refuse_gru_of_ids(net *n) {
    return grove_nn_gru(ids_of_places(n), 2, "a", NULL);
}

static const struct {
    net_builder *build;
    const char *words;
} refused[] = {
    {refuse_dense_of_ids, "dense layer 'a': it takes real numbers, not the ids [3]"},
    {refuse_dense_of_a_batch, "dense layer 'a': x must have a last axis of fixed size, not the "
                              "shape [12*batch]"},
    {refuse_dense_of_a_scalar, "dense layer 'a': x must have a last axis of fixed size, not the "
                               "shape []"},
    {refuse_layer_norm_of_ids, "layer_norm 'a': it takes real numbers, not the ids [batch, 3, 4]"},
    {refuse_batch_norm_of_ids, "batch_norm 'a': it takes real numbers, not the ids [batch, 3, 4]"},
    {refuse_attention_of_ids, "attention 'a': it takes real numbers, not the ids [batch, 3, 4]"},
    {refuse_memory_of_ids, "attention 'a': it takes real numbers, not the ids [batch, 3, 4]"},
    {refuse_block_of_ids, "transformer_block 'a': it takes real numbers, not the ids"},
    {refuse_positions_of_ids, "position_embedding 'a': it takes real numbers, not the ids"},
    {refuse_gru_of_ids, "gru 'a': it takes real numbers, not the ids [batch, 3, 4]"},
    {refuse_norm_of_a_scalar, "layer_norm 'a': x must have a last axis of fixed size, not the "
                              "shape []"},
    {refuse_epsilon, "layer_norm 'a': epsilon must be a finite number above 0"},
    {refuse_norm_without_rows, "batch_norm 'a': x must have leading axes and a last axis of fixed "
                               "size, not the shape [4]"},
    {refuse_momentum, "the momentum must be above 0 and at most 1"},
    {refuse_heads, "attention 'a': 3 heads do not divide the width 4"},
    {refuse_no_heads, "attention 'a': 0 heads do not divide the width 4"},
    {refuse_flat, "attention 'a': x must have the shape [batch, time, width], time and width fixed "
                  "and above 0, not [batch, 3]"},
    {refuse_keep, "attention 'a': keep must have the shape [batch, 2], one number for each key, "
                  "not [batch, 3]"},
    {refuse_causal_memory, "attention 'a': causal says which places of x itself are seen"},
    {refuse_other_batch, "attention 'a': x and memory must have the same first axis"},
    {refuse_dropout, "its probability must be at least 0 and below 1"},
    {refuse_flat_positions, "position_embedding 'a': x must have the shape"},
    {refuse_batch_of_waves, "position_waves 'a': x must have the shape"},
    {refuse_flat_block, "transformer_block 'a': x must have the shape"},
    {refuse_units, "gru 'a': 0 units are not possible"},
    {refuse_flat_gru, "gru 'a': x must have the shape [batch, time, in]"},
    {refuse_first, "gru 'a': the first state must have the shape [batch, 2], not [batch, 3]"},
    {refuse_name_twice, "cannot be called 'a.weight': another node is called that"},
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(mistakes_are_told_in_words) {
    net n;
    open_inputs(&n, NULL);
    ck_assert(!grove_is_valid(refused[_i].build(&n)));
    const char *words = grove_graph_error(n.graph)->message;
    ck_assert_msg(strstr(words, refused[_i].words) != NULL, "\"%s\" is not in \"%s\"",
                  refused[_i].words, words);
    grove_graph_free(n.graph);
}
END_TEST

START_TEST(of_nothing_comes_nothing) {
    grove_tensor last = {NULL, 3};
    ck_assert(!grove_is_valid(grove_nn_layer_norm(GROVE_NONE, "a", NULL)));
    ck_assert(!grove_is_valid(grove_nn_batch_norm(GROVE_NONE, "a", NULL)));
    ck_assert(!grove_is_valid(grove_nn_attention(GROVE_NONE, 2, "a", NULL)));
    ck_assert(!grove_is_valid(grove_nn_position_embedding(GROVE_NONE, "a")));
    ck_assert(!grove_is_valid(grove_nn_position_waves(GROVE_NONE, "a")));
    ck_assert(!grove_is_valid(grove_nn_transformer_block(GROVE_NONE, 2, "a", NULL)));
    ck_assert(!grove_is_valid(
        grove_nn_gru(GROVE_NONE, 2, "a", &(grove_gru_options){.last_state = &last})));
    ck_assert_int_lt(last.index, 0);
}
END_TEST

/* ---- choosing by the plan -------------------------------------------------------------------- */

/* The one that is not chosen is not computed: it would fail for an id that no table has. */
START_TEST(what_is_not_chosen_is_not_computed) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 1), good = grove_fill(g, GROVE_SHAPE(1, 2), 7);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(2, 2), (grove_init){0});
    grove_tensor bad = grove_embedding(table, ids);
    grove_tensor y[] = {grove_when_training(good, bad), grove_when_training(bad, good)};
    for (int training = 0; training < 2; training++) {
        for (int i = 0; i < 2; i++) {
            grove_plan *plan =
                grove_plan_new(g, &y[i], 1, &(grove_plan_options){.training = training == 1});
            grove_bind(plan, ids, (const grove_id[]){9});
            bool chosen = (i == 0) == (training == 1);
            ck_assert_int_eq(grove_run(plan), chosen ? GROVE_OK : GROVE_BAD_DATA);
            ck_assert(!chosen || *(const grove_real *)grove_value(plan, y[i]) == 7);
            grove_plan_free(plan);
        }
    }
    grove_graph_free(g);
}
END_TEST

/* ---- all of them ----------------------------------------------------------------------------- */

static Suite *all_tests(void) {
    TCase *cases = tcase_create("layers");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, layer_norm_is_its_formula);
    tcase_add_test(cases, layer_norm_begins_by_doing_nothing_more);
    tcase_add_test(cases, gradients_of_layer_norm);
    tcase_add_test(cases, batch_norm_in_training_takes_the_batch);
    tcase_add_test(cases, batch_norm_outside_takes_what_runs);
    tcase_add_test(cases, a_step_moves_what_runs);
    tcase_add_test(cases, other_losses_leave_it_alone);
    tcase_add_test(cases, fewer_than_two_rows_say_nothing);
    tcase_add_test(cases, gradients_of_batch_norm);
    tcase_add_loop_test(cases, dropout_drops_its_share, 0, 3);
    tcase_add_test(cases, dropout_is_for_training);
    tcase_add_test(cases, attention_is_its_formula);
    tcase_add_test(cases, gradients_of_attention);
    tcase_add_test(cases, dropout_of_weights_is_for_training);
    tcase_add_test(cases, who_sees_nothing_takes_nothing);
    tcase_add_test(cases, what_is_masked_moves_no_bit);
    tcase_add_test(cases, a_pre_norm_block_is_its_formula);
    tcase_add_test(cases, a_post_norm_block_is_its_formula);
    tcase_add_test(cases, gradients_of_blocks);
    tcase_add_test(cases, positions_are_added);
    tcase_add_test(cases, a_gru_is_its_formula);
    tcase_add_test(cases, gradients_of_gru);
    tcase_add_test(cases, a_gru_sees_no_future);
    tcase_add_loop_test(cases, a_file_gives_the_same_bits, 0, BUILDERS);
    tcase_add_test(cases, a_loaded_batch_norm_is_trained_on);
    tcase_add_loop_test(cases, plans_of_all_kinds_make_the_same_step, 0, BUILDERS);
    tcase_add_loop_test(cases, short_memory_is_survived, 0, BUILDERS);
    tcase_add_test(cases, they_learn_what_came_first);
    tcase_add_loop_test(cases, mistakes_are_told_in_words, 0, REFUSED);
    tcase_add_test(cases, of_nothing_comes_nothing);
    tcase_add_test(cases, what_is_not_chosen_is_not_computed);
    Suite *suite = suite_create("layers");
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void) {
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    SRunner *runner = srunner_create(all_tests());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove(path);
    remove(folder);
    return failed != 0;
}
