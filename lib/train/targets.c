/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <float.h>
#include <string.h>

#include "base/error.h"
#include "predictor.h"

/* ---- weights --------------------------------------------------------------------------------- */

static double unscaled(const grove_weighing *w, size_t row) {
    const double own = w->rows ? (double)w->rows[row] : 1;
    return w->classes ? own * (double)w->classes[w->labels[row]] : own;
}

float grove_weigh(const grove_weighing *weighing, size_t row) {
    const double weight = unscaled(weighing, row) * weighing->scale;
    return weight < (double)FLT_MIN ? 0 : (float)weight;
}

grove_weighing grove_weighing_of(const grove_classifier *classifier,
                                 const grove_fit_options *options, const grove_dataset *dataset,
                                 const float *rows) {
    const grove_shape shape = grove_node_shape(classifier->probabilities);
    return (grove_weighing){.rows = rows,
                            .classes = options->class_weights,
                            .class_count = (size_t)shape.dim[1],
                            .labels = grove_dataset_labels(dataset)};
}

static grove_status bad_label(const grove_weighing *w, size_t row, grove_error *error) {
    return grove_fail(error, GROVE_BAD_ARGUMENT,
                      "training: the label of row %zu is %d, and there are weights for %zu classes",
                      row, (int)w->labels[row], w->class_count);
}

grove_status grove_weighing_open(grove_weighing *weighing, const grove_rows *rows,
                                 grove_error *error) {
    double sum = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const size_t row = grove_row_at(rows, i);
        if (weighing->classes && (size_t)weighing->labels[row] >= weighing->class_count) {
            return bad_label(weighing, row, error);
        }
        const double weight = unscaled(weighing, row);
        if (!(weight >= 0 && weight <= (double)FLT_MAX)) {
            return grove_fail(
                error, GROVE_BAD_ARGUMENT,
                "training: row %zu has the weight %g, it must be a finite number from "
                "0 up",
                row, weight);
        }
        sum += weight;
    }
    weighing->scale = sum > 0 ? (double)rows->count / sum : 1;
    return sum > 0 || rows->count == 0
               ? GROVE_OK
               : grove_fail(error, GROVE_BAD_DATA,
                            "training: every row has the weight 0, so none counts");
}

/* ---- a batch --------------------------------------------------------------------------------- */

static bool has_weights(const grove_fit_options *options) {
    return options->weights || options->class_weights;
}

grove_status grove_targets_open(grove_targets *targets, const grove_classifier *classifier,
                                const grove_fit_options *options, const grove_rows *rows,
                                size_t size, grove_error *error) {
    const bool weighted = grove_is_valid(classifier->weights);
    *targets = (grove_targets){
        .allocator = grove_graph_allocator(classifier->graph),
        .words = 1 + weighted,
        .weighing = grove_weighing_of(classifier, options, rows->dataset, options->weights)};
    if (has_weights(options) && !weighted) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training: there are weights, but the classifier was not made to be "
                          ".weighted");
    }
    targets->labels = grove_alloc_zero(&targets->allocator, size, sizeof *targets->labels);
    if (weighted) {
        targets->weights = grove_alloc_zero(&targets->allocator, size, sizeof *targets->weights);
    }
    if (!targets->labels || (weighted && !targets->weights)) {
        return grove_fail_memory(error, size * sizeof *targets->weights);
    }
    return grove_weighing_open(&targets->weighing, rows, error);
}

void grove_targets_close(grove_targets *targets) {
    if (targets->allocator.resize) {
        grove_release(&targets->allocator, targets->labels);
        grove_release(&targets->allocator, targets->weights);
    }
}

grove_status grove_targets_bind(const grove_targets *targets, const grove_classifier *classifier,
                                grove_plan *plan) {
    grove_status status = grove_bind(plan, classifier->label, targets->labels);
    return status == GROVE_OK && targets->weights
               ? grove_bind(plan, classifier->weights, targets->weights)
               : status;
}

void grove_targets_pack(const grove_targets *targets, const grove_dataset *dataset, size_t row,
                        int32_t *words) {
    words[0] = grove_dataset_labels(dataset)[row];
    if (targets->weights) {
        const float weight = grove_weigh(&targets->weighing, row);
        memcpy(words + 1, &weight, sizeof weight);
    }
}

void grove_targets_take(grove_targets *targets, const int32_t *const *rows, size_t column,
                        size_t some, size_t at) {
    float weight;
    for (size_t i = 0; i < some; i++) {
        targets->labels[at + i] = rows[i][column];
    }
    for (size_t i = 0; i < some && targets->weights; i++) {
        memcpy(&weight, rows[i] + column + 1, sizeof weight);
        targets->weights[at + i] = (grove_real)weight;
    }
}

double grove_targets_mass(const grove_targets *targets, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count && targets->weights; i++) {
        sum += (double)targets->weights[i];
    }
    return targets->weights ? sum : (double)count;
}
