/* SPDX-License-Identifier: MIT
 *
 * compare_draws.c - how far a loss of drawn classes, and its gradient, are from those of the full
 * softmax: bias and spread over draws, at the same weights.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_softmax.h"
#include "settings.h"

/* The loss of some rows, and its gradient by the first layer's weight. */
typedef struct probe {
    grove_classifier classifier; /* zeroed where it is somebody else's */
    grove_tensor loss, gradient, logits;
    grove_plan *plan;
    grove_id *ids, *labels; /* [columns, rows], [rows] */
    grove_real *numbers;    /* [rows, features] */
    size_t size;            /* of the gradient */
} probe;

static void close_probe(probe *p) {
    grove_plan_free(p->plan);
    grove_classifier_free(&p->classifier);
    free(p->ids);
    free(p->labels);
    free(p->numbers);
}

static size_t row_of(const job *j, size_t i) {
    return j->valid.rows ? j->valid.rows[i] : i;
}

static grove_status bind(probe *p, const job *j, const grove_graph *g, grove_tensor label,
                         size_t rows) {
    const size_t columns = grove_schema_categoricals(j->schema);
    const size_t features = grove_dataset_features(j->valid.dataset);
    char text[512];
    p->ids = calloc(columns * rows + 1, sizeof *p->ids);
    p->labels = calloc(rows, sizeof *p->labels);
    p->numbers = calloc(features * rows + 1, sizeof *p->numbers);
    if (!p->ids || !p->labels || !p->numbers) {
        return GROVE_NO_MEMORY;
    }
    for (size_t c = 0; c < columns; c++) {
        const size_t column = (size_t)grove_schema_categorical(j->schema, c);
        const int32_t *from = grove_dataset_ids(j->valid.dataset, c);
        for (size_t i = 0; i < rows; i++) {
            p->ids[c * rows + i] = from[row_of(j, i)];
        }
        snprintf(text, sizeof text, "column.%s", grove_schema_name(j->schema, column));
        grove_bind(p->plan, grove_find(g, text), p->ids + c * rows);
    }
    for (size_t i = 0; i < rows; i++) {
        const float *from = grove_dataset_numbers(j->valid.dataset);
        p->labels[i] = grove_dataset_labels(j->valid.dataset)[row_of(j, i)];
        for (size_t k = 0; k < features; k++) {
            p->numbers[i * features + k] = (grove_real)from[row_of(j, i) * features + k];
        }
    }
    if (features > 0) {
        grove_bind(p->plan, grove_find(g, "numbers"), p->numbers);
    }
    return grove_bind(p->plan, label, p->labels);
}

/* Of a classifier that stays. */
static grove_status open_probe(probe *p, const job *j, const grove_classifier *c, bool with_logits,
                               grove_error *error) {
    const size_t rows = j->valid.count < LOSS_ROWS ? j->valid.count : LOSS_ROWS;
    grove_tensor weight = grove_find(c->graph, "mlp.0.weight");
    p->loss = c->loss;
    p->gradient = grove_gradient(c->loss, weight);
    p->size = grove_parameter_size(weight);
    p->logits = grove_node_input(c->probabilities, 0);
    grove_tensor outputs[] = {p->loss, p->gradient, p->logits};
    p->plan = grove_plan_new(
        c->graph, outputs, with_logits ? 3 : 2,
        &(grove_plan_options){.batch = (int64_t)rows, .threads = (int)j->o->threads});
    grove_status status = bind(p, j, c->graph, c->label, rows);
    if (grove_plan_error(p->plan)->status != GROVE_OK) {
        *error = *grove_plan_error(p->plan);
        status = error->status;
    }
    return status;
}

static grove_status run_probe(const probe *p, grove_error *error) {
    grove_status status = grove_run(p->plan);
    if (status != GROVE_OK) {
        *error = *grove_plan_error(p->plan);
    }
    return status;
}

/* Numbers of the same names; both graphs have the same ones, but for samplers. */
static void copy_weights(const grove_graph *to, const grove_graph *from) {
    for (int32_t i = 0; i < grove_parameter_count(to); i++) {
        grove_tensor parameter = grove_parameter_at(to, i);
        grove_tensor given = grove_find(from, grove_node_name(parameter));
        if (grove_is_valid(given) &&
            grove_parameter_size(given) == grove_parameter_size(parameter) &&
            grove_node_type(parameter) == GROVE_REAL) {
            memcpy(grove_parameter_data(parameter), grove_parameter_data(given),
                   grove_parameter_size(given) * sizeof(grove_real));
        }
    }
}

/* A softmax leaves the height of its scores open. Contrasting wants log-probabilities: so they are
 * lowered by the mean over the rows of log(sum of exp(score)), which is score - log p of labels. */
static void normalize(const grove_graph *g, const job *j, const probe *whole) {
    char name[32];
    const size_t rows = j->valid.count < LOSS_ROWS ? j->valid.count : LOSS_ROWS;
    snprintf(name, sizeof name, "mlp.%d.bias", j->settings.hidden_count);
    grove_tensor bias = grove_find(g, name);
    grove_real *numbers = grove_parameter_data(bias);
    const size_t classes = grove_parameter_size(bias);
    const grove_real *logits = grove_value(whole->plan, whole->logits);
    double height = grove_scalar(whole->plan, whole->loss);
    for (size_t i = 0; i < rows; i++) {
        height += (double)logits[i * classes + (size_t)whole->labels[i]] / (double)rows;
    }
    for (size_t k = 0; k < classes; k++) {
        numbers[k] -= (grove_real)height;
    }
}

static double product(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Sums over draws. */
typedef struct sums {
    double loss, loss_squares; /* of the distance to the full loss */
    double squares, cosine;    /* |gradient|^2, and the angle to the full one */
} sums;

/* room [3, size]: the full gradient, that of a draw, the mean of those. */
static grove_status draw_all(const probe *p, double full_loss, double *room, sums *s,
                             grove_error *error) {
    const double *full = room;
    double *one = room + p->size, *mean = one + p->size;
    const double length = sqrt(product(full, full, p->size));
    grove_status status = GROVE_OK;
    for (uint64_t draw = 0; draw < LOSS_DRAWS && status == GROVE_OK; draw++) {
        grove_set_training_runs(p->classifier.graph, draw);
        status = run_probe(p, error);
        const grove_real *g = status == GROVE_OK ? grove_value(p->plan, p->gradient) : NULL;
        for (size_t i = 0; i < p->size && g; i++) {
            one[i] = (double)g[i];
            mean[i] += one[i] / LOSS_DRAWS;
        }
        if (g) {
            const double off = grove_scalar(p->plan, p->loss) - full_loss;
            const double squares = product(one, one, p->size);
            s->loss += off / LOSS_DRAWS;
            s->loss_squares += off * off / LOSS_DRAWS;
            s->squares += squares / LOSS_DRAWS;
            s->cosine += product(one, full, p->size) / (length * sqrt(squares)) / LOSS_DRAWS;
        }
    }
    return status;
}

static double root(double x) {
    return sqrt(x > 0 ? x : 0);
}

static void tell(const sums *s, const double *room, size_t size, compared_loss *loss) {
    const double *full = room, *mean = room + 2 * size;
    const double length = sqrt(product(full, full, size)), of_mean = product(mean, mean, size);
    const double apart = of_mean - 2 * product(mean, full, size) + length * length;
    const double unbiased = (double)LOSS_DRAWS / (LOSS_DRAWS - 1);
    loss->loss.bias = loss->kind == GROVE_SOFTMAX_NCE ? (double)NAN : s->loss;
    loss->loss.spread = root((s->loss_squares - s->loss * s->loss) * unbiased);
    loss->gradient.bias = root(apart) / length;
    loss->gradient.spread = root((s->squares - of_mean) * unbiased) / length;
    loss->cosine = s->cosine;
}

static grove_status measure(const job *j, const grove_classifier *full, compared_loss *loss,
                            probe *whole, probe *drawn, grove_error *error) {
    const grove_classifier_options network = network_of_loss(j, loss);
    const bool contrasts = loss->kind == GROVE_SOFTMAX_NCE;
    sums s = {0};
    grove_status status = open_probe(whole, j, full, contrasts, error);
    status = status ? status : run_probe(whole, error);
    status = status ? status
                    : grove_settings_classifier(&j->settings, j->schema, j->train, &network,
                                                &drawn->classifier, error);
    if (status == GROVE_OK) {
        copy_weights(drawn->classifier.graph, full->graph);
        if (contrasts) {
            normalize(drawn->classifier.graph, j, whole);
        }
        status = open_probe(drawn, j, &drawn->classifier, false, error);
    }
    double *room = status == GROVE_OK ? calloc(3 * whole->size, sizeof *room) : NULL;
    if (status == GROVE_OK && !room) {
        return GROVE_NO_MEMORY;
    }
    for (size_t i = 0; room && i < whole->size; i++) {
        room[i] = (double)((const grove_real *)grove_value(whole->plan, whole->gradient))[i];
    }
    if (status == GROVE_OK) {
        status = draw_all(drawn, grove_scalar(whole->plan, whole->loss), room, &s, error);
    }
    if (status == GROVE_OK) {
        tell(&s, room, whole->size, loss);
    }
    free(room);
    return status;
}

grove_status measure_draws(const job *j, const grove_classifier *full, compared_loss *loss,
                           grove_error *error) {
    probe whole = {.plan = NULL}, drawn = {.plan = NULL};
    grove_status status = measure(j, full, loss, &whole, &drawn, error);
    close_probe(&whole);
    close_probe(&drawn);
    return status;
}
