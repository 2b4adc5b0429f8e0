/* SPDX-License-Identifier: MIT
 *
 * Numbers as embeddings: quantiles worked out by hand, encodings and layers against plain loops,
 * gradients against differences, what is missing, files, refusals, memory that is short; and that
 * they learn what a line cannot be.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/layers.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/number_embeddings.h"
#include "grove/plan.h"
#include "hostile_allocator.h"
#include "scene.h"

enum { ROWS = 40, FEATURES = 3, BINS = 6, WIDTH = 4, WAVES = 5, MOST = 4096 };

static const bool in_double = sizeof(grove_real) == sizeof(double);
static const double tolerance = sizeof(grove_real) == sizeof(double) ? 1e-11 : 2e-5;

/* ---- bins ------------------------------------------------------------------------------------ */

#define NOTHING ((grove_real)NAN)

static void expect_edges(const grove_number_bins *bins, size_t feature, const double *wanted,
                         size_t count) {
    ck_assert_uint_eq(grove_number_bins_count(bins, feature), count);
    for (size_t t = 0; t <= bins->most; t++) {
        double edge = (double)bins->edges[feature * (bins->most + 1) + t];
        double want = wanted[t < count ? t : count];
        ck_assert_msg(fabs(edge - want) <= tolerance, "feature %zu, edge %zu is %.9g, not %.9g",
                      feature, t, edge, want);
    }
}

#define EXPECT_EDGES(bins, feature, ...)                                                           \
    expect_edges(bins, feature, (const double[]){__VA_ARGS__},                                     \
                 sizeof((const double[]){__VA_ARGS__}) / sizeof(double) - 1)

static grove_number_bins fit(const grove_real *numbers, size_t rows, size_t features,
                             size_t wanted) {
    grove_number_bins bins;
    grove_error error = {0};
    grove_status status =
        grove_number_bins_fit(numbers, rows, features, wanted, NULL, &bins, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return bins;
}

/* h = q * (n - 1): of 1, 2, 3, 4 the median lies between 2 and 3, the first quarter at 1.75. */
START_TEST(quantiles_by_hand) {
    const grove_real four[] = {4, 1, 3, 2}, five[] = {10, 3, 1, 4, 2};
    grove_number_bins bins = fit(four, 4, 1, 2);
    EXPECT_EDGES(&bins, 0, 1, 2.5, 4);
    grove_number_bins_free(&bins);
    bins = fit(four, 4, 1, 4);
    EXPECT_EDGES(&bins, 0, 1, 1.75, 2.5, 3.25, 4);
    grove_number_bins_free(&bins);
    bins = fit(five, 5, 1, 3); /* h = 4/3 and 8/3 */
    EXPECT_EDGES(&bins, 0, 1, 2 + 1.0 / 3, 3 + 2.0 / 3, 10);
    grove_number_bins_free(&bins);
    bins = fit(five, 5, 1, 1);
    EXPECT_EDGES(&bins, 0, 1, 10);
    grove_number_bins_free(&bins);
    bins = fit(five, 5, 1, 0);
    ck_assert_uint_eq(bins.most, 48);
    grove_number_bins_free(&bins);
    grove_number_bins_free(&bins);
    grove_number_bins_free(NULL);
}
END_TEST

/* Three columns: one of two numbers, one with holes, one as it should be. */
START_TEST(equal_quantiles_are_one_edge_and_nan_is_none) {
    const grove_real numbers[] = {0, NOTHING, 5, 0, 8, 1, 0, 4, 3, 0, NOTHING, 4, 1, 6, 2};
    grove_number_bins bins = fit(numbers, 5, 3, 4);
    ck_assert_uint_eq(bins.most, 4);
    EXPECT_EDGES(&bins, 0, 0, 1);
    EXPECT_EDGES(&bins, 1, 4, 5, 6, 7, 8);
    EXPECT_EDGES(&bins, 2, 1, 2, 3, 4, 5);
    ck_assert_uint_eq(grove_number_bins_count(&bins, 3), 0);
    ck_assert_uint_eq(grove_number_bins_count(NULL, 0), 0);
    grove_number_bins_free(&bins);
    const grove_real few[] = {7, 2, 7, 2, 9, 3}; /* both have one bin: rows of two edges */
    bins = fit(few, 3, 2, 1);
    EXPECT_EDGES(&bins, 0, 7, 9);
    EXPECT_EDGES(&bins, 1, 2, 3);
    grove_number_bins_free(&bins);
}
END_TEST

static void refuse_fit(const grove_real *numbers, size_t rows, size_t features, grove_status wanted,
                       const char *words) {
    grove_number_bins bins;
    grove_error error = {0};
    grove_status status = grove_number_bins_fit(numbers, rows, features, 4, NULL, &bins, &error);
    ck_assert_msg(status == wanted && strstr(error.message, words), "%d: %s", (int)status,
                  error.message);
    ck_assert_ptr_null(bins.edges);
}

START_TEST(columns_without_bins_are_refused_in_words) {
    const grove_real numbers[] = {1, NOTHING, 5, 2, NOTHING, 5, 3, NOTHING, 5};
    const grove_real constant[] = {1, 5, 2, 5, 3, NOTHING};
    const grove_real endless[] = {1, 2, 3, (grove_real)INFINITY};
    refuse_fit(numbers, 3, 3, GROVE_BAD_DATA, "column 1 has no numbers");
    refuse_fit(constant, 3, 2, GROVE_BAD_DATA, "column 1 has one number only, 5: nothing can be");
    refuse_fit(endless, 2, 2, GROVE_BAD_DATA, "column 1 is infinite in row 1");
    refuse_fit(NULL, 0, 2, GROVE_BAD_DATA, "column 0 has no numbers");
    refuse_fit(NULL, 3, 2, GROVE_BAD_ARGUMENT, "there are no columns of numbers");
    refuse_fit(numbers, 3, 0, GROVE_BAD_ARGUMENT, "there are no columns of numbers");
    if (in_double) {
        const grove_real far[] = {(grove_real)-1.7e308, (grove_real)1.7e308};
        refuse_fit(far, 2, 1, GROVE_BAD_DATA, "the numbers of column 0 lie too far apart");
    }
    grove_number_bins bins;
    grove_status status = grove_number_bins_fit(numbers, 3, 3, SIZE_MAX - 1, NULL, &bins, NULL);
    ck_assert_int_eq(status, GROVE_NO_MEMORY);
    grove_error error = {0};
    status = grove_number_bins_fit(numbers, 3, 3, 4, NULL, NULL, &error);
    ck_assert_int_eq(status, GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "bins: there is no place to write them to");
}
END_TEST

START_TEST(fitting_survives_short_memory) {
    const grove_real numbers[] = {4, 1, 3, 2};
    for (size_t at = 1;; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_number_bins bins;
        grove_status status = grove_number_bins_fit(numbers, 4, 1, 2, &allocator, &bins, NULL);
        ck_assert_int_eq(status, memory.calls < at ? GROVE_OK : GROVE_NO_MEMORY);
        if (status == GROVE_OK) { /* whatever stood in the memory before */
            EXPECT_EDGES(&bins, 0, 1, 2.5, 4);
        }
        grove_number_bins_free(&bins);
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            return;
        }
    }
}
END_TEST

/* ---- nets ------------------------------------------------------------------------------------ */

typedef struct net {
    grove_graph *graph;
    grove_tensor x, y;
    grove_number_bins bins;
    grove_real data[ROWS * FEATURES];
    int64_t batch;
} net;

typedef grove_tensor net_builder(net *n);

/* A wide column, one of few numbers, one of a few hundredths. */
static void draw(net *n) {
    for (int row = 0; row < ROWS; row++) {
        grove_real *x = n->data + row * FEATURES;
        x[0] = (grove_real)(30 * scene_draw_signed((size_t)row, 1));
        x[1] = (grove_real)(row % 3);
        x[2] = (grove_real)(0.01 * scene_draw((size_t)row, 2));
    }
}

static net open_net(net_builder *build, const grove_allocator *allocator) {
    net n = {.batch = ROWS};
    grove_graph_options options = {.seed = 4};
    if (allocator) {
        options.allocator = *allocator;
    }
    draw(&n);
    n.bins = fit(n.data, ROWS, FEATURES, BINS);
    n.graph = grove_graph_new(&options);
    n.x = grove_input_reals(n.graph, "x", GROVE_BATCH, FEATURES);
    n.y = build(&n);
    return n;
}

static void close_net(net *n) {
    grove_graph_free(n->graph);
    grove_number_bins_free(&n->bins);
}

static grove_tensor build_code(net *n) {
    return grove_nn_piecewise_linear(n->x, &n->bins, "code");
}
static grove_tensor build_waves(net *n) {
    grove_periodic_options options = {.frequencies = WAVES, .sigma = 0.2};
    return grove_nn_periodic(n->x, "waves", &options);
}
static grove_tensor build_linear(net *n) {
    return grove_nn_linear_numbers(n->x, WIDTH, "y");
}
static grove_tensor build_piecewise(net *n) {
    return grove_nn_dense_by_feature(build_code(n), WIDTH, "y");
}
static grove_tensor build_piecewise_relu(net *n) {
    return grove_relu(build_piecewise(n));
}
static grove_tensor build_periodic(net *n) {
    return grove_nn_dense_by_feature(build_waves(n), WIDTH, "y");
}
static grove_tensor build_periodic_relu(net *n) {
    return grove_relu(build_periodic(n));
}
static grove_tensor build_lite(net *n) {
    return grove_nn_dense(build_waves(n), WIDTH, "y");
}
static grove_tensor build_flat(net *n) {
    int64_t flat = FEATURES * (int64_t)n->bins.most;
    return grove_nn_dense(grove_reshape(build_code(n), GROVE_SHAPE(GROVE_BATCH, flat)), WIDTH, "y");
}
static grove_tensor build_tokens(net *n) {
    return grove_nn_transformer_block(build_piecewise(n), 2, "block", NULL);
}

static net_builder *const builders[] = {
    build_code,     build_waves,         build_linear, build_piecewise, build_piecewise_relu,
    build_periodic, build_periodic_relu, build_lite,   build_flat,      build_tokens};
enum { BUILDERS = sizeof builders / sizeof builders[0] };

static size_t count_of(const net *n, grove_tensor tensor) {
    grove_shape shape = grove_node_shape(tensor);
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        count *= (size_t)(shape.dim[i] < 0 ? n->batch : shape.dim[i]);
    }
    return count;
}

static void compute(const net *n, grove_tensor tensor, int threads, grove_real *numbers) {
    grove_plan_options options = {.batch = n->batch, .threads = threads};
    grove_plan *plan = grove_plan_new(n->graph, &tensor, 1, &options);
    grove_bind(plan, n->x, n->data);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert_uint_le(grove_value_count(plan, tensor), MOST);
    memcpy(numbers, grove_value(plan, tensor), grove_value_count(plan, tensor) * sizeof *numbers);
    grove_plan_free(plan);
}

static const grove_real *numbers_of(const net *n, const char *name) {
    grove_tensor parameter = grove_find(n->graph, name);
    ck_assert_msg(grove_is_valid(parameter), "there is no '%s'", name);
    return grove_parameter_data(parameter);
}

static void expect(const net *n, const grove_real *got, const double *wanted) {
    for (size_t i = 0; i < count_of(n, n->y); i++) {
        double scale = fmax(1, fabs(wanted[i]));
        ck_assert_msg(fabs((double)got[i] - wanted[i]) <= tolerance * scale,
                      "number %zu is %.12g, not %.12g", i, (double)got[i], wanted[i]);
    }
}

/* ---- encodings ------------------------------------------------------------------------------- */

/* The paper's rule, line by line; edges [bins + 1]. */
static double fill_of(double x, const grove_real *edges, size_t bins, size_t t) {
    double low = (double)edges[t], high = (double)edges[t + 1];
    if (x < low && t > 0) {
        return 0;
    }
    if (x >= high && t + 1 < bins) {
        return 1;
    }
    return (x - low) / (high - low);
}

static void encode_as_well(const net *n, double *code) {
    for (size_t i = 0; i < (size_t)n->batch * FEATURES; i++) {
        size_t feature = i % FEATURES, most = n->bins.most;
        size_t bins = grove_number_bins_count(&n->bins, feature);
        const grove_real *edges = n->bins.edges + feature * (most + 1);
        for (size_t t = 0; t < most; t++) {
            code[i * most + t] = t < bins ? fill_of((double)n->data[i], edges, bins, t) : 0;
        }
    }
}

/* Below all edges, on each of them, above them all, and what was drawn. */
START_TEST(piecewise_linear_is_its_rule) {
    net n = open_net(build_code, NULL);
    ck_assert_uint_eq(n.bins.most, BINS);
    ck_assert_uint_eq(grove_number_bins_count(&n.bins, 1), 2);
    for (size_t t = 0; t <= n.bins.most; t++) {
        for (size_t f = 0; f < FEATURES; f++) {
            n.data[t * FEATURES + f] = n.bins.edges[f * (n.bins.most + 1) + t];
            n.data[(BINS + 1) * FEATURES + f] = (grove_real)-1000;
            n.data[(BINS + 2) * FEATURES + f] = (grove_real)1000;
        }
    }
    static grove_real y[MOST];
    static double code[MOST];
    compute(&n, n.y, 1, y);
    encode_as_well(&n, code);
    expect(&n, y, code);
    ck_assert_str_eq(grove_node_name(n.y), "code");
    close_net(&n);
}
END_TEST

START_TEST(the_header_shows_what_is_computed) {
    grove_real edges[] = {0, 1, 3, 4}, y[12];
    grove_number_bins bins = {.features = 1, .most = 3, .edges = edges};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 1);
    grove_tensor code = grove_nn_piecewise_linear(x, &bins, "code");
    edges[1] = 2; /* the graph has a copy */
    grove_plan *plan = grove_plan_new(g, &code, 1, &(grove_plan_options){.batch = 4});
    grove_bind(plan, x, (const grove_real[]){-1, 1, 2, 6});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real wanted[] = {-1, 0, 0, 1, 0, 0, 1, 0.5, 0, 1, 1, 3};
    memcpy(y, grove_value(plan, code), sizeof y);
    ck_assert_mem_eq(y, wanted, sizeof wanted);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

static void wave_as_well(const net *n, double *code) {
    const grove_real *frequency = numbers_of(n, "waves.frequency"); /* [FEATURES, WAVES] */
    for (size_t i = 0; i < (size_t)n->batch * FEATURES; i++) {
        for (size_t k = 0; k < WAVES; k++) {
            double c = (double)frequency[i % FEATURES * WAVES + k];
            double angle = 2 * 3.14159265358979323846 * c * (double)n->data[i];
            code[i * 2 * WAVES + k] = sin(angle);
            code[i * 2 * WAVES + WAVES + k] = cos(angle);
        }
    }
}

START_TEST(periodic_is_its_formula) {
    net n = open_net(build_waves, NULL);
    for (int i = 0; i < ROWS * FEATURES; i++) {
        n.data[i] = (grove_real)scene_draw_signed((size_t)i, 3);
    }
    static grove_real y[MOST];
    static double code[MOST];
    compute(&n, n.y, 1, y);
    wave_as_well(&n, code);
    expect(&n, y, code);
    close_net(&n);
}
END_TEST

/* Defaults: 48 frequencies; normal, of deviation 0.01. */
START_TEST(frequencies_begin_normal) {
    enum { MANY = 200 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 2});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, MANY);
    grove_tensor y = grove_nn_periodic(x, "waves", NULL);
    ck_assert(grove_shape_equal(grove_node_shape(y), GROVE_SHAPE(GROVE_BATCH, MANY, 96)));
    grove_tensor frequency = grove_find(g, "waves.frequency");
    const grove_real *c = grove_parameter_data(frequency);
    double n = MANY * 48, sum = 0, squares = 0;
    ck_assert_uint_eq(grove_parameter_size(frequency), MANY * 48);
    for (int i = 0; i < MANY * 48; i++) {
        sum += (double)c[i];
        squares += (double)c[i] * (double)c[i];
    }
    double deviation = sqrt(squares / n), mean = sum / n;
    double wide = 4 * 0.01 / sqrt(2 * n), wide_mean = 4 * 0.01 / sqrt(n);
    printf("deviation %.5f, expected 0.01000 +- %.5f; mean %.6f, expected 0 +- %.6f\n", deviation,
           wide, mean, wide_mean);
    ck_assert(fabs(deviation - 0.01) < wide && fabs(mean) < wide_mean);
    grove_graph_free(g);
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

/* y [batch, FEATURES, WIDTH] = code [batch, FEATURES, in] by weight [FEATURES, in, WIDTH] */
static void dense_as_well(const net *n, const double *code, size_t in, double *y) {
    const grove_real *weight = numbers_of(n, "y.weight"), *bias = numbers_of(n, "y.bias");
    for (size_t i = 0; i < (size_t)n->batch * FEATURES; i++) {
        size_t f = i % FEATURES;
        for (size_t k = 0; k < WIDTH; k++) {
            y[i * WIDTH + k] = (double)bias[f * WIDTH + k];
            for (size_t j = 0; j < in; j++) {
                y[i * WIDTH + k] += code[i * in + j] * (double)weight[(f * in + j) * WIDTH + k];
            }
        }
    }
}

START_TEST(dense_by_feature_is_its_formula) {
    static grove_real y[MOST];
    static double code[MOST], wanted[MOST];
    net n = open_net(build_piecewise, NULL);
    compute(&n, n.y, 1, y);
    encode_as_well(&n, code);
    dense_as_well(&n, code, BINS, wanted);
    expect(&n, y, wanted);
    close_net(&n);
    n = open_net(build_linear, NULL); /* weight [FEATURES, WIDTH]: as if `in` were 1 */
    for (int i = 0; i < ROWS * FEATURES; i++) {
        code[i] = (double)n.data[i];
    }
    compute(&n, n.y, 1, y);
    dense_as_well(&n, code, 1, wanted);
    expect(&n, y, wanted);
    close_net(&n);
}
END_TEST

static void expect_within(const net *n, const char *name, double most) {
    size_t count = grove_parameter_size(grove_find(n->graph, name));
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)numbers_of(n, name)[i]));
    }
    ck_assert_msg(largest <= most && largest > 0.7 * most, "%s reaches to %g", name, largest);
}

START_TEST(weights_begin_as_the_header_says) {
    net n = open_net(build_piecewise, NULL);
    expect_within(&n, "y.weight", 1 / sqrt(BINS));
    expect_within(&n, "y.bias", 1 / sqrt(BINS));
    close_net(&n);
    n = open_net(build_linear, NULL);
    expect_within(&n, "y.weight", 1 / sqrt(WIDTH));
    expect_within(&n, "y.bias", 1 / sqrt(WIDTH));
    close_net(&n);
}
END_TEST

/* ---- gradients against differences ----------------------------------------------------------- */

typedef struct slope_check {
    net n;
    grove_tensor loss;
    grove_plan *plan;
    int nonzero;
} slope_check;

static double measure(slope_check *c) {
    grove_bind(c->plan, c->n.x, c->n.data);
    ck_assert_msg(grove_run(c->plan) == GROVE_OK, "%s", grove_plan_error(c->plan)->message);
    return grove_scalar(c->plan, c->loss);
}

static void check_leaf(slope_check *c, grove_tensor leaf, grove_real *data, const grove_real *dx) {
    static const double step[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1};
    const double h = 2e-5; /* x must not come to an edge */
    for (size_t k = 0; k < count_of(&c->n, leaf); k++) {
        grove_real kept = data[k];
        double numeric = 0, analytic = (double)dx[k];
        for (int i = 0; i < 4; i++) {
            data[k] = (grove_real)((double)kept + step[i] * h);
            numeric += weight[i] * measure(c) / (12 * h);
        }
        data[k] = kept;
        double scale = fmax(fmax(fabs(analytic), fabs(numeric)), 1e-1);
        ck_assert_msg(fabs(analytic - numeric) <= 1e-6 * scale,
                      "%s, component %zu: analytic %.10g, numeric %.10g", grove_node_name(leaf), k,
                      analytic, numeric);
        c->nonzero += analytic != 0;
    }
}

/* Of sum(y * r), r random, for x and every parameter. */
static void check_gradients(net_builder *build) {
    slope_check c = {.n = open_net(build, NULL)};
    c.n.batch = 5;
    static const double spread[FEATURES] = {30, 1, 0.01};
    for (int i = 0; i < 5 * FEATURES; i++) { /* off the edges; below and above them, too */
        double shift = i < 2 * FEATURES ? 0.031 * (i + 1) : i % 2 ? -3.3 : 2.7;
        c.n.data[i] += (grove_real)(shift * spread[i % FEATURES]);
    }
    grove_shape row = grove_node_shape(c.n.y);
    row.rank--;
    memmove(row.dim, row.dim + 1, (size_t)row.rank * sizeof *row.dim);
    grove_tensor r = grove_parameter(c.n.graph, "r", row, (grove_init){GROVE_INIT_NORMAL, .b = 1});
    c.loss = grove_sum(grove_mul(c.n.y, r), GROVE_ALL_AXES);
    grove_tensor leaf[32] = {c.n.x}, dx[32], wanted[33] = {c.loss};
    static grove_real numbers[32][MOST];
    int leaves = 1;
    for (int32_t i = 0; i < grove_parameter_count(c.n.graph); i++) {
        if (grove_parameter_is_trainable(grove_parameter_at(c.n.graph, i))) {
            leaf[leaves++] = grove_parameter_at(c.n.graph, i);
        }
    }
    ck_assert_int_eq(grove_gradients(c.loss, leaf, leaves, dx), GROVE_OK);
    memcpy(wanted + 1, dx, sizeof dx);
    c.plan = grove_plan_new(c.n.graph, wanted, leaves + 1, &(grove_plan_options){.batch = 5});
    measure(&c);
    for (int i = 0; i < leaves; i++) {
        memcpy(numbers[i], grove_value(c.plan, dx[i]),
               count_of(&c.n, leaf[i]) * sizeof *numbers[i]);
    }
    for (int i = 0; i < leaves; i++) {
        void *stored = grove_parameter_data(leaf[i]);
        check_leaf(&c, leaf[i], stored ? stored : c.n.data, numbers[i]);
    }
    ck_assert_int_gt(c.nonzero, 0);
    grove_plan_free(c.plan);
    close_net(&c.n);
}

START_TEST(gradients_are_differences) {
    if (in_double) {
        check_gradients(builders[_i]);
    }
}
END_TEST

/* ---- what is missing, what is endless -------------------------------------------------------- */

START_TEST(nan_stays_in_its_feature) {
    static grove_real before[MOST], after[MOST];
    for (int b = 0; b < BUILDERS - 2; b++) { /* in those, features meet */
        net n = open_net(builders[b], NULL);
        compute(&n, n.y, 1, before);
        n.data[4 * FEATURES + 1] = NOTHING; /* a feature with entries that are always 0 */
        compute(&n, n.y, 1, after);
        size_t width = count_of(&n, n.y) / ROWS / FEATURES, begin = (4 * FEATURES + 1) * width;
        size_t real = builders[b] == build_code ? 2 : width;
        for (size_t k = 0; k < width; k++) {
            ck_assert(k < real ? isnan(after[begin + k]) : after[begin + k] == 0);
        }
        ck_assert_mem_eq(before, after, begin * sizeof *before);
        ck_assert_mem_eq(before + begin + width, after + begin + width,
                         (count_of(&n, n.y) - begin - width) * sizeof *before);
        close_net(&n);
    }
}
END_TEST

/* An endless number fills the bins below it, and the last one without end. So does one that would
 * overflow if it were divided by each width. */
START_TEST(far_off_numbers_fill_what_they_should) {
    grove_real edges[] = {0, (grove_real)1e-20, 1}, y[6];
    grove_number_bins bins = {.features = 1, .most = 2, .edges = edges};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 1);
    grove_tensor code = grove_nn_piecewise_linear(x, &bins, "code");
    grove_plan *plan = grove_plan_new(g, &code, 1, &(grove_plan_options){.batch = 3});
    const grove_real far[] = {(grove_real)1e30, (grove_real)INFINITY, (grove_real)-INFINITY};
    grove_bind(plan, x, far);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    memcpy(y, grove_value(plan, code), sizeof y);
    ck_assert(y[0] == 1 && y[1] == far[0] && y[2] == 1 && y[3] == far[1]);
    ck_assert(y[4] == far[2] && y[5] == 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- files, threads, memory ------------------------------------------------------------------ */

static char folder[] = "/tmp/grove_numbers_XXXXXX";
static char path[64];

START_TEST(a_file_gives_the_same_bits) {
    static grove_real before[MOST], after[MOST];
    net n = open_net(builders[_i], NULL), loaded = n;
    grove_error error;
    grove_model *model;
    ck_assert_msg(grove_save(path, &n.y, 1, NULL, &error) == GROVE_OK, "%s", error.message);
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    loaded.graph = grove_model_graph(model);
    loaded.x = grove_find(loaded.graph, "x");
    loaded.y = grove_model_output(model, 0);
    compute(&n, n.y, 1, before);
    compute(&loaded, loaded.y, 4, after);
    ck_assert_mem_eq(before, after, count_of(&n, n.y) * sizeof *before);
    ck_assert(!grove_is_valid(grove_find(n.graph, "code")) ||
              memcmp(numbers_of(&loaded, "code.edges"), n.bins.edges,
                     FEATURES * (n.bins.most + 1) * sizeof *n.bins.edges) == 0);
    grove_model_free(model);
    close_net(&n);
}
END_TEST

static grove_status step_in(net_builder *build, hostile_memory *memory) {
    grove_allocator allocator = hostile_allocator(memory);
    net n = open_net(build, &allocator);
    grove_tensor loss = grove_mean(grove_mul(n.y, n.y), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.1));
    grove_plan_options options = {.batch = 2, .training = true, .allocator = allocator};
    grove_plan *plan = grove_plan_new(n.graph, &step, 1, &options);
    grove_bind(plan, n.x, n.data);
    grove_status status = grove_run(plan);
    grove_plan_free(plan);
    close_net(&n);
    return status;
}

START_TEST(short_memory_is_survived) {
    net_builder *build = builders[1 + _i]; /* the first one has nothing to train */
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

enum { SAMPLES = 256, LEARNED = 2 };

static grove_tensor flat(grove_tensor y) {
    grove_shape shape = grove_node_shape(y);
    return grove_reshape(y, GROVE_SHAPE(GROVE_BATCH, shape.dim[1] * shape.dim[2]));
}

static grove_tensor as_it_is(grove_tensor x, const grove_number_bins *bins) {
    (void)bins;
    return x;
}
static grove_tensor as_ple_lr(grove_tensor x, const grove_number_bins *bins) {
    grove_tensor code = grove_nn_piecewise_linear(x, bins, "bins");
    return flat(grove_relu(grove_nn_dense_by_feature(code, 8, "numbers")));
}
static grove_tensor as_ple(grove_tensor x, const grove_number_bins *bins) {
    return flat(grove_nn_piecewise_linear(x, bins, "bins"));
}
static grove_tensor as_plr(grove_tensor x, const grove_number_bins *bins) {
    (void)bins;
    grove_periodic_options options = {.frequencies = 16, .sigma = 1};
    grove_tensor waves = grove_nn_periodic(x, "waves", &options);
    return flat(grove_relu(grove_nn_dense_by_feature(waves, 8, "numbers")));
}

/* The loss that one dense layer on what `as` makes of two numbers from -1 to 1 comes to, if what
 * counts is whether the first one lies in a middle stripe, and the second one does not. */
static double learn(grove_tensor (*as)(grove_tensor x, const grove_number_bins *bins)) {
    static grove_real data[SAMPLES * LEARNED], target[SAMPLES];
    for (int i = 0; i < SAMPLES * LEARNED; i++) {
        data[i] = (grove_real)(scene_draw((size_t)i, 5) / 0.8 - 1.375); /* 0.3..1.9 -> -1..1 */
    }
    for (int i = 0; i < SAMPLES; i++) {
        double a = (double)data[2 * i], b = (double)data[2 * i + 1];
        target[i] = (fabs(a) < 0.5) + (fabs(b) > 0.5) > 1;
    }
    grove_number_bins bins = fit(data, SAMPLES, LEARNED, 16);
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, LEARNED);
    grove_tensor wanted = grove_input_reals(g, "wanted", GROVE_BATCH, 1);
    grove_tensor loss = grove_binary_cross_entropy(grove_nn_dense(as(x, &bins), 1, "out"), wanted);
    grove_tensor outputs[] = {grove_minimize(loss, GROVE_ADAM(.rate = 0.02)), loss};
    grove_plan_options options = {.batch = SAMPLES, .training = true};
    grove_plan *plan = grove_plan_new(g, outputs, 2, &options);
    grove_bind(plan, x, data);
    grove_bind(plan, wanted, target);
    for (int step = 0; step < 400; step++) {
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    }
    double reached = grove_scalar(plan, loss);
    grove_plan_free(plan);
    grove_graph_free(g);
    grove_number_bins_free(&bins);
    return reached;
}

START_TEST(they_learn_what_no_line_is) {
    double line = learn(as_it_is), ple = learn(as_ple), ple_lr = learn(as_ple_lr);
    double plr = learn(as_plr);
    printf("loss after 400 steps: as it is %.3f, PLE %.3f, PLE-LR %.3f, PLR %.3f\n", line, ple,
           ple_lr, plr);
    ck_assert(line > 0.5);
    ck_assert(ple < 0.3 && ple_lr < 0.2 && plr < 0.2);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

/* Edges of one feature by which those of all three are replaced. */
static grove_tensor with_edges(net *n, const grove_real *edges) {
    n->bins.most = 3;
    for (int i = 0; i < FEATURES * 4; i++) {
        n->bins.edges[i] = edges[i % 4];
    }
    return build_code(n);
}
static grove_tensor refuse_falling(net *n) {
    return with_edges(n, (const grove_real[]){0, 2, 1, 3});
}
static grove_tensor refuse_a_hole(net *n) {
    return with_edges(n, (const grove_real[]){0, 1, 1, 3});
}
static grove_tensor refuse_no_bin(net *n) {
    return with_edges(n, (const grove_real[]){1, 1, 1, 1});
}
static grove_tensor refuse_endless(net *n) {
    return with_edges(n, (const grove_real[]){0, 1, 2, (grove_real)INFINITY});
}
static grove_tensor refuse_nan(net *n) {
    return with_edges(n, (const grove_real[]){0, NOTHING, 2, 3});
}
static grove_tensor refuse_other_features(net *n) {
    n->bins.features = 2;
    return build_code(n);
}
static grove_tensor refuse_without_bins(net *n) {
    return grove_nn_piecewise_linear(n->x, NULL, "code");
}
static grove_tensor refuse_flat_code(net *n) {
    return grove_nn_piecewise_linear(grove_fill(n->graph, GROVE_SHAPE(3), 1), &n->bins, "code");
}
static grove_tensor refuse_ids(net *n) {
    grove_tensor ids = grove_input_ids(n->graph, "ids", GROVE_BATCH, FEATURES);
    return grove_nn_periodic(ids, "waves", NULL);
}
static grove_tensor refuse_frequencies(net *n) {
    return grove_nn_periodic(n->x, "waves", &(grove_periodic_options){.frequencies = -1});
}
static grove_tensor refuse_sigma(net *n) {
    return grove_nn_periodic(n->x, "waves", &(grove_periodic_options){.sigma = -1});
}
static grove_tensor refuse_flat_dense(net *n) {
    return grove_nn_dense_by_feature(n->x, 2, "y");
}
static grove_tensor refuse_no_width(net *n) {
    return grove_nn_dense_by_feature(build_code(n), 0, "y");
}
static grove_tensor refuse_batch_of_features(net *n) {
    return grove_nn_linear_numbers(grove_transpose(n->x, GROVE_AXES(1, 0)), 2, "y");
}
static grove_tensor refuse_no_linear_width(net *n) {
    return grove_nn_linear_numbers(n->x, 0, "y");
}

static const struct {
    net_builder *build;
    const char *words;
} refusals[] = {
    {refuse_falling, "piecewise_linear 'code': the edges of its bins must rise"},
    {refuse_a_hole, "the edges of its bins must rise"},
    {refuse_no_bin, "each feature must have a bin"},
    {refuse_endless, "the edges of its bins must be finite, and not too far apart"},
    {refuse_nan, "the edges of its bins must rise"},
    {refuse_other_features,
     "its bins are of 2 features, x has 3 (the input has the shape [batch, 3])"},
    {refuse_without_bins, "it has no bins; grove_number_bins_fit makes them"},
    {refuse_flat_code, "it needs real numbers [batch, features], the features fixed"},
    {refuse_ids, "periodic 'waves': it takes real numbers, not the ids ["},
    {refuse_frequencies, "it needs 1 frequency or more, and a finite sigma above 0"},
    {refuse_sigma, "it needs 1 frequency or more, and a finite sigma above 0"},
    {refuse_flat_dense, "dense_by_feature 'y': it needs real numbers [batch, features, in]"},
    {refuse_no_width, "a width of 1 or more"},
    {refuse_batch_of_features, "linear_numbers 'y': it needs real numbers [batch, features]"},
    {refuse_no_linear_width, "it needs a width of 1 or more"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(mistakes_are_told_in_words) {
    net n = open_net(refusals[_i].build, NULL);
    const char *message = grove_graph_error(n.graph)->message;
    ck_assert(!grove_is_valid(n.y));
    ck_assert_msg(strstr(message, refusals[_i].words), "%s", message);
    close_net(&n);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("number embeddings");
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/model", folder);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, quantiles_by_hand);
    tcase_add_test(cases, equal_quantiles_are_one_edge_and_nan_is_none);
    tcase_add_test(cases, columns_without_bins_are_refused_in_words);
    tcase_add_test(cases, fitting_survives_short_memory);
    tcase_add_test(cases, piecewise_linear_is_its_rule);
    tcase_add_test(cases, the_header_shows_what_is_computed);
    tcase_add_test(cases, periodic_is_its_formula);
    tcase_add_test(cases, frequencies_begin_normal);
    tcase_add_test(cases, dense_by_feature_is_its_formula);
    tcase_add_test(cases, weights_begin_as_the_header_says);
    tcase_add_loop_test(cases, gradients_are_differences, 0, BUILDERS);
    tcase_add_test(cases, nan_stays_in_its_feature);
    tcase_add_test(cases, far_off_numbers_fill_what_they_should);
    tcase_add_loop_test(cases, a_file_gives_the_same_bits, 0, BUILDERS);
    tcase_add_loop_test(cases, short_memory_is_survived, 0, BUILDERS - 1);
    tcase_add_test(cases, they_learn_what_no_line_is);
    tcase_add_loop_test(cases, mistakes_are_told_in_words, 0, REFUSALS);
    Suite *suite = suite_create("number embeddings");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove(path);
    rmdir(folder);
    return failed != 0;
}
