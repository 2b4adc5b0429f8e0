/* SPDX-License-Identifier: MIT
 *
 * bayesian - how sure is a network where it has seen nothing?
 *
 * Numbers y = sin(3 x) + noise are known for x from -1 to -0.3 and from 0.3 to 1, and nowhere else.
 * A Bayesian network learns a normal distribution for each weight. Each draw of all weights is a
 * network, a curve: where there are numbers all curves agree, for others were unlikely; beyond the
 * ends they part, and in the gap a little. (There they should part more: weights that know nothing
 * of each other are too sure between what is known; Foong et al. 2020.) The picture shows their
 * mean (o) and two deviations to both sides.
 *
 * What is minimized, for a row: e^2 / (2 s^2) + log s + KL / rows, with s the noise, learned too.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 300, UNITS = 24, STEPS = 3000, DRAWS = 32, PLACES = 33, ACROSS = 61 };

static bool run(grove_plan *plan) {
    const bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "bayesian: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

/* x [ROWS, 1], y [ROWS]; the noise has a deviation of 0.1. */
static void make_rows(grove_real *x, grove_real *y) {
    for (int i = 0; i < ROWS; i++) {
        const double at = 0.3 + 0.7 * ((i * 37) % ROWS) / (ROWS - 1.0);
        x[i] = (grove_real)(i % 2 ? at : -at);
        y[i] = (grove_real)(sin(3 * (double)x[i]) + 0.14 * sin(91.7 * i));
    }
}

/* x [batch, 1] -> [batch]: one that is trained, whose KL is added to *kl. */
static grove_tensor network(grove_tensor x, grove_tensor *kl) {
    const grove_bayesian_options wide = {.prior = 1};
    grove_tensor kls[3];
    grove_tensor h = grove_relu(
        grove_nn_bayesian_dense(x, UNITS, "first", &(grove_bayesian_options){.prior = 3}, &kls[0]));
    h = grove_relu(grove_nn_bayesian_dense(h, UNITS, "second", NULL, &kls[1]));
    grove_tensor y = grove_nn_bayesian_dense(h, 1, "out", &wide, &kls[2]);
    *kl = grove_add(grove_add(kls[0], kls[1]), kls[2]);
    return grove_reshape(y, GROVE_SHAPE(GROVE_BATCH));
}

/* The same with the weights of one draw. */
static grove_tensor drawn(grove_tensor x, int draw) {
    grove_tensor h = grove_relu(grove_nn_bayesian_dense_draw(x, UNITS, "first", draw));
    h = grove_relu(grove_nn_bayesian_dense_draw(h, UNITS, "second", draw));
    return grove_reshape(grove_nn_bayesian_dense_draw(h, 1, "out", draw), GROVE_SHAPE(GROVE_BATCH));
}

/* A line of the picture: the band, from -2 to 2. */
static void print_band(double x, double mean, double deviation) {
    char line[ACROSS + 1];
    memset(line, ' ', ACROSS);
    line[ACROSS] = '\0';
    for (int k = 0; k < ACROSS; k++) {
        const double at = -2 + 4.0 * k / (ACROSS - 1);
        line[k] = fabs(at - mean) <= 2 * deviation ? '-' : ' ';
    }
    const int middle = (int)((mean + 2) / 4 * (ACROSS - 1) + 0.5);
    if (middle >= 0 && middle < ACROSS) {
        line[middle] = 'o';
    }
    printf("%6.2f %s  %.2f%s\n", x, line, deviation,
           fabs(x) > 0.29 && fabs(x) < 1.01 ? "  known" : "");
}

/* Mean deviation of the curves at known places, and at others: *known, *other. */
static void print_picture(grove_plan *plan, const grove_tensor *y, const grove_real *x,
                          double *known, double *other) {
    int counts[2] = {0};
    double sums[2] = {0};
    for (int i = 0; i < PLACES; i++) {
        double sum = 0, squares = 0;
        for (int k = 0; k < DRAWS; k++) {
            const double v = (double)((const grove_real *)grove_value(plan, y[k]))[i];
            sum += v;
            squares += v * v;
        }
        const double mean = sum / DRAWS, deviation = sqrt(fmax(0, squares / DRAWS - mean * mean));
        const double at = fabs((double)x[i]);
        const int is_known = at > 0.29 && at < 1.01;
        print_band((double)x[i], mean, deviation);
        sums[is_known] += deviation;
        counts[is_known]++;
    }
    *known = sums[1] / counts[1];
    *other = sums[0] / counts[0];
}

int main(void) {
    static grove_real x[ROWS], y[ROWS], places[PLACES];
    make_rows(x, y);
    for (int i = 0; i < PLACES; i++) {
        places[i] = (grove_real)(-2 + 4.0 * i / (PLACES - 1));
    }
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor in = grove_input_reals(g, "x", GROVE_BATCH, 1), kl;
    grove_tensor wanted = grove_input_reals(g, "y", GROVE_BATCH);
    grove_tensor answer = network(in, &kl);
    grove_tensor noise = grove_parameter(g, "noise", GROVE_SCALAR, (grove_init){0}); /* log s */
    grove_tensor error = grove_mean_squared_error(answer, wanted);
    grove_tensor loss =
        grove_add(grove_mul(grove_scale(error, 0.5), grove_exp(grove_scale(noise, -2))), noise);
    loss = grove_add(loss, grove_scale(kl, 1.0 / ROWS));
    grove_tensor step = grove_minimize(
        loss,
        GROVE_ADAM(.rate = 0.01,
                   .schedule = {.kind = GROVE_SCHEDULE_COSINE, .steps = STEPS, .floor = 0.02}));
    grove_tensor curves[DRAWS];
    for (int k = 0; k < DRAWS; k++) {
        curves[k] = drawn(in, k);
    }
    grove_plan *train =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = ROWS, .training = true});
    grove_plan *draw = grove_plan_new(g, curves, DRAWS, &(grove_plan_options){.batch = PLACES});
    grove_bind(train, in, x);
    grove_bind(train, wanted, y);
    grove_bind(draw, in, places);
    bool good = true;
    for (int i = 0; i < STEPS && good; i++) {
        good = run(train);
    }
    double known = 0, other = 0;
    if (good && run(draw)) {
        print_picture(draw, curves, places, &known, &other);
        printf(
            "%d curves part by %.2f where numbers are known, by %.2f elsewhere; the noise is taken "
            "for %.2f\n",
            DRAWS, known, other, exp((double)*(grove_real *)grove_parameter_data(noise)));
    }
    grove_plan_free(draw);
    grove_plan_free(train);
    grove_graph_free(g);
    return good && other > 2 * known ? 0 : 1;
}
