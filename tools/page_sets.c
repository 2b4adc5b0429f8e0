/* SPDX-License-Identifier: MIT
 *
 * page_sets.c - what the page shows of a model that tells several classes a row: curves of each
 * class against the rest, the rows that were most wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page_data.h"
#include "sets.h"

enum { CURVE_POINTS = 160, MOST_CURVES = 12, MOST_WRONG = 25 };

/* ---- curves ---------------------------------------------------------------------------------- */

/* A class against the rest is a task of two classes. */
typedef struct versus {
    float *probabilities; /* [rows, 2] */
    grove_id *labels;     /* [rows] */
} versus;

static void fill(const answers *a, const unsigned char *truth, size_t class, versus *v) {
    for (size_t i = 0; i < a->rows; i++) {
        const float p = a->probabilities[i * a->classes + class];
        v->probabilities[2 * i] = 1 - p;
        v->probabilities[2 * i + 1] = p;
        v->labels[i] = truth[i * a->classes + class];
    }
}

/* NULL: see error. */
static json_t *curve_of(const full_sets *report, const versus *v, size_t class,
                        grove_error *error) {
    static grove_curve_point points[CURVE_POINTS];
    const answers *a = report->answers;
    const size_t label = (size_t)grove_schema_label(a->schema);
    const double support = (double)report->model.by_class[class].counts.support;
    size_t count = 0;
    if (grove_curve_points(v->probabilities, v->labels, a->rows, 2, 1, CURVE_POINTS, NULL, points,
                           &count, error) != GROVE_OK) {
        return NULL;
    }
    const grove_set_class *own = &report->model.by_class[class];
    return json_pack("{s:o, s:f, s:o, s:o, s:o}", "class",
                     json_cell(grove_schema_value(a->schema, label, (int32_t) class)), "share",
                     support / (double)(a->rows + !a->rows), "roc_auc", json_number(own->roc_auc),
                     "average_precision", json_number(own->average_precision), "points",
                     json_curve_points(points, count));
}

/* The class with the most rows among those that were not taken; SIZE_MAX: none. */
static size_t next_class(const grove_set_report *report, const bool *taken) {
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < report->classes; c++) {
        const size_t own = report->by_class[c].counts.support;
        if (!taken[c] && (best == SIZE_MAX || own > report->by_class[best].counts.support)) {
            best = c;
        }
    }
    return best;
}

/* Adds those of the most frequent classes; false: see error. */
static bool add_curves(const full_sets *report, const unsigned char *truth, const versus *v,
                       bool *taken, json_t *list, grove_error *error) {
    const answers *a = report->answers;
    for (size_t k = 0; k < a->classes && k < MOST_CURVES; k++) {
        const size_t class = next_class(&report->model, taken);
        versus one = *v;
        taken[class] = true;
        fill(a, truth, class, &one);
        json_t *curve = curve_of(report, v, class, error);
        if (!curve) {
            return false;
        }
        if (json_array_size(json_object_get(curve, "points")) > 0) {
            json_array_append(list, curve);
        }
        json_decref(curve);
    }
    return true;
}

json_t *json_set_curves(const full_sets *report, grove_error *error) {
    const answers *a = report->answers;
    unsigned char *truth = truth_of_sets(a->data, NULL, a->rows, a->classes);
    bool *taken = calloc(a->classes + 1, sizeof *taken);
    versus v = {calloc(a->rows + 1, 2 * sizeof *v.probabilities),
                calloc(a->rows + 1, sizeof *v.labels)};
    json_t *list = json_array();
    const bool room = truth && taken && v.probabilities && v.labels;
    if (!room || !add_curves(report, truth, &v, taken, list, error)) {
        json_decref(list);
        list = NULL;
    }
    free(v.labels);
    free(v.probabilities);
    free(taken);
    free(truth);
    return list;
}

/* ---- the rows that were most wrong ----------------------------------------------------------- */

/* The mean over the classes of -log p of what is. */
static double loss_of(const answers *a, const unsigned char *truth, size_t row) {
    double sum = 0;
    for (size_t c = 0; c < a->classes; c++) {
        const double p = (double)a->probabilities[row * a->classes + c];
        sum -= log(fmax(truth[row * a->classes + c] ? p : 1 - p, 1e-12));
    }
    return sum / (double)a->classes;
}

/* rows and losses [MOST_WRONG + 1], of answers that are not right, the largest first, equal ones in
 * their order; how many. flags [classes] is room. */
static size_t find_worst(const answers *a, const unsigned char *truth, double threshold,
                         unsigned char *flags, size_t *rows, double *losses) {
    size_t count = 0;
    for (size_t i = 0; i < a->rows; i++) {
        answer_set(a->probabilities + i * a->classes, a->classes, threshold, flags);
        if (memcmp(flags, truth + i * a->classes, a->classes) == 0) {
            continue;
        }
        const double loss = loss_of(a, truth, i);
        size_t at = count;
        for (; at > 0 && loss > losses[at - 1]; at--) {
            rows[at] = rows[at - 1];
            losses[at] = losses[at - 1];
        }
        rows[at] = i;
        losses[at] = loss;
        count += count < MOST_WRONG;
    }
    return count;
}

/* To be given away; NULL when memory is short. */
static json_t *json_set(const answers *a, const unsigned char *flags) {
    char *text = set_text(a->schema, flags, a->classes);
    json_t *made = text ? json_cell((grove_cell){text, strlen(text)}) : NULL;
    free(text);
    return made;
}

static json_t *json_worst_set(const answers *a, const unsigned char *truth, double threshold,
                              unsigned char *flags, size_t row, double loss) {
    answer_set(a->probabilities + row * a->classes, a->classes, threshold, flags);
    return json_pack("{s:I, s:o, s:o, s:f, s:o}", "line",
                     (json_int_t)grove_table_line(a->table, row), "label",
                     json_set(a, truth + row * a->classes), "answer", json_set(a, flags), "loss",
                     loss, "cells", json_row(a, row));
}

json_t *json_worst_sets(const options *o, const full_sets *report) {
    const answers *a = report->answers;
    unsigned char *truth = truth_of_sets(a->data, NULL, a->rows, a->classes);
    unsigned char *flags = calloc(a->classes + 1, 1);
    size_t worst[MOST_WRONG + 1];
    double losses[MOST_WRONG + 1];
    json_t *rows = truth && flags ? json_array() : NULL;
    const size_t count = rows ? find_worst(a, truth, threshold_of(o), flags, worst, losses) : 0;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(
            rows, json_worst_set(a, truth, threshold_of(o), flags, worst[i], losses[i]));
    }
    free(flags);
    free(truth);
    return rows ? json_pack("{s:o, s:o}", "columns", json_shown_columns(a), "rows", rows) : NULL;
}
