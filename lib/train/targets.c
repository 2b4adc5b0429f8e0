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
                            .class_count = shape.rank == 2 ? (size_t)shape.dim[1] : 0,
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

static bool make_room(grove_targets *t, grove_target_kind kind, bool weighted, size_t size) {
    if (kind == GROVE_TARGET_NUMBER) {
        t->numbers = grove_alloc_zero(&t->allocator, size, sizeof *t->numbers);
    } else {
        t->labels = grove_alloc_zero(&t->allocator, size, sizeof *t->labels);
    }
    if (weighted) {
        t->weights = grove_alloc_zero(&t->allocator, size, sizeof *t->weights);
    }
    return (t->labels || t->numbers) && (t->weights || !weighted);
}

grove_status grove_targets_open(grove_targets *targets, const grove_classifier *classifier,
                                const grove_schema *schema, const grove_fit_options *options,
                                const grove_rows *rows, size_t size, grove_error *error) {
    const grove_target_kind kind = grove_schema_target(schema);
    const bool weighted = grove_is_valid(classifier->weights);
    *targets = (grove_targets){
        .allocator = grove_graph_allocator(classifier->graph),
        .words = 1 + weighted,
        .weighing = grove_weighing_of(classifier, options, rows->dataset, options->weights)};
    if (grove_rows_in_file(rows) && (has_weights(options) || weighted)) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "training: the rows of a file count alike; weights want a dataset");
    }
    if (has_weights(options) && !weighted) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training: there are weights, but the classifier was not made to be "
                          ".weighted");
    }
    if (options->class_weights && kind != GROVE_TARGET_CLASS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training: there are weights of classes, but the label is a number");
    }
    if (!make_room(targets, kind, weighted, size)) {
        return grove_fail_memory(error, size * sizeof *targets->weights);
    }
    return grove_weighing_open(&targets->weighing, rows, error);
}

void grove_targets_close(grove_targets *targets) {
    if (targets->allocator.resize) {
        grove_release(&targets->allocator, targets->labels);
        grove_release(&targets->allocator, targets->numbers);
        grove_release(&targets->allocator, targets->weights);
    }
}

grove_status grove_targets_bind(const grove_targets *targets, const grove_classifier *classifier,
                                grove_plan *plan) {
    const void *bound = targets->labels ? (const void *)targets->labels : targets->numbers;
    grove_status status = grove_bind(plan, classifier->label, bound);
    return status == GROVE_OK && targets->weights
               ? grove_bind(plan, classifier->weights, targets->weights)
               : status;
}

void grove_targets_pack(const grove_targets *targets, const grove_dataset *dataset, size_t row,
                        int32_t *words) {
    if (targets->labels) {
        words[0] = grove_dataset_labels(dataset)[row];
    } else {
        memcpy(words, grove_dataset_targets(dataset) + row, sizeof *words);
    }
    if (targets->weights) {
        const float weight = grove_weigh(&targets->weighing, row);
        memcpy(words + targets->words - 1, &weight, sizeof weight);
    }
}

static grove_real real_at(const int32_t *word) {
    float number;
    memcpy(&number, word, sizeof number);
    return (grove_real)number;
}

void grove_targets_take(grove_targets *targets, const int32_t *const *rows, size_t column,
                        size_t some, size_t at) {
    for (size_t i = 0; i < some && targets->labels; i++) {
        targets->labels[at + i] = rows[i][column];
    }
    for (size_t i = 0; i < some && targets->numbers; i++) {
        targets->numbers[at + i] = real_at(rows[i] + column);
    }
    for (size_t i = 0; i < some && targets->weights; i++) {
        targets->weights[at + i] = real_at(rows[i] + column + targets->words - 1);
    }
}

double grove_targets_mass(const grove_targets *targets, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count && targets->weights; i++) {
        sum += (double)targets->weights[i];
    }
    return targets->weights ? sum : (double)count;
}
