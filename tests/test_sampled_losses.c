/* SPDX-License-Identifier: MIT
 *
 * Sampled losses: samplers against their laws; each loss against its formula in plain C, gradients
 * against differences; what the estimates are true to on average; that a step touches no more than
 * what is named; and what is refused.
 *
 * All draws have fixed seeds; what is statistical prints its interval.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

static bool near(double a, double b, double tolerance) {
    return fabs(a - b) <= tolerance * fmax(1, fmax(fabs(a), fabs(b)));
}

static const double tolerance = sizeof(grove_real) == sizeof(float) ? 5e-6 : 1e-12;

static void expect_run(grove_plan *plan) {
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
}

/* Numbers of both signs, none like the other. */
static double number(size_t i, int salt) {
    double turn = 0.6180339887498949 * (double)(i + 1) + 0.137 * (double)salt;
    return 2 * (turn - floor(turn)) - 1;
}

/* ---- mean and interval ----------------------------------------------------------------------- */

typedef struct estimate {
    double sum, squares, count;
} estimate;

static void add(estimate *e, double x) {
    e->sum += x;
    e->squares += x * x;
    e->count++;
}
static double mean_of(const estimate *e) {
    return e->sum / e->count;
}
/* Half the interval that holds the true mean in 95 of 100 cases. */
static double half_interval(const estimate *e) {
    double mean = mean_of(e);
    return 1.96 * sqrt(fmax(0, e->squares / e->count - mean * mean) / e->count);
}

/* ---- the alias table ------------------------------------------------------------------------- */

/* The probabilities that the table means, against those that were wanted. */
static void expect_table(const char *name, const double *weights, size_t n) {
    grove_real *accept = malloc(n * sizeof *accept);
    grove_id *alias = malloc(n * sizeof *alias);
    double *p = calloc(n, sizeof *p), most = 0, sum = 0;
    grove_error error;
    ck_assert_int_eq(grove_alias_table(weights, n, accept, alias, NULL, &error), GROVE_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert(accept[i] >= 0 && accept[i] <= 1 && alias[i] >= 0 && (size_t)alias[i] < n);
        p[i] += (double)accept[i] / (double)n;
        p[alias[i]] += (1 - (double)accept[i]) / (double)n;
        most = fmax(most, weights[i]);
    }
    for (size_t i = 0; i < n; i++) {
        sum += weights[i] / most;
    }
    double rounding = sizeof(grove_real) == sizeof(float) ? 0x1p-23 : 1e-13, worst = 0;
    for (size_t i = 0; i < n; i++) {
        double wanted = weights[i] / most / sum, off = fabs(p[i] - wanted);
        worst = fmax(worst, off / fmax(wanted, 1 / (double)n));
        ck_assert_msg(weights[i] > 0 || p[i] == 0, "%s: class %zu is drawn", name, i);
    }
    ck_assert_msg(worst <= rounding, "%s: off by %.3g of a column", name, worst);
    free(accept);
    free(alias);
    free(p);
}

START_TEST(an_alias_table_means_what_was_wanted) {
    enum { MANY = 20000 };
    static double zipf[MANY], gaps[MANY], one_of_many[MANY];
    for (size_t i = 0; i < MANY; i++) {
        zipf[i] = 1 / (double)(i + 1);
        gaps[i] = i % 3 ? number(i, 1) + 1 : 0;
        one_of_many[i] = i == MANY / 2 ? 1e9 : 1e-9;
    }
    const double one[] = {0.3}, alike[] = {5, 5, 5, 5, 5, 5, 5}, only[] = {0, 0, 7, 0};
    const double extreme[] = {1e308, 1e308, 1e-308, 0, 1e308}, small[] = {4e-320, 1e-320};
    expect_table("one class", one, 1);
    expect_table("all alike", alike, 7);
    expect_table("one that counts", only, 4);
    expect_table("extremes", extreme, 5);
    expect_table("denormal", small, 2);
    expect_table("Zipf", zipf, MANY);
    expect_table("gaps", gaps, MANY);
    expect_table("one of many", one_of_many, MANY);
}
END_TEST

START_TEST(an_alias_table_is_refused_in_words) {
    const double good[] = {1, 2};
    const double bad[][2] = {{1, -1}, {(double)NAN, 1}, {(double)INFINITY, 1}, {0, 0}};
    grove_real accept[2] = {7, 7};
    grove_id alias[2] = {7, 7};
    grove_error error;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(grove_alias_table(bad[i], 2, accept, alias, NULL, &error),
                         GROVE_BAD_ARGUMENT);
        ck_assert(strstr(error.message, "finite numbers from 0 up, and not all of them 0"));
    }
    ck_assert_int_eq(grove_alias_table(bad[0], 0, accept, alias, NULL, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_alias_table(NULL, 2, accept, alias, NULL, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_alias_table(good, 2, NULL, alias, NULL, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_alias_table(good, 2, accept, NULL, NULL, NULL), GROVE_BAD_ARGUMENT);
    hostile_memory memory = {.fail_at = 1};
    grove_allocator allocator = hostile_allocator(&memory);
    ck_assert_int_eq(grove_alias_table(good, 2, accept, alias, &allocator, &error),
                     GROVE_NO_MEMORY);
    ck_assert(accept[0] == 7 && accept[1] == 7 && alias[0] == 7 && alias[1] == 7);
    memory = (hostile_memory){0};
    ck_assert_int_eq(grove_alias_table(good, 2, accept, alias, &allocator, &error), GROVE_OK);
    ck_assert(memory.live == 0);
}
END_TEST

/* ---- samplers -------------------------------------------------------------------------------- */

enum { CLASSES = 40 };

/* Class 5 is never drawn. */
static void fill_counts(double *counts) {
    for (size_t i = 0; i < CLASSES; i++) {
        counts[i] = i == 5 ? 0 : 1000 / (double)(1 + i % 13);
    }
}

static grove_sampler make_sampler(grove_graph *g, grove_sampler_kind kind) {
    double counts[CLASSES];
    fill_counts(counts);
    return kind == GROVE_SAMPLER_UNIFORM       ? grove_sampler_uniform(CLASSES)
           : kind == GROVE_SAMPLER_LOG_UNIFORM ? grove_sampler_log_uniform(CLASSES)
                                               : grove_sampler_unigram(g, counts, CLASSES, 0, "u");
}

/* P(k), by the formula. */
static double q_of(grove_sampler_kind kind, size_t k) {
    double counts[CLASSES], sum = 0;
    fill_counts(counts);
    for (size_t i = 0; i < CLASSES; i++) {
        sum += pow(counts[i], 0.75);
    }
    return kind == GROVE_SAMPLER_UNIFORM ? 1.0 / CLASSES
           : kind == GROVE_SAMPLER_LOG_UNIFORM
               ? log((double)(k + 2) / (double)(k + 1)) / log(CLASSES + 1)
               : pow(counts[k], 0.75) / sum;
}

static void draw(grove_graph *g, grove_tensor y, uint64_t run, int threads, grove_id *ids,
                 size_t count) {
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.threads = threads});
    grove_set_training_runs(g, run);
    expect_run(plan);
    ck_assert_uint_eq(grove_value_count(plan, y), count);
    memcpy(ids, grove_value(plan, y), count * sizeof *ids);
    grove_plan_free(plan);
}

static double chi_square(const size_t *seen, const double *expected, size_t cells) {
    double sum = 0;
    for (size_t i = 0; i < cells; i++) {
        double off = (double)seen[i] - expected[i];
        ck_assert(expected[i] > 0 || seen[i] == 0);
        sum += expected[i] > 0 ? off * off / expected[i] : 0;
    }
    return sum;
}

/* With f degrees of freedom it has the mean f and the deviation sqrt(2 f): both too much and too
 * little would be strange. */
static void expect_chance(const char *what, double chi, double f) {
    printf("%s: chi-square %.1f, %.0f +- %.1f are by chance\n", what, chi, f, 4 * sqrt(2 * f));
    ck_assert_msg(fabs(chi - f) < 4 * sqrt(2 * f), "%s", what);
}

START_TEST(frequencies) {
    enum { DRAWS = 200000 };
    static grove_id ids[DRAWS];
    const char *const names[] = {"log-uniform", "uniform", "unigram^0.75"};
    for (int kind = 0; kind < 3; kind++) {
        grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 11});
        grove_sampler s = make_sampler(g, (grove_sampler_kind)kind);
        size_t seen[CLASSES] = {0}, cells = 0;
        double expected[CLASSES];
        draw(g, grove_sample(g, &s, DRAWS), 0, 1, ids, DRAWS);
        for (size_t i = 0; i < DRAWS; i++) {
            ck_assert(ids[i] >= 0 && ids[i] < CLASSES);
            seen[ids[i]]++;
        }
        for (size_t k = 0; k < CLASSES; k++) {
            expected[k] = DRAWS * q_of((grove_sampler_kind)kind, k);
            cells += expected[k] > 0;
        }
        expect_chance(names[kind], chi_square(seen, expected, CLASSES), (double)cells - 1);
        grove_graph_free(g);
    }
}
END_TEST

/* Neighbours within a run, and the same place in the next run, know nothing of each other. */
START_TEST(draws_are_independent) {
    enum { N = 8, DRAWS = 100000 };
    static grove_id ids[DRAWS], next[DRAWS];
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 5});
    grove_tensor y = grove_sample_uniform(g, DRAWS, N);
    size_t within[N * N] = {0}, between[N * N] = {0};
    double expected[N * N];
    draw(g, y, 7, 1, ids, DRAWS);
    draw(g, y, 8, 1, next, DRAWS);
    for (size_t i = 0; i < DRAWS; i++) {
        within[ids[i] * N + ids[(i + 1) % DRAWS]]++;
        between[ids[i] * N + next[i]]++;
    }
    for (size_t i = 0; i < (size_t)N * N; i++) {
        expected[i] = (double)DRAWS / (N * N);
    }
    expect_chance("pairs within a run", chi_square(within, expected, N * N), N * N - 1);
    expect_chance("pairs of two runs", chi_square(between, expected, N * N), N * N - 1);
    grove_graph_free(g);
}
END_TEST

START_TEST(the_same_bytes_for_any_threads) {
    enum { DRAWS = 50000 };
    static grove_id one[DRAWS], other[DRAWS];
    for (int kind = 0; kind < 3; kind++) {
        grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
        grove_sampler s = make_sampler(g, (grove_sampler_kind)kind);
        grove_tensor y = grove_sample(g, &s, DRAWS), z = grove_sample(g, &s, DRAWS);
        const uint64_t run = ((uint64_t)1 << 32) + 9;
        draw(g, y, run, 1, one, DRAWS);
        for (int threads = 1; threads <= 3; threads++) {
            draw(g, y, run, threads, other, DRAWS);
            ck_assert_mem_eq(one, other, sizeof one);
        }
        draw(g, y, run + 1, 1, other, DRAWS);
        ck_assert_mem_ne(one, other, sizeof one);
        draw(g, y, 9, 1, other, DRAWS); /* the high half of the run counts, too */
        ck_assert_mem_ne(one, other, sizeof one);
        draw(g, z, run, 1, other, DRAWS); /* and so does the node */
        ck_assert_mem_ne(one, other, sizeof one);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(log_q) {
    for (int kind = 0; kind < 3; kind++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_sampler s = make_sampler(g, (grove_sampler_kind)kind);
        grove_tensor y = grove_sampler_log_q(&s, grove_positions(g, CLASSES));
        ck_assert(grove_shape_equal(grove_node_shape(y), GROVE_SHAPE(CLASSES)));
        ck_assert_int_eq(s.never, kind == GROVE_SAMPLER_UNIGRAM ? 5 : -1);
        grove_plan *plan = grove_plan_new(g, &y, 1, NULL);
        expect_run(plan);
        for (size_t k = 0; k < CLASSES; k++) {
            double q = q_of((grove_sampler_kind)kind, k);
            double got = (double)((const grove_real *)grove_value(plan, y))[k];
            ck_assert(q > 0 ? near(got, log(q), tolerance) : got < -1e29);
        }
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* Neither a large class nor an extreme power costs digits. */
START_TEST(log_q_far_out) {
    const grove_id far = 5000000;
    grove_graph *g = grove_graph_new(NULL);
    grove_sampler s = grove_sampler_log_uniform(10000000);
    grove_tensor id = grove_input_ids(g, "id", 1), y = grove_sampler_log_q(&s, id);
    const double counts[] = {1e300, 1e-300, 3};
    grove_sampler u = grove_sampler_unigram(g, counts, 3, -2, "u");
    grove_tensor z = grove_sampler_log_q(&u, grove_positions(g, 3));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){y, z}, 2, NULL);
    grove_bind(plan, id, &far);
    expect_run(plan);
    double q = log1p(1 / ((double)far + 1)) / log(10000001);
    ck_assert(near((double)*(const grove_real *)grove_value(plan, y), log(q), tolerance));
    const grove_real *p = grove_value(plan, z);
    ck_assert(near((double)p[0], 4 * log(1e-300), tolerance) && near((double)p[1], 0, tolerance));
    ck_assert(near((double)p[2], 2 * (log(1e-300) - log(3)), tolerance));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- a small problem ------------------------------------------------------------------------- */

enum { ROWS = 6, WIDTH = 3, SAMPLES = 12 };

static const grove_id labels[ROWS] = {3, 0, 7, 3, 39, 1};
static const double row_weights[ROWS] = {1, 0.5, 0, 2, 3, 1};

typedef enum loss_kind { SOFTMAX, CONTRASTIVE, NEGATIVE } loss_kind;

typedef struct loss_case {
    const char *name;
    loss_kind loss;
    grove_sampler_kind sampler;
    grove_sampled_options options;
    bool bias, weighted;
} loss_case;

static const loss_case cases[] = {
    {"softmax", SOFTMAX, GROVE_SAMPLER_LOG_UNIFORM, {.samples = SAMPLES}, true, false},
    {"softmax, uniform", SOFTMAX, GROVE_SAMPLER_UNIFORM, {.samples = SAMPLES}, false, true},
    {"softmax, hits kept",
     SOFTMAX,
     GROVE_SAMPLER_LOG_UNIFORM,
     {.samples = SAMPLES, .hits = GROVE_HITS_KEPT},
     true,
     false},
    {"softmax, label too",
     SOFTMAX,
     GROVE_SAMPLER_LOG_UNIFORM,
     {.samples = SAMPLES, .label_corrected = true},
     true,
     true},
    {"softmax, uncorrected",
     SOFTMAX,
     GROVE_SAMPLER_UNIGRAM,
     {.samples = SAMPLES, .uncorrected = true},
     true,
     false},
    {"contrastive", CONTRASTIVE, GROVE_SAMPLER_LOG_UNIFORM, {.samples = SAMPLES}, true, true},
    {"contrastive, hits removed",
     CONTRASTIVE,
     GROVE_SAMPLER_UNIFORM,
     {.samples = SAMPLES, .hits = GROVE_HITS_REMOVED},
     false,
     false},
    {"negative", NEGATIVE, GROVE_SAMPLER_UNIGRAM, {.samples = SAMPLES}, true, true},
    {"negative, hits kept",
     NEGATIVE,
     GROVE_SAMPLER_LOG_UNIFORM,
     {.samples = SAMPLES, .hits = GROVE_HITS_KEPT},
     true,
     false},
    {"two draws a row",
     SOFTMAX,
     GROVE_SAMPLER_LOG_UNIFORM,
     {.samples = 2 * GROVE_BATCH},
     true,
     false},
    {"two contrasts a row",
     CONTRASTIVE,
     GROVE_SAMPLER_LOG_UNIFORM,
     {.samples = 2 * GROVE_BATCH},
     true,
     true},
};
enum { CASES = sizeof cases / sizeof cases[0] };

typedef struct world {
    grove_graph *graph;
    grove_tensor x, weight, bias, label, weights, drawn, loss;
    grove_sampler sampler;
    size_t samples;
} world;

static grove_tensor parameter(grove_graph *g, const char *name, int64_t rows, int64_t width,
                              int salt) {
    grove_tensor p = grove_parameter(g, name, GROVE_SHAPE(rows, width), (grove_init){0});
    grove_real *data = grove_parameter_data(p);
    for (size_t i = 0; i < grove_parameter_size(p); i++) {
        data[i] = (grove_real)(1.5 * number(i, salt));
    }
    return p;
}

static grove_tensor build_loss(const world *w, loss_kind loss, const grove_sampled_options *o) {
    grove_tensor (*const build[])(grove_tensor, grove_tensor, grove_tensor, grove_tensor,
                                  const grove_sampled_options *) = {
        grove_sampled_softmax_loss, grove_noise_contrastive_loss, grove_negative_sampling_loss};
    return build[loss](w->x, w->weight, w->bias, w->label, o);
}

/* x is a parameter, so that differences can be taken; its rows are looked up by the batch. */
static world open_world(const loss_case *c) {
    world w = {.graph = grove_graph_new(&(grove_graph_options){.seed = 21}), .weights = GROVE_NONE};
    grove_graph *g = w.graph;
    grove_real weights[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        weights[i] = (grove_real)row_weights[i];
    }
    w.x = grove_embedding(parameter(g, "x", ROWS, WIDTH, 1), grove_positions(g, GROVE_BATCH));
    w.weight = parameter(g, "weight", CLASSES, WIDTH, 2);
    w.bias = c->bias ? parameter(g, "bias", CLASSES, 1, 3) : GROVE_NONE;
    w.label = grove_input_ids(g, "label", GROVE_BATCH);
    w.sampler = make_sampler(g, c->sampler);
    grove_sampled_options o = c->options;
    o.sampler = &w.sampler;
    w.samples = o.samples < 0 ? 2 * ROWS : SAMPLES;
    w.drawn = o.drawn = grove_sample(g, &w.sampler, o.samples);
    if (c->weighted) {
        grove_tensor all = grove_constant(g, "weights", GROVE_SHAPE(ROWS, 1), weights);
        o.weights = w.weights = grove_reshape(grove_embedding(all, grove_positions(g, GROVE_BATCH)),
                                              GROVE_SHAPE(GROVE_BATCH));
    }
    w.loss = build_loss(&w, c->loss, &o);
    return w;
}

/* ---- values and gradients -------------------------------------------------------------------- */

static double score(const world *w, size_t row, grove_id class) {
    const grove_real *x = grove_parameter_data(grove_find(w->graph, "x"));
    const grove_real *weight = grove_parameter_data(w->weight);
    const grove_real *bias = grove_parameter_data(w->bias);
    double sum = bias ? (double)bias[class] : 0;
    for (size_t k = 0; k < WIDTH; k++) {
        sum += (double)x[row * WIDTH + k] * (double)weight[(size_t) class * WIDTH + k];
    }
    return sum;
}

static double soft(double x) {
    return log(1 + exp(x));
}

/* The loss of a row, by the header's formulas. */
static double row_by_formula(const world *w, const loss_case *c, const grove_id *drawn,
                             size_t row) {
    const grove_sampled_options *o = &c->options;
    grove_id label = labels[row];
    bool removes =
        o->hits == GROVE_HITS_REMOVED || (o->hits == GROVE_HITS_BY_LOSS && c->loss != CONTRASTIVE);
    bool corrects = c->loss == CONTRASTIVE || (c->loss == SOFTMAX && !o->uncorrected);
    double s = score(w, row, label), count = (double)w->samples, sum = 0;
    if (c->loss == CONTRASTIVE || o->label_corrected) {
        s -= log(count * q_of(c->sampler, (size_t)label));
    }
    for (size_t j = 0; j < w->samples; j++) {
        double d = score(w, row, drawn[j]);
        d -= corrects ? log(count * q_of(c->sampler, (size_t)drawn[j])) : 0;
        if (!(removes && drawn[j] == label)) {
            sum += c->loss == SOFTMAX ? exp(d) : soft(d);
        }
    }
    return c->loss == SOFTMAX ? -s + log(exp(s) + sum) : soft(-s) + sum;
}

static double by_formula(const world *w, const loss_case *c, const grove_id *drawn) {
    double above = 0, below = 0;
    for (size_t row = 0; row < ROWS; row++) {
        double weight = c->weighted ? row_weights[row] : 1;
        above += weight * row_by_formula(w, c, drawn, row);
        below += weight;
    }
    return above / below;
}

static bool has_hit(const grove_id *drawn, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        for (size_t row = 0; row < ROWS; row++) {
            if (drawn[i] == labels[row]) {
                return true;
            }
        }
    }
    return false;
}

START_TEST(values) {
    size_t hits = 0;
    for (int i = 0; i < CASES; i++) {
        world w = open_world(&cases[i]);
        grove_plan *plan = grove_plan_new(w.graph, (grove_tensor[]){w.loss, w.drawn}, 2,
                                          &(grove_plan_options){.batch = ROWS});
        grove_bind(plan, w.label, labels);
        double last = 0;
        for (uint64_t run = 0; run < 5; run++) {
            grove_set_training_runs(w.graph, run);
            expect_run(plan);
            const grove_id *drawn = grove_value(plan, w.drawn);
            ck_assert_uint_eq(grove_value_count(plan, w.drawn), w.samples);
            double value = grove_scalar(plan, w.loss), wanted = by_formula(&w, &cases[i], drawn);
            ck_assert_msg(near(value, wanted, tolerance), "%s: %.12g, by the formula %.12g",
                          cases[i].name, value, wanted);
            ck_assert(value != last);
            last = value;
            hits += has_hit(drawn, w.samples);
        }
        grove_plan_free(plan);
        grove_graph_free(w.graph);
    }
    ck_assert_uint_gt(hits, CASES); /* there was something to be removed */
}
END_TEST

/* Differences of the fourth order; the draw stays the same while no training run is made. */
static void check_slopes(const char *name, grove_plan *plan, grove_tensor loss, grove_tensor p,
                         grove_tensor gradient) {
    const double h = 1e-3;
    grove_real *numbers = grove_parameter_data(p);
    size_t nonzero = 0;
    for (size_t i = 0; i < grove_parameter_size(p); i++) {
        grove_real kept = numbers[i];
        double side[5];
        expect_run(plan);
        double slope = (double)((const grove_real *)grove_value(plan, gradient))[i];
        for (int k = -2; k <= 2; k++) {
            numbers[i] = (grove_real)((double)kept + k * h);
            expect_run(plan);
            side[k + 2] = grove_scalar(plan, loss);
        }
        numbers[i] = kept;
        double wanted = (8 * (side[3] - side[1]) - (side[4] - side[0])) / (12 * h);
        ck_assert_msg(fabs(slope - wanted) < 1e-9, "%s: slope %zu of %s is %.12g, not %.12g", name,
                      i, grove_node_name(p), wanted, slope);
        nonzero += slope != 0;
    }
    ck_assert_uint_gt(nonzero, 0);
}

/* In float a difference has too few digits to tell. */
START_TEST(gradients) {
    for (int i = 0; i < CASES && sizeof(grove_real) == sizeof(double); i++) {
        world w = open_world(&cases[i]);
        grove_tensor p[] = {grove_find(w.graph, "x"), w.weight, w.bias}, out[4] = {w.loss};
        int count = cases[i].bias ? 3 : 2;
        grove_gradients(w.loss, p, count, out + 1);
        for (int k = 1; k <= count; k++) {
            ck_assert_str_eq(grove_node_op(out[k]), "scatter_rows");
        }
        grove_plan *plan =
            grove_plan_new(w.graph, out, count + 1, &(grove_plan_options){.batch = ROWS});
        grove_bind(plan, w.label, labels);
        for (int k = 0; k < count; k++) {
            check_slopes(cases[i].name, plan, w.loss, p[k], out[k + 1]);
        }
        grove_plan_free(plan);
        grove_graph_free(w.graph);
    }
}
END_TEST

/* All draws are hits, and scores are as large as they get: nothing but numbers, and what is removed
 * leaves no trace. */
START_TEST(hits_leave_no_trace) {
    for (int loss = SOFTMAX; loss <= NEGATIVE; loss++) {
        grove_graph *g = grove_graph_new(NULL);
        world w = {.graph = g, .x = parameter(g, "x", 2, 1, 1), .bias = GROVE_NONE};
        w.weight = parameter(g, "weight", 3, 1, 2);
        w.label = grove_input_ids(g, "label", 2);
        w.drawn = grove_input_ids(g, "drawn", 2);
        grove_sampler s = grove_sampler_uniform(3);
        grove_sampled_options o = {.sampler = &s, .drawn = w.drawn, .hits = GROVE_HITS_REMOVED};
        grove_tensor value = build_loss(&w, (loss_kind)loss, &o), p[] = {w.x, w.weight}, dp[2];
        grove_gradients(value, p, 2, dp);
        grove_plan *plan = grove_plan_new(g, (grove_tensor[]){value, dp[0], dp[1]}, 3, NULL);
        grove_bind(plan, w.label, (const grove_id[]){1, 1});
        grove_bind(plan, w.drawn, (const grove_id[]){1, 1});
        for (double size = 1; size < 1e16; size *= 1e15) {
            grove_real *x = grove_parameter_data(w.x), *weight = grove_parameter_data(w.weight);
            x[0] = (grove_real)size;
            x[1] = (grove_real)-size;
            weight[1] = (grove_real)(1e3 / (double)x[0]);
            expect_run(plan);
            const grove_real *dx = grove_value(plan, dp[0]), *dw = grove_value(plan, dp[1]);
            ck_assert(isfinite(grove_scalar(plan, value)));
            ck_assert(isfinite(dx[0]) && isfinite(dx[1]) && isfinite(dw[1]));
            ck_assert(dw[0] == 0 && dw[2] == 0);
            ck_assert(loss != SOFTMAX ||
                      (grove_scalar(plan, value) == 0 && dx[0] == 0 && dx[1] == 0 && dw[1] == 0));
        }
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- on average ------------------------------------------------------------------------------ */

/* One row with the scores of `bias` (x is 0), label 2, against its full softmax. */
enum { LABEL = 2, DRAWS_OF = 4000 };

typedef struct average {
    estimate z;              /* of the sum over all classes, over its true value */
    estimate loss;           /* less the full loss */
    estimate slope[CLASSES]; /* less that of the full loss */
} average;

static void one_row(world *w, double flat) {
    *w = (world){.graph = grove_graph_new(&(grove_graph_options){.seed = 4}), .bias = GROVE_NONE};
    w->x = grove_fill(w->graph, GROVE_SHAPE(1, 1), 0);
    w->weight = parameter(w->graph, "weight", CLASSES, 1, 2);
    w->bias = parameter(w->graph, "bias", CLASSES, 1, 3);
    grove_real *bias = grove_parameter_data(w->bias);
    for (size_t k = 0; k < CLASSES; k++) { /* Zipf's law, and something of its own */
        bias[k] = (grove_real)(flat * bias[k] - log((double)k + 1));
    }
    w->label = grove_input_ids(w->graph, "label", 1);
}

static void average_over_draws(int64_t samples, average *a) {
    static const grove_id label = LABEL;
    world w;
    one_row(&w, 0.5);
    grove_sampled_options o = {.samples = samples};
    grove_tensor loss = grove_sampled_softmax_loss(w.x, w.weight, w.bias, w.label, &o);
    grove_tensor slope = grove_gradient(loss, w.bias);
    grove_plan *plan = grove_plan_new(w.graph, (grove_tensor[]){loss, slope}, 2, NULL);
    grove_bind(plan, w.label, &label);
    const grove_real *bias = grove_parameter_data(w.bias);
    double z = 0;
    for (size_t k = 0; k < CLASSES; k++) {
        z += exp((double)bias[k]);
    }
    *a = (average){.z = {0}};
    for (uint64_t run = 0; run < DRAWS_OF; run++) {
        grove_set_training_runs(w.graph, run);
        expect_run(plan);
        const grove_real *slopes = grove_value(plan, slope);
        double value = grove_scalar(plan, loss), of_label = (double)bias[LABEL];
        add(&a->loss, value - (log(z) - of_label));
        add(&a->z, exp(value + of_label) / z);
        for (size_t k = 0; k < CLASSES; k++) {
            add(&a->slope[k], (double)slopes[k] - exp((double)bias[k]) / z + (k == LABEL));
        }
    }
    grove_plan_free(plan);
    grove_graph_free(w.graph);
}

/* The length of the mean slope's distance from the full one. */
static double slope_bias(const average *a) {
    double sum = 0;
    for (size_t k = 0; k < CLASSES; k++) {
        sum += mean_of(&a->slope[k]) * mean_of(&a->slope[k]);
    }
    return sqrt(sum);
}

/* The sum over all classes is met on average, for any number of draws; its logarithm, the loss, is
 * low by a bias that falls like 1 / samples, and so is the slope. */
START_TEST(sampled_softmax_approaches_the_full_one) {
    double loss_bias[4], slopes[4];
    printf("samples   sum / true sum         loss - full loss         |slope - full slope|\n");
    for (int i = 0; i < 4; i++) {
        average a;
        int64_t samples = (int64_t)4 << (2 * i);
        average_over_draws(samples, &a);
        loss_bias[i] = mean_of(&a.loss);
        slopes[i] = slope_bias(&a);
        printf("%7d   %.4f +- %.4f     %+.5f +- %.5f      %.5f\n", (int)samples, mean_of(&a.z),
               half_interval(&a.z), loss_bias[i], half_interval(&a.loss), slopes[i]);
        ck_assert(fabs(mean_of(&a.z) - 1) < 1.5 * half_interval(&a.z)); /* 3 deviations */
        ck_assert(loss_bias[i] < 1.5 * half_interval(&a.loss));
    }
    ck_assert(loss_bias[0] < -0.02 && fabs(loss_bias[3]) < 0.01);
    ck_assert(fabs(loss_bias[1]) < fabs(loss_bias[0]) / 2);
    ck_assert(fabs(loss_bias[2]) < fabs(loss_bias[1]) / 2);
    ck_assert(slopes[1] < slopes[0] / 2 && slopes[3] < slopes[1] / 2 && slopes[3] < 0.01);
}
END_TEST

/* All labels at once, each weighing as much as its probability by the scores, `off` added to one of
 * them: the mean over draws of the slope for that score, and its interval. x is 0. */
static estimate slope_at_truth(loss_kind loss, grove_sampled_options o, double off) {
    enum { RUNS = 3000, MOVED = 3 };
    grove_id label[CLASSES];
    grove_real p[CLASSES];
    world w;
    one_row(&w, 0.5);
    grove_real *bias = grove_parameter_data(w.bias);
    double z = 0;
    for (size_t k = 0; k < CLASSES; k++) {
        z += exp((double)bias[k]);
    }
    for (size_t k = 0; k < CLASSES; k++) {
        label[k] = (grove_id)k;
        p[k] = (grove_real)(exp((double)bias[k]) / z);
        bias[k] -= (grove_real)log(z);
    }
    bias[MOVED] += (grove_real)off;
    w.x = grove_fill(w.graph, GROVE_SHAPE(CLASSES, 1), 0);
    w.label = grove_input_ids(w.graph, "labels", CLASSES);
    o.weights = grove_constant(w.graph, "p", GROVE_SHAPE(CLASSES), p);
    grove_tensor value = build_loss(&w, loss, &o), slope = grove_gradient(value, w.bias);
    grove_plan *plan = grove_plan_new(w.graph, &slope, 1, NULL);
    grove_bind(plan, w.label, label);
    estimate e = {0, 0, 0};
    for (uint64_t run = 0; run < RUNS; run++) {
        grove_set_training_runs(w.graph, run);
        expect_run(plan);
        add(&e, (double)((const grove_real *)grove_value(plan, slope))[MOVED]);
    }
    grove_plan_free(plan);
    grove_graph_free(w.graph);
    return e;
}

/* Where the scores are the true log-probabilities, noise-contrastive estimation is at its minimum
 * for any number of draws; so is sampled softmax with the label corrected and hits kept. */
START_TEST(the_minimum_is_at_the_truth) {
    const grove_sampled_options ranking = {
        .samples = 3, .label_corrected = true, .hits = GROVE_HITS_KEPT};
    const struct {
        const char *name;
        loss_kind loss;
        grove_sampled_options options;
    } exact[] = {{"noise-contrastive, 3 draws", CONTRASTIVE, {.samples = 3}},
                 {"noise-contrastive, 30 draws", CONTRASTIVE, {.samples = 30}},
                 {"ranking, 3 draws", SOFTMAX, ranking}};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        estimate here = slope_at_truth(exact[i].loss, exact[i].options, 0);
        estimate above = slope_at_truth(exact[i].loss, exact[i].options, 0.5);
        estimate below = slope_at_truth(exact[i].loss, exact[i].options, -0.5);
        printf("%s: slope %+.5f +- %.5f at the truth, %+.5f above, %+.5f below\n", exact[i].name,
               mean_of(&here), half_interval(&here), mean_of(&above), mean_of(&below));
        ck_assert(fabs(mean_of(&here)) < 1.5 * half_interval(&here));
        ck_assert(mean_of(&above) > 3 * half_interval(&above));
        ck_assert(mean_of(&below) < -3 * half_interval(&below));
    }
}
END_TEST

/* ---- only what is named ---------------------------------------------------------------------- */

typedef struct step_cost {
    size_t unshared, steps;
} step_cost;

static step_cost cost_of(int64_t classes, loss_kind loss, int64_t samples) {
    grove_graph *g = grove_graph_new(NULL);
    world w = {.graph = g, .x = grove_input_reals(g, "x", GROVE_BATCH, 8)};
    w.weight = grove_parameter(g, "weight", GROVE_SHAPE(classes, 8), (grove_init){0});
    w.bias = grove_parameter(g, "bias", GROVE_SHAPE(classes, 1), (grove_init){0});
    w.label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor value = build_loss(&w, loss, &(grove_sampled_options){.samples = samples});
    grove_tensor step = grove_minimize(value, GROVE_ADAM(.rate = 0.1));
    ck_assert_str_eq(grove_node_op(grove_gradient_of(w.weight)), "scatter_rows");
    ck_assert_str_eq(grove_node_op(grove_gradient_of(w.bias)), "scatter_rows");
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = 16, .training = true});
    grove_plan_stats stats = grove_plan_statistics(plan);
    ck_assert_uint_gt(stats.steps, 0);
    grove_plan_free(plan);
    grove_graph_free(g);
    return (step_cost){stats.unshared_bytes, stats.steps};
}

START_TEST(a_step_does_not_grow_with_the_classes) {
    const int64_t samples[] = {5, GROVE_BATCH, grove_dim(1, 3)};
    for (int i = 0; i < 9; i++) {
        step_cost few = cost_of(50, (loss_kind)(i / 3), samples[i % 3]);
        step_cost many = cost_of(50000, (loss_kind)(i / 3), samples[i % 3]);
        ck_assert(few.unshared == many.unshared && few.steps == many.steps);
        ck_assert_uint_lt(many.unshared, 50000 * sizeof(grove_real));
    }
}
END_TEST

/* By a draw, or by the label of a row that counts. */
static bool is_named(const world *w, grove_plan *plan, size_t class) {
    const grove_id *drawn = grove_value(plan, w->drawn);
    bool named = false;
    for (size_t i = 0; i < w->samples; i++) {
        named = named || (size_t)drawn[i] == class;
    }
    for (size_t row = 0; row < ROWS; row++) {
        bool counts = !grove_is_valid(w->weights) || row_weights[row] > 0;
        named = named || (counts && (size_t)labels[row] == class);
    }
    return named;
}

START_TEST(other_rows_stay_bit_by_bit) {
    for (int i = 0; i < CASES; i++) {
        world w = open_world(&cases[i]);
        grove_tensor step = grove_minimize(w.loss, GROVE_ADAM(.rate = 0.1));
        grove_plan_options training = {.batch = ROWS, .training = true};
        grove_plan *plan = grove_plan_new(w.graph, (grove_tensor[]){step, w.drawn}, 2, &training);
        grove_bind(plan, w.label, labels);
        grove_real before[CLASSES][WIDTH];
        const grove_real *now = grove_parameter_data(w.weight);
        memcpy(before, now, sizeof before);
        expect_run(plan);
        size_t resting = 0;
        for (size_t k = 0; k < CLASSES; k++) {
            bool same = memcmp(before[k], now + k * WIDTH, sizeof before[k]) == 0;
            ck_assert_msg(same != is_named(&w, plan, k), "%s: class %zu", cases[i].name, k);
            resting += same;
        }
        ck_assert_uint_gt(resting, CLASSES / 2 - 5);
        grove_plan_free(plan);
        grove_graph_free(w.graph);
    }
}
END_TEST

/* ---- training -------------------------------------------------------------------------------- */

/* 2,000 contexts, each with the class that follows it; class k is met as often as k + 1 is rare. */
enum { MANY = 2000, BATCH = 128, STEPS = 500, DEEP = 24 };

static grove_id answer(grove_id context) {
    return (grove_id)((context * 7 + 3) % MANY);
}

static double accuracy(grove_graph *g, grove_tensor context, grove_tensor logits) {
    static grove_id all[MANY];
    size_t right = 0;
    for (size_t i = 0; i < MANY; i++) {
        all[i] = (grove_id)i;
    }
    grove_plan *plan = grove_plan_new(g, &logits, 1, &(grove_plan_options){.batch = MANY});
    grove_bind(plan, context, all);
    expect_run(plan);
    const grove_real *z = grove_value(plan, logits);
    for (size_t i = 0; i < MANY; i++) {
        size_t best = 0;
        for (size_t k = 1; k < MANY; k++) {
            best = z[i * MANY + k] > z[i * MANY + best] ? k : best;
        }
        right += best == (size_t)answer((grove_id)i);
    }
    grove_plan_free(plan);
    return (double)right / MANY;
}

/* -1: the full softmax; else a sampled loss. */
static double train(int loss) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 2});
    grove_tensor context = grove_input_ids(g, "context", GROVE_BATCH);
    world w = {.graph = g, .label = grove_input_ids(g, "label", GROVE_BATCH)};
    w.x = grove_nn_embedding(context, MANY, DEEP, "context");
    w.weight = grove_parameter(g, "weight", GROVE_SHAPE(MANY, DEEP),
                               (grove_init){GROVE_INIT_NORMAL, .b = 0.2});
    w.bias = grove_parameter(g, "bias", GROVE_SHAPE(MANY, 1),
                             (grove_init){GROVE_INIT_CONSTANT, .a = -log(MANY)});
    grove_tensor logits = grove_add(grove_matmul(w.x, w.weight, false, true),
                                    grove_reshape(w.bias, GROVE_SHAPE(MANY)));
    grove_sampler uniform = grove_sampler_uniform(MANY);
    grove_sampled_options o = {.sampler = &uniform, .samples = 64};
    grove_tensor value = loss < 0 ? grove_softmax_cross_entropy(logits, w.label)
                                  : build_loss(&w, (loss_kind)loss, &o);
    grove_tensor step = grove_minimize(value, GROVE_ADAGRAD(.rate = 0.3));
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    static grove_id contexts[BATCH], answers[BATCH];
    grove_bind(plan, context, contexts);
    grove_bind(plan, w.label, answers);
    for (size_t i = 0; i < STEPS; i++) {
        for (size_t k = 0; k < BATCH; k++) {
            contexts[k] = (grove_id)((i * BATCH + k) * 617 % MANY);
            answers[k] = answer(contexts[k]);
        }
        expect_run(plan);
    }
    double right = accuracy(g, context, logits);
    grove_plan_free(plan);
    grove_graph_free(g);
    return right;
}

START_TEST(trained_by_samples) {
    static const char *const names[] = {"sampled softmax", "noise-contrastive",
                                        "negative sampling"};
    double full = train(-1);
    printf("accuracy of the full softmax: %.3f after training with it", full);
    ck_assert(full > 0.97);
    for (int loss = SOFTMAX; loss <= NEGATIVE; loss++) {
        double right = train(loss);
        printf(", %.3f with %s", right, names[loss]);
        ck_assert(right > full - 0.1);
    }
    printf("\n");
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

START_TEST(saved_and_loaded) {
    char path[] = "/tmp/grove_sampled_XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (int i = 0; i < CASES; i++) {
        world w = open_world(&cases[i]);
        grove_tensor outputs[] = {w.loss, w.drawn};
        grove_error error;
        grove_model *model = NULL;
        ck_assert_msg(grove_save(path, outputs, 2, NULL, &error) == GROVE_OK, "%s", error.message);
        ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
        grove_graph *graphs[] = {w.graph, grove_model_graph(model)};
        double value[2];
        grove_id drawn[2][2 * ROWS];
        for (int k = 0; k < 2; k++) {
            grove_tensor of_file[] = {grove_model_output(model, 0), grove_model_output(model, 1)};
            const grove_tensor *out = k ? of_file : outputs;
            grove_plan *plan =
                grove_plan_new(graphs[k], out, 2, &(grove_plan_options){.batch = ROWS});
            grove_bind(plan, grove_find(graphs[k], "label"), labels);
            grove_set_training_runs(graphs[k], 17);
            expect_run(plan);
            value[k] = grove_scalar(plan, out[0]);
            memcpy(drawn[k], grove_value(plan, out[1]), w.samples * sizeof(grove_id));
            grove_plan_free(plan);
        }
        ck_assert(value[0] == value[1]);
        ck_assert_mem_eq(drawn[0], drawn[1], w.samples * sizeof(grove_id));
        grove_model_free(model);
        grove_graph_free(w.graph);
    }
    remove(path);
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

typedef struct mistake {
    const char *words;
    loss_kind loss;
    grove_sampled_options options;
    int64_t width, classes, bias_rank, label_rows; /* what is wrong, or 0 */
} mistake;

static void expect_refusal(const mistake *m, const grove_sampler *sampler) {
    grove_graph *g = grove_graph_new(NULL);
    world w = {.graph = g, .x = grove_input_reals(g, "x", GROVE_BATCH, m->width ? m->width : 3)};
    int64_t classes = m->classes ? m->classes : CLASSES;
    w.weight = grove_parameter(g, "weight", GROVE_SHAPE(CLASSES, 3), (grove_init){0});
    w.bias = m->bias_rank ? grove_parameter(g, "bias", GROVE_SHAPE(classes), (grove_init){0})
                          : grove_parameter(g, "bias", GROVE_SHAPE(classes, 1), (grove_init){0});
    w.label = grove_input_ids(g, "label", m->label_rows ? m->label_rows : GROVE_BATCH);
    grove_sampler zero = make_sampler(g, GROVE_SAMPLER_UNIGRAM);
    grove_sampled_options o = m->options;
    o.sampler = sampler ? sampler : &zero;
    ck_assert(!grove_is_valid(build_loss(&w, m->loss, &o)));
    const char *message = grove_graph_error(g)->message;
    ck_assert_msg(strstr(message, m->words), "'%s' says not: %s", message, m->words);
    grove_graph_free(g);
}

START_TEST(mistakes_in_words) {
    const grove_sampler good = grove_sampler_uniform(CLASSES), other = grove_sampler_uniform(7);
    const grove_sampler none = {.classes = 0};
    const struct {
        mistake m;
        const grove_sampler *sampler;
    } all[] = {
        {{"the weight must have the shape [40, 4], not [40, 3]", SOFTMAX, .width = 4}, &good},
        {{"the labels must have the shape [batch], not [5]", NEGATIVE, .label_rows = 5}, &good},
        {{"the bias, a table, must have the shape [40, 1], not [40]", SOFTMAX, .bias_rank = 1},
         &good},
        {{"the bias, a table, must have the shape [40, 1], not [9, 1]", SOFTMAX, .classes = 9},
         &good},
        {{"softmax: the sampler draws from 7 classes, the weight has 40", .loss = SOFTMAX}, &other},
        {{"the sampler draws from 0 classes, the weight has 40", .loss = SOFTMAX}, &none},
        {{"sampled softmax: class 5 has the count 0 and is never drawn", .loss = SOFTMAX}, NULL},
        {{"noise-contrastive loss: class 5 has the count 0", .loss = CONTRASTIVE}, NULL},
        {{"only in sampled softmax there is a choice", CONTRASTIVE, .options.uncorrected = true},
         &good},
        {{"only in sampled softmax there is a choice", NEGATIVE, .options.label_corrected = true},
         &good},
        {{"what is left out for the draws cannot be put to the label's score", SOFTMAX,
          .options.uncorrected = true, .options.label_corrected = true},
         &good},
        {{"there is no such way with hits", SOFTMAX, .options.hits = (grove_hits)7}, &good},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect_refusal(&all[i].m, all[i].sampler);
    }
}
END_TEST

START_TEST(other_mistakes_in_words) {
    const double counts[] = {1, -1}, zeros[] = {0, 0};
    const double *const bad[] = {counts, zeros, NULL};
    for (int i = 0; i < 3; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_sampler s = grove_sampler_unigram(g, bad[i], 2, 0.75, "u");
        ck_assert(s.classes == 0 && !grove_is_valid(grove_sample(g, &s, 3)));
        ck_assert(
            strstr(grove_graph_error(g)->message, "counts that are finite numbers from 0 up"));
        grove_graph_free(g);
    }
    grove_graph *g = grove_graph_new(NULL);
    ck_assert(!grove_is_valid(grove_sampler_log_q(NULL, grove_positions(g, 3))));
    ck_assert(strstr(grove_graph_error(g)->message, "there is none, or one of no classes"));
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2, 3), label = grove_input_ids(g, "label", 2);
    grove_tensor weight = grove_parameter(g, "weight", GROVE_SHAPE(9, 3), (grove_init){0});
    grove_sampled_options matrix = {.drawn = grove_input_ids(g, "drawn", 2, 2)};
    ck_assert(!grove_is_valid(grove_sampled_softmax_loss(x, weight, GROVE_NONE, label, &matrix)));
    ck_assert(strstr(grove_graph_error(g)->message, "the draws must be ids with one axis"));
    ck_assert(
        !grove_is_valid(grove_sampled_softmax_loss(GROVE_NONE, weight, GROVE_NONE, label, NULL)));
    grove_graph_free(g);
    for (int empty = 0; empty < 2; empty++) {
        const double good[] = {1, 2};
        g = grove_graph_new(NULL);
        ck_assert(grove_sampler_unigram(g, good, 2, 0.75, empty ? "" : NULL).classes == 0);
        ck_assert_int_eq(grove_parameter_count(g), 0);
        ck_assert(strstr(grove_graph_error(g)->message, "sampler: it needs a name"));
        grove_graph_free(g);
    }
    /* Classes that are a batch have no number to be told. */
    g = grove_graph_new(NULL);
    x = grove_input_reals(g, "x", 2, 3);
    label = grove_input_ids(g, "label", 2);
    weight = grove_input_reals(g, "weight", GROVE_BATCH, 3);
    ck_assert(!grove_is_valid(grove_sampled_softmax_loss(x, weight, GROVE_NONE, label, NULL)));
    const char *told = grove_graph_error(g)->message;
    ck_assert_msg(strstr(told, "the weight [batch, 3] and of x [2, 3] must be fixed, not a batch"),
                  "%s", told);
    grove_graph_free(g);
}
END_TEST

/* More classes than a float can tell apart: no hit could be found for sure. */
START_TEST(hits_beyond_floats) {
    const int64_t classes = (1 << 24) + 1;
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2, 1), label = grove_input_ids(g, "label", 2);
    grove_tensor weight = grove_input_reals(g, "weight", classes, 1);
    grove_sampled_options kept = {.hits = GROVE_HITS_KEPT};
    ck_assert(grove_is_valid(grove_sampled_softmax_loss(x, weight, GROVE_NONE, label, &kept)));
    bool built = grove_is_valid(grove_sampled_softmax_loss(x, weight, GROVE_NONE, label, NULL));
    ck_assert(built == (sizeof(grove_real) == sizeof(double)));
    ck_assert(built || strstr(grove_graph_error(g)->message, "floats, which count to 2^24"));
    grove_graph_free(g);
}
END_TEST

/* A label that no row of the table has: in words, with nothing changed. */
START_TEST(a_bad_label) {
    world w = open_world(&cases[0]);
    grove_tensor step = grove_minimize(w.loss, GROVE_ADAM(.rate = 0.1));
    grove_plan *plan =
        grove_plan_new(w.graph, &step, 1, &(grove_plan_options){.batch = 2, .training = true});
    grove_bind(plan, w.label, (const grove_id[]){3, CLASSES});
    grove_real before[CLASSES][WIDTH];
    memcpy(before, grove_parameter_data(w.weight), sizeof before);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    ck_assert(strstr(grove_plan_error(plan)->message, "position 1 of 'label'"));
    ck_assert_mem_eq(before, grove_parameter_data(w.weight), sizeof before);
    grove_plan_free(plan);
    grove_graph_free(w.graph);
}
END_TEST

/* ---- when memory is short -------------------------------------------------------------------- */

static grove_status with_memory(hostile_memory *memory) {
    double counts[CLASSES];
    fill_counts(counts);
    counts[5] = 1;
    grove_graph *g =
        grove_graph_new(&(grove_graph_options){.allocator = hostile_allocator(memory)});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor weight = grove_parameter(g, "weight", GROVE_SHAPE(CLASSES, 3), (grove_init){0});
    grove_sampler s = grove_sampler_unigram(g, counts, CLASSES, 0.75, "words");
    grove_tensor loss = grove_noise_contrastive_loss(x, weight, GROVE_NONE, label,
                                                     &(grove_sampled_options){.sampler = &s});
    loss = grove_add(loss, grove_sampled_softmax_loss(x, weight, GROVE_NONE, label,
                                                      &(grove_sampled_options){.sampler = &s}));
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.1));
    grove_plan_options options = {
        .batch = ROWS, .training = true, .allocator = hostile_allocator(memory)};
    grove_plan *plan = grove_plan_new(g, &step, 1, &options);
    const grove_real numbers[ROWS][3] = {{1, 2, 3}};
    grove_bind(plan, x, numbers);
    grove_bind(plan, label, labels);
    grove_status status = grove_run(plan);
    grove_plan_free(plan);
    grove_graph_free(g);
    return status;
}

START_TEST(every_allocation_fails_once) {
    hostile_memory enough = {0};
    ck_assert_int_eq(with_memory(&enough), GROVE_OK);
    ck_assert_uint_gt(enough.calls, 20);
    for (size_t n = 1; n <= enough.calls; n++) {
        hostile_memory memory = {.fail_at = n};
        ck_assert_int_eq(with_memory(&memory), GROVE_NO_MEMORY);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

int main(void) {
    TCase *all = tcase_create("sampled losses");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, an_alias_table_means_what_was_wanted);
    tcase_add_test(all, an_alias_table_is_refused_in_words);
    tcase_add_test(all, frequencies);
    tcase_add_test(all, draws_are_independent);
    tcase_add_test(all, the_same_bytes_for_any_threads);
    tcase_add_test(all, log_q);
    tcase_add_test(all, log_q_far_out);
    tcase_add_test(all, values);
    tcase_add_test(all, gradients);
    tcase_add_test(all, hits_leave_no_trace);
    tcase_add_test(all, sampled_softmax_approaches_the_full_one);
    tcase_add_test(all, the_minimum_is_at_the_truth);
    tcase_add_test(all, a_step_does_not_grow_with_the_classes);
    tcase_add_test(all, other_rows_stay_bit_by_bit);
    tcase_add_test(all, trained_by_samples);
    tcase_add_test(all, saved_and_loaded);
    tcase_add_test(all, mistakes_in_words);
    tcase_add_test(all, other_mistakes_in_words);
    tcase_add_test(all, hits_beyond_floats);
    tcase_add_test(all, a_bad_label);
    tcase_add_test(all, every_allocation_fails_once);
    Suite *suite = suite_create("sampled losses");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
