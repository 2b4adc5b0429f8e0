/* SPDX-License-Identifier: MIT
 *
 * hessian - how curved is a loss, and what has that to do with the learning rate?
 *
 * The gradient g says how steep the loss is; the Hessian H, the matrix of second derivatives, how
 * the steepness changes. With n parameters it has n * n numbers, too many to write down. But H
 * times a vector v costs little more than a gradient (Pearlmutter 1994), for it is one itself:
 *
 *     H v = the gradient of sum(g * v)            v being held fixed
 *
 * In grove a gradient is nodes like any others, so this is two calls and a sum. Then:
 *
 *   - H applied to a vector again and again turns it towards the direction in which the loss is
 *     curved most, and the growth is that curvature, lambda (power iteration).
 *   - Along a direction of curvature k a step of gradient descent multiplies the distance to the
 *     minimum by 1 - rate * k. That lies within -1 ... 1 as long as rate < 2 / k: so 2 / lambda is
 *     the largest rate that gradient descent survives.
 *
 * Everything is checked on the way: against a matrix that is known, against differences of
 * gradients, and against what gradient descent really does.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "grove/grove.h"

enum { POINTS = 48, UNITS = 6, MOST = 64, PARTS = 4, POWERS = 300, STEPS = 24 };

/* A loss with its parameters, taken as one long vector, and what we want to know of it. */
typedef struct scene {
    grove_graph *graph;
    grove_tensor parameter[PARTS], gradient[PARTS], v[PARTS], hv[PARTS];
    int parts, size;            /* how many parameters; how many numbers they have together */
    grove_tensor loss, descent; /* descent: a step of gradient descent */
    grove_tensor rate;          /* of descent, a state */
    grove_real v_numbers[MOST]; /* bound to v */
    grove_plan *look, *step;    /* loss, g and H v; a step */
} scene;

/* ---- the lesson: a gradient of a gradient ---------------------------------------------------- */

static void add_second_derivatives(scene *s) {
    grove_tensor dot = GROVE_NONE;
    grove_gradients(s->loss, s->parameter, s->parts, s->gradient);
    for (int i = 0; i < s->parts; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        s->v[i] = grove_input(s->graph, name, GROVE_REAL, grove_node_shape(s->parameter[i]));
        grove_tensor part = grove_sum(grove_mul(s->gradient[i], s->v[i]), GROVE_ALL_AXES);
        dot = i ? grove_add(dot, part) : part;
    }
    grove_gradients(dot, s->parameter, s->parts, s->hv);
}

/* ---- opening and closing --------------------------------------------------------------------- */

/* Takes the graph's parameters, adds all that is derived from the loss, and plans it. */
static bool open_scene(scene *s, grove_tensor loss, int64_t batch) {
    s->loss = loss;
    for (int32_t i = 0; i < grove_parameter_count(s->graph) && s->parts < PARTS; i++) {
        grove_tensor p = grove_parameter_at(s->graph, i);
        if (grove_parameter_is_trainable(p)) {
            s->size += (int)grove_parameter_size(p);
            s->parameter[s->parts++] = p;
        }
    }
    add_second_derivatives(s);
    s->rate = grove_rate_state(s->graph, "rate", 0.01);
    s->descent = grove_minimize(loss, GROVE_SGD(.rate_node = s->rate));
    grove_tensor outputs[1 + 2 * PARTS] = {loss};
    for (int i = 0; i < s->parts; i++) {
        outputs[1 + i] = s->gradient[i];
        outputs[1 + s->parts + i] = s->hv[i];
    }
    s->look =
        grove_plan_new(s->graph, outputs, 1 + 2 * s->parts, &(grove_plan_options){.batch = batch});
    s->step = grove_plan_new(s->graph, &s->descent, 1,
                             &(grove_plan_options){.batch = batch, .training = true});
    int at = 0;
    for (int i = 0; i < s->parts; i++) {
        grove_bind(s->look, s->v[i], s->v_numbers + at);
        at += (int)grove_parameter_size(s->parameter[i]);
    }
    return s->size <= MOST && grove_plan_error(s->look)->status == GROVE_OK &&
           grove_plan_error(s->step)->status == GROVE_OK;
}

static void close_scene(scene *s) {
    grove_plan_free(s->look);
    grove_plan_free(s->step);
    grove_graph_free(s->graph);
}

static bool run(grove_plan *plan) {
    bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "hessian: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

/* ---- vectors of all parameters --------------------------------------------------------------- */

static double dot(const scene *s, const double *a, const double *b) {
    double sum = 0;
    for (int i = 0; i < s->size; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* a becomes a vector of length 1; returns the length it had. */
static double normalize(const scene *s, double *a) {
    double length = sqrt(dot(s, a, a));
    for (int i = 0; i < s->size; i++) {
        a[i] /= length;
    }
    return length;
}

/* The parameters become x + distance * direction. */
static void set_parameters(const scene *s, const double *x, double distance,
                           const double *direction) {
    for (int part = 0, at = 0; part < s->parts; part++) {
        grove_real *numbers = grove_parameter_data(s->parameter[part]);
        size_t size = grove_parameter_size(s->parameter[part]);
        for (size_t i = 0; i < size; i++, at++) {
            numbers[i] = (grove_real)(x[at] + distance * direction[at]);
        }
    }
}

static void get_parameters(const scene *s, double *x) {
    for (int part = 0, at = 0; part < s->parts; part++) {
        const grove_real *numbers = grove_parameter_data(s->parameter[part]);
        size_t size = grove_parameter_size(s->parameter[part]);
        for (size_t i = 0; i < size; i++, at++) {
            x[at] = (double)numbers[i];
        }
    }
}

/* What the plan computed for tensors that have the shapes of the parameters. */
static void get_values(const scene *s, const grove_tensor *tensors, double *x) {
    for (int part = 0, at = 0; part < s->parts; part++) {
        const grove_real *numbers = grove_value(s->look, tensors[part]);
        size_t size = grove_value_count(s->look, tensors[part]);
        for (size_t i = 0; i < size; i++, at++) {
            x[at] = (double)numbers[i];
        }
    }
}

/* hv = H v, where the parameters stand now. */
static bool multiply(scene *s, const double *v, double *hv) {
    for (int i = 0; i < s->size; i++) {
        s->v_numbers[i] = (grove_real)v[i];
    }
    if (!run(s->look)) {
        return false;
    }
    get_values(s, s->hv, hv);
    return true;
}

/* Numbers from -1 to 1 that look random. */
static void draw(const scene *s, unsigned seed, double *v) {
    for (int i = 0; i < s->size; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = (double)(seed >> 8) / 8388608 - 1;
    }
}

static bool expect(bool good, const char *what, double a, double b) {
    printf("  %-46s %11.6f %11.6f  %s\n", what, a, b, good ? "ok" : "WRONG");
    return good;
}

/* ---- the largest curvature, and what a rate does to it --------------------------------------- */

/* The curvature lambda of largest size, and its direction v of length 1. */
static bool find_curvature(scene *s, double *lambda, double *v) {
    double hv[MOST] = {0};
    draw(s, 5, v);
    normalize(s, v);
    for (int i = 0; i < POWERS; i++) {
        if (!multiply(s, v, hv)) {
            return false;
        }
        *lambda = dot(s, v, hv); /* v' H v: by how much the loss curves along v */
        for (int k = 0; k < s->size; k++) {
            v[k] = hv[k];
        }
        normalize(s, v);
    }
    return true;
}

/* Starts a little beside the minimum x, in direction v, and makes STEPS steps of gradient descent.
 * Prints the loss on the way, and says how far off along v it is in the end, over the start. */
static double descend(scene *s, const double *x, const double *v, double rate, double *last_loss) {
    const double beside = 0.01;
    double now[MOST] = {0};
    grove_set_rate(s->rate, rate);
    set_parameters(s, x, beside, v);
    printf("  rate %8.4f: loss", rate);
    for (int i = 0; i <= STEPS; i++) {
        if (i % 6 == 0 && run(s->look)) {
            *last_loss = grove_scalar(s->look, s->loss);
            printf(" %9.6f", *last_loss);
        }
        if (i < STEPS && !run(s->step)) {
            return (double)NAN;
        }
    }
    get_parameters(s, now);
    set_parameters(s, x, 0, v);
    double away = (dot(s, now, v) - dot(s, x, v)) / beside;
    printf("   %s\n", fabs(away) < 1 ? "it settles" : "it runs away");
    return fabs(away);
}

/* Just below 2 / lambda the distance shrinks by |1 - 0.95 * 2| = 0.9 a step, to 0.08; just above it
 * grows by |1 - 1.05 * 2| = 1.1, to 10, a little less where the loss is no longer a bowl. */
static bool try_rates(scene *s, double lambda, const double *v) {
    double x[MOST] = {0}, below_loss = 0, above_loss = 0;
    get_parameters(s, x);
    printf("  2 / lambda = %.4f; gradient descent from just beside the minimum:\n", 2 / lambda);
    double below = descend(s, x, v, 0.95 * 2 / lambda, &below_loss);
    double above = descend(s, x, v, 1.05 * 2 / lambda, &above_loss);
    return below < 0.25 && above > 4 && below_loss < above_loss;
}

/* ---- a bowl whose Hessian is known ----------------------------------------------------------- */

/* loss = x' A x / 2: its Hessian is A, wherever x is. The eigenvalues of A are 1, 2 and 4. */
static bool a_bowl(void) {
    static const grove_real a[9] = {2, 1, 0, 1, 3, 1, 0, 1, 2};
    const double eigenvalue = 4;
    scene s = {.graph = grove_graph_new(NULL)};
    grove_tensor x = grove_parameter(s.graph, "x", GROVE_SHAPE(3, 1), (grove_init){0});
    grove_tensor matrix = grove_constant(s.graph, "a", GROVE_SHAPE(3, 3), a);
    grove_tensor ax = grove_matmul(matrix, x, false, false);
    grove_tensor loss = grove_scale(grove_sum(grove_mul(x, ax), GROVE_ALL_AXES), 0.5);
    bool good = open_scene(&s, loss, 1);
    printf("a bowl, x' A x / 2:\n");
    for (int column = 0; good && column < 3; column++) { /* A e_k is column k of A */
        double e[MOST] = {0}, he[MOST] = {0};
        e[column] = 1;
        good = multiply(&s, e, he);
        for (int row = 0; good && row < 3; row++) {
            good = he[row] == (double)a[3 * row + column];
        }
    }
    double lambda = 0, v[MOST] = {0};
    good = good && find_curvature(&s, &lambda, v);
    good = expect(good && fabs(lambda - eigenvalue) < 1e-5, "its largest curvature, and A's",
                  lambda, eigenvalue);
    good = good && try_rates(&s, lambda, v);
    close_scene(&s);
    return good;
}

/* ---- a network that has learned -------------------------------------------------------------- */

/* A hill and a valley; nothing that six units draw exactly. */
static double target_at(double a, double b) {
    return sin(2 * a) * cos(b) + 0.3 * a * b;
}

/* Trains with Adam until it lies in a minimum, its rate falling to nothing. */
static bool train(scene *s, const grove_real *x, const grove_real *y) {
    grove_schedule cosine = {.kind = GROVE_SCHEDULE_COSINE, .steps = 6000};
    grove_tensor adam = grove_minimize(s->loss, GROVE_ADAM(.rate = 0.03, .schedule = cosine));
    grove_plan *plan = grove_plan_new(s->graph, &adam, 1,
                                      &(grove_plan_options){.batch = POINTS, .training = true});
    grove_bind(plan, grove_find(s->graph, "x"), x);
    grove_bind(plan, grove_find(s->graph, "y"), y);
    bool good = true;
    for (int i = 0; good && i < cosine.steps; i++) {
        good = run(plan);
    }
    grove_plan_free(plan);
    return good;
}

/* u' H v = v' H u, for H is symmetric; and H v is how g changes along v. */
static bool check_products(scene *s) {
    const double h = 0.01;
    double x[MOST] = {0}, u[MOST], v[MOST], hu[MOST] = {0}, hv[MOST] = {0};
    double after[MOST] = {0}, before[MOST] = {0}, worst = 0;
    draw(s, 1, u);
    draw(s, 2, v);
    normalize(s, u);
    normalize(s, v);
    get_parameters(s, x);
    if (!multiply(s, u, hu) || !multiply(s, v, hv)) {
        return false;
    }
    double uhv = dot(s, u, hv), vhu = dot(s, v, hu), size = sqrt(dot(s, hv, hv));
    for (int side = 0; side < 2; side++) {
        set_parameters(s, x, side ? h : -h, v);
        if (!run(s->look)) {
            return false;
        }
        get_values(s, s->gradient, side ? after : before);
    }
    set_parameters(s, x, 0, v);
    for (int i = 0; i < s->size; i++) {
        worst = fmax(worst, fabs((after[i] - before[i]) / (2 * h) - hv[i]));
    }
    bool good = expect(fabs(uhv - vhu) <= 1e-4 * size, "u' H v and v' H u", uhv, vhu);
    return expect(worst <= 5e-3 * size, "|H v|, and its worst error by differences", size, worst) &&
           good;
}

static bool a_network(void) {
    grove_real x[POINTS][2], y[POINTS][1];
    for (int i = 0; i < POINTS; i++) {
        double a = -1.4 + 0.4 * (i % 8), b = -1.5 + 0.6 * (i / 8);
        x[i][0] = (grove_real)a;
        x[i][1] = (grove_real)b;
        y[i][0] = (grove_real)target_at(a, b);
    }
    scene s = {.graph = grove_graph_new(&(grove_graph_options){.seed = 2})};
    grove_tensor in = grove_input_reals(s.graph, "x", GROVE_BATCH, 2);
    grove_tensor wanted = grove_input_reals(s.graph, "y", GROVE_BATCH, 1);
    grove_tensor h = grove_tanh(grove_nn_dense(in, UNITS, "hidden"));
    grove_tensor loss = grove_mean_squared_error(grove_nn_dense(h, 1, "out"), wanted);
    double lambda = 0, v[MOST] = {0};
    bool good = open_scene(&s, loss, POINTS);
    grove_bind(s.look, in, x);
    grove_bind(s.look, wanted, y);
    grove_bind(s.step, in, x);
    grove_bind(s.step, wanted, y);
    printf("a network of %d parameters:\n", s.size);
    good = good && train(&s, &x[0][0], &y[0][0]) && check_products(&s);
    good = good && find_curvature(&s, &lambda, v);
    if (good) {
        printf("  its largest curvature is lambda = %.4f\n", lambda);
        good = try_rates(&s, lambda, v);
    }
    close_scene(&s);
    return good;
}

int main(void) {
    bool good = a_bowl();
    good = a_network() && good;
    return good ? 0 : 1;
}
