/* SPDX-License-Identifier: MIT
 *
 * Losses: their values against formulas in plain C, row by row and with weights for the rows; their
 * gradients against central differences; what they refuse.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 5, WIDTH = 3, SIZE = ROWS * WIDTH };

static const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-6 : 1e-13;

/* Predictions, logits or means; targets; log variances. Some errors lie beyond Huber's corner. */
static const double x_numbers[SIZE] = {0.3, -1.2, 2.5, 0.1,  -0.4, 0.9,  -2.0, 1.5,
                                       0.7, 3.0,  0.2, -0.6, 1.1,  -1.7, 0.05};
static const double target_numbers[SIZE] = {0.5, -1.0, 0.4,  0.2,  1.9,  0.8, -2.6, 1.45,
                                            0.0, 0.7,  0.25, -1.6, -0.9, 0.3, 0.6};
static const double yes_numbers[SIZE] = {1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1};
static const double log_var_numbers[SIZE] = {0.2, -0.7, 0.4, 1.1, -0.3, 0.0, 0.6, -1.2,
                                             0.9, 0.1,  0.3, 0.5, -0.8, 0.2, 0.7};
static const double weight_numbers[ROWS] = {1, 0.5, 0, 2, 3};
static const double class_weight_numbers[WIDTH] = {1, 4, 0.5};
static const grove_id labels[ROWS] = {2, 0, 1, 1, 2};

/* ---- a graph with all of it ------------------------------------------------------------------ */

typedef struct world {
    grove_graph *graph;
    grove_tensor x, log_var; /* parameters, so that differences can be taken */
    grove_tensor target, yes, label, class_weights, weights;
} world;

static grove_tensor constant(grove_graph *g, const char *name, grove_shape shape,
                             const double *numbers) {
    grove_real values[SIZE];
    size_t count = shape.rank == 2 ? SIZE : (size_t)shape.dim[0];
    for (size_t i = 0; i < count; i++) {
        values[i] = (grove_real)numbers[i];
    }
    return grove_constant(g, name, shape, values);
}

static grove_tensor parameter(grove_graph *g, const char *name, const double *numbers) {
    grove_tensor p = grove_parameter(g, name, GROVE_SHAPE(ROWS, WIDTH), (grove_init){0});
    for (size_t i = 0; i < SIZE; i++) {
        ((grove_real *)grove_parameter_data(p))[i] = (grove_real)numbers[i];
    }
    return p;
}

static world open_world(bool weighted) {
    world w = {.graph = grove_graph_new(NULL), .weights = GROVE_NONE};
    w.x = parameter(w.graph, "x", x_numbers);
    w.log_var = parameter(w.graph, "log_var", log_var_numbers);
    w.target = constant(w.graph, "target", GROVE_SHAPE(ROWS, WIDTH), target_numbers);
    w.yes = constant(w.graph, "yes", GROVE_SHAPE(ROWS, WIDTH), yes_numbers);
    w.class_weights = constant(w.graph, "classes", GROVE_SHAPE(WIDTH), class_weight_numbers);
    w.label = grove_input_ids(w.graph, "label", ROWS);
    if (weighted) {
        w.weights = constant(w.graph, "weights", GROVE_SHAPE(ROWS), weight_numbers);
    }
    return w;
}

static double value_of(world *w, grove_tensor loss) {
    grove_plan *plan = grove_plan_new(w->graph, &loss, 1, NULL);
    grove_bind(plan, w->label, labels);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    double value = grove_scalar(plan, loss);
    grove_plan_free(plan);
    return value;
}

/* ---- the losses, twice ----------------------------------------------------------------------- */

static grove_tensor build_focal(world *w) {
    return grove_focal_loss(w->x, w->label, 2, GROVE_NONE, w->weights);
}
static grove_tensor build_focal_by_class(world *w) {
    return grove_focal_loss(w->x, w->label, 0.5, w->class_weights, w->weights);
}
static grove_tensor build_unfocused(world *w) {
    return grove_focal_loss(w->x, w->label, 0, w->class_weights, w->weights);
}
static grove_tensor build_binary_focal(world *w) {
    return grove_binary_focal_loss(w->x, w->yes, 1.5, 0.25, w->weights);
}
static grove_tensor build_positive(world *w) {
    return grove_binary_cross_entropy_with(w->x, w->yes, w->class_weights, w->weights);
}
static grove_tensor build_multi_label(world *w) {
    return grove_multi_label_loss(w->x, w->yes, w->weights);
}
static grove_tensor build_absolute(world *w) {
    return grove_mean_absolute_error(w->x, w->target, w->weights);
}
static grove_tensor build_huber(world *w) {
    return grove_huber_loss(w->x, w->target, 0.5, w->weights);
}
static grove_tensor build_quantile(world *w) {
    return grove_quantile_loss(w->x, w->target, 0.9, w->weights);
}
static grove_tensor build_kl(world *w) {
    grove_tensor log_var_q = grove_scale(w->target, 0.5);
    return grove_gaussian_kl(w->x, w->log_var, w->target, log_var_q, w->weights);
}
static grove_tensor build_kl_to_normal(world *w) {
    return grove_gaussian_kl(w->x, w->log_var, GROVE_NONE, GROVE_NONE, w->weights);
}

/* -log softmax(x[row])[label] */
static double cross_entropy(size_t row) {
    double sum = 0;
    for (size_t k = 0; k < WIDTH; k++) {
        sum += exp(x_numbers[row * WIDTH + k]);
    }
    return log(sum) - x_numbers[row * WIDTH + (size_t)labels[row]];
}

static double focal(size_t row, double gamma) {
    double ce = cross_entropy(row);
    return pow(1 - exp(-ce), gamma) * ce;
}
static double focal_2(size_t row) {
    return focal(row, 2);
}
static double focal_half(size_t row) {
    return focal(row, 0.5);
}
static double focal_0(size_t row) {
    return focal(row, 0);
}

/* Label 2, of rows 0 and 4, is ignored: as if row 0 and row 4 weighed nothing. */
static const grove_cross_entropy_options ignoring = {.ignore = true, .ignored_label = 2};

static grove_tensor build_focal_ignoring(world *w) {
    return grove_focal_loss_with(w->x, w->label, 2, GROVE_NONE, w->weights, &ignoring);
}
static grove_tensor build_focal_by_class_ignoring(world *w) {
    return grove_focal_loss_with(w->x, w->label, 0.5, w->class_weights, w->weights, &ignoring);
}

static double sigmoid(double z) {
    return 1 / (1 + exp(-z));
}

/* Elements; those of a row are averaged (the divergences: added up). */
static double binary_focal(size_t i) {
    double s = sigmoid(x_numbers[i]);
    return yes_numbers[i] > 0 ? -0.25 * pow(1 - s, 1.5) * log(s) : -0.75 * pow(s, 1.5) * log(1 - s);
}
static double positive(size_t i) {
    double s = sigmoid(x_numbers[i]);
    return yes_numbers[i] > 0 ? -class_weight_numbers[i % WIDTH] * log(s) : -log(1 - s);
}
static double binary(size_t i) {
    double s = sigmoid(x_numbers[i]);
    return yes_numbers[i] > 0 ? -log(s) : -log(1 - s);
}
static double absolute(size_t i) {
    return fabs(x_numbers[i] - target_numbers[i]);
}
static double huber(size_t i) {
    double e = fabs(x_numbers[i] - target_numbers[i]);
    return e <= 0.5 ? e * e / 2 : 0.5 * (e - 0.25);
}
static double quantile(size_t i) {
    double e = target_numbers[i] - x_numbers[i];
    return e > 0 ? 0.9 * e : -0.1 * e;
}
static double kl(size_t i) {
    double mean = x_numbers[i] - target_numbers[i], q = 0.5 * target_numbers[i];
    double p = log_var_numbers[i];
    return (q - p + (exp(p) + mean * mean) / exp(q) - 1) / 2;
}
static double kl_to_normal(size_t i) {
    return (exp(log_var_numbers[i]) + x_numbers[i] * x_numbers[i] - 1 - log_var_numbers[i]) / 2;
}

typedef struct loss_case {
    const char *name;
    grove_tensor (*build)(world *w);
    double (*row)(size_t row); /* one of the two */
    double (*element)(size_t i);
    bool by_class, added, two_parameters, ignoring;
} loss_case;

static const loss_case cases[] = {
    {"focal", build_focal, focal_2, NULL, false, false, false, false},
    {"focal by class", build_focal_by_class, focal_half, NULL, true, false, false, false},
    {"focal, a label ignored", build_focal_ignoring, focal_2, NULL, false, false, false, true},
    {"focal by class, a label ignored", build_focal_by_class_ignoring, focal_half, NULL, true,
     false, false, true},
    {"focal, gamma 0", build_unfocused, focal_0, NULL, true, false, false, false},
    {"binary focal", build_binary_focal, NULL, binary_focal, false, false, false, false},
    {"positive weight", build_positive, NULL, positive, false, false, false, false},
    {"multi-label", build_multi_label, NULL, binary, false, false, false, false},
    {"absolute", build_absolute, NULL, absolute, false, false, false, false},
    {"Huber", build_huber, NULL, huber, false, false, false, false},
    {"quantile", build_quantile, NULL, quantile, false, false, false, false},
    {"KL", build_kl, NULL, kl, false, true, true, false},
    {"KL to normal", build_kl_to_normal, NULL, kl_to_normal, false, true, true, false},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static double row_of(const loss_case *c, size_t row) {
    double sum = 0;
    for (size_t k = 0; k < WIDTH && c->element; k++) {
        sum += c->element(row * WIDTH + k);
    }
    return c->element ? sum / (c->added ? 1 : WIDTH) : c->row(row);
}

static double by_formula(const loss_case *c, bool weighted) {
    double above = 0, below = 0;
    for (size_t row = 0; row < ROWS; row++) {
        double weight = weighted ? weight_numbers[row] : 1;
        weight *= c->by_class ? class_weight_numbers[labels[row]] : 1;
        weight *= c->ignoring && labels[row] == ignoring.ignored_label ? 0 : 1;
        above += weight * row_of(c, row);
        below += weight;
    }
    return above / below;
}

START_TEST(values) {
    for (int i = 0; i < 2 * CASES; i++) {
        const loss_case *c = &cases[i / 2];
        world w = open_world(i % 2);
        double value = value_of(&w, c->build(&w)), wanted = by_formula(c, i % 2);
        ck_assert_msg(fabs(value - wanted) <= tolerance * fmax(1, fabs(wanted)),
                      "%s: %.12g, by the formula %.12g", c->name, value, wanted);
        grove_graph_free(w.graph);
    }
}
END_TEST

/* ---- gradients ------------------------------------------------------------------------------- */

static void check_slope(const char *name, grove_plan *plan, grove_tensor loss, grove_tensor p,
                        grove_tensor gradient) {
    const double step = 1e-5;
    grove_real *numbers = grove_parameter_data(p);
    for (size_t i = 0; i < SIZE; i++) {
        grove_real kept = numbers[i];
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        double slope = (double)((const grove_real *)grove_value(plan, gradient))[i];
        numbers[i] = (grove_real)((double)kept + step);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        double above = grove_scalar(plan, loss);
        numbers[i] = (grove_real)((double)kept - step);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        double by_difference = (above - grove_scalar(plan, loss)) / (2 * step);
        numbers[i] = kept;
        ck_assert_msg(fabs(slope - by_difference) < 1e-8, "%s: slope %zu is %.12g, not %.12g", name,
                      i, by_difference, slope);
    }
}

/* In float a difference has too few digits to tell. */
START_TEST(gradients) {
    for (int i = 0; i < 2 * CASES && sizeof(grove_real) == sizeof(double); i++) {
        const loss_case *c = &cases[i / 2];
        world w = open_world(i % 2);
        grove_tensor loss = c->build(&w), p[] = {w.x, w.log_var}, dx[2];
        int count = c->two_parameters ? 2 : 1;
        grove_gradients(loss, p, count, dx);
        grove_plan *plan =
            grove_plan_new(w.graph, (grove_tensor[]){loss, dx[0], dx[count - 1]}, 3, NULL);
        grove_bind(plan, w.label, labels);
        for (int k = 0; k < count; k++) {
            check_slope(c->name, plan, loss, p[k], dx[k]);
        }
        grove_plan_free(plan);
        grove_graph_free(w.graph);
    }
}
END_TEST

/* Where the model is as sure as numbers get, right or wrong, losses and slopes are numbers. */
START_TEST(far_out) {
    const double far[SIZE] = {900, -900, 0, 900, -900, 0, 900, -900, 0, 900, -900, 0, 900, -900, 0};
    grove_tensor (*const build[])(world *) = {build_focal,        build_focal_by_class,
                                              build_binary_focal, build_positive,
                                              build_multi_label,  build_huber};
    for (size_t i = 0; i < sizeof build / sizeof build[0]; i++) {
        world w = open_world(false);
        for (size_t k = 0; k < SIZE; k++) {
            ((grove_real *)grove_parameter_data(w.x))[k] = (grove_real)far[k];
        }
        grove_tensor loss = build[i](&w), dx = grove_gradient(loss, w.x);
        grove_plan *plan = grove_plan_new(w.graph, (grove_tensor[]){loss, dx}, 2, NULL);
        grove_bind(plan, w.label, labels);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        ck_assert(isfinite(grove_scalar(plan, loss)));
        for (size_t k = 0; k < SIZE; k++) {
            ck_assert(isfinite(((const grove_real *)grove_value(plan, dx))[k]));
        }
        grove_plan_free(plan);
        grove_graph_free(w.graph);
    }
}
END_TEST

/* Without weights a focal loss of gamma 0 is cross-entropy, and so is that of weighted classes. */
START_TEST(agreement) {
    world w = open_world(false);
    grove_tensor ours = grove_focal_loss(w.x, w.label, 0, w.class_weights, GROVE_NONE);
    grove_tensor plain = grove_softmax_cross_entropy_with(w.x, w.label, w.class_weights, NULL);
    ck_assert_double_eq_tol(value_of(&w, ours), value_of(&w, plain), tolerance);
    ours = grove_binary_cross_entropy_with(w.x, w.yes, GROVE_NONE, GROVE_NONE);
    plain = grove_binary_cross_entropy(w.x, w.yes);
    ck_assert_double_eq_tol(value_of(&w, ours), value_of(&w, plain), tolerance);
    grove_graph_free(w.graph);
}
END_TEST

/* Rows that are ignored, by a label that no class has, are as if they were not there: what is left
 * is the loss of the others, and they get no gradient. */
START_TEST(ignored_rows_leave_no_trace) {
    static const grove_id some[ROWS] = {2, -1, 1, 1, -1};
    static const double kept[ROWS] = {1, 0, 1, 1, 0};
    world w = open_world(false);
    grove_tensor weights = constant(w.graph, "kept", GROVE_SHAPE(ROWS), kept);
    grove_cross_entropy_options none = {.ignore = true, .ignored_label = -1};
    grove_tensor ours = grove_focal_loss_with(w.x, w.label, 2, w.class_weights, GROVE_NONE, &none);
    grove_tensor others =
        grove_focal_loss(w.x, grove_input_ids(w.graph, "whole", ROWS), 2, w.class_weights, weights);
    grove_tensor outputs[] = {ours, others, grove_gradient(ours, w.x), grove_gradient(others, w.x)};
    grove_plan *plan = grove_plan_new(w.graph, outputs, 4, NULL);
    grove_bind(plan, w.label, some);
    grove_bind(plan, grove_find(w.graph, "whole"), (const grove_id[]){2, 0, 1, 1, 0});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert_double_eq_tol(grove_scalar(plan, ours), grove_scalar(plan, others), tolerance);
    const grove_real *a = grove_value(plan, outputs[2]), *b = grove_value(plan, outputs[3]);
    for (int i = 0; i < SIZE; i++) {
        ck_assert_double_eq_tol((double)a[i], (double)b[i], tolerance);
        ck_assert((a[i] != 0) == (kept[i / WIDTH] > 0));
    }
    grove_plan_free(plan);
    grove_graph_free(w.graph);
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

static grove_tensor refuse_target(world *w) {
    return grove_huber_loss(w->x, w->class_weights, 1, GROVE_NONE);
}
static grove_tensor refuse_squares(world *w) {
    return grove_mean_squared_error(w->x, w->class_weights);
}
static grove_tensor refuse_missing(world *w) {
    return grove_mean_absolute_error(w->x, GROVE_NONE, GROVE_NONE);
}
static grove_tensor refuse_weights(world *w) {
    return grove_mean_absolute_error(w->x, w->target, w->class_weights);
}
static grove_tensor refuse_delta(world *w) {
    return grove_huber_loss(w->x, w->target, 0, GROVE_NONE);
}
static grove_tensor refuse_quantile(world *w) {
    return grove_quantile_loss(w->x, w->target, 1, GROVE_NONE);
}
static grove_tensor refuse_gamma(world *w) {
    return grove_focal_loss(w->x, w->label, -1, GROVE_NONE, GROVE_NONE);
}
static grove_tensor refuse_smoothing(world *w) {
    grove_cross_entropy_options smooth = {.smoothing = 0.1};
    return grove_focal_loss_with(w->x, w->label, 2, GROVE_NONE, GROVE_NONE, &smooth);
}
static grove_tensor refuse_alpha(world *w) {
    return grove_binary_focal_loss(w->x, w->yes, 2, 1.5, GROVE_NONE);
}
static grove_tensor refuse_positive(world *w) {
    return grove_binary_cross_entropy_with(w->x, w->yes, w->label, GROVE_NONE);
}
static grove_tensor refuse_labels(world *w) {
    return grove_multi_label_loss(w->class_weights, w->class_weights, GROVE_NONE);
}
static grove_tensor refuse_half_of_q(world *w) {
    return grove_gaussian_kl(w->x, w->log_var, w->target, GROVE_NONE, GROVE_NONE);
}

START_TEST(mistakes_in_words) {
    const struct {
        grove_tensor (*build)(world *w);
        const char *words;
    } mistakes[] = {
        {refuse_target, "Huber loss: the target must have the shape [5, 3], not [3]"},
        {refuse_squares, "mean squared error: the target must have the shape [5, 3], not [3]"},
        {refuse_missing, "mean absolute error: the target is missing, or what belongs to it"},
        {refuse_weights, "the weights must be one for each row of [5, 3], not ["},
        {refuse_delta, "delta must be a finite number above 0"},
        {refuse_quantile, "the quantile must lie between 0 and 1"},
        {refuse_gamma, "gamma must be a finite number from 0 up"},
        {refuse_smoothing, "a smoothed target has no focal form"},
        {refuse_alpha, "alpha must be from 0 to 1"},
        {refuse_positive, "input 1 must be a tensor of real numbers"},
        {refuse_labels, "the logits must have two axes"},
        {refuse_half_of_q, "the log variance of q is missing, or what belongs to it"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        world w = open_world(false);
        ck_assert(!grove_is_valid(mistakes[i].build(&w)));
        const char *message = grove_graph_error(w.graph)->message;
        ck_assert_msg(strstr(message, mistakes[i].words), "'%s' says not: %s", message,
                      mistakes[i].words);
        grove_graph_free(w.graph);
    }
}
END_TEST

int main(void) {
    TCase *all = tcase_create("losses");
    tcase_add_test(all, values);
    tcase_add_test(all, gradients);
    tcase_add_test(all, far_out);
    tcase_add_test(all, agreement);
    tcase_add_test(all, ignored_rows_leave_no_trace);
    tcase_add_test(all, mistakes_in_words);
    Suite *suite = suite_create("losses");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
