/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <float.h>
#include <string.h>

#include "base/error.h"
#include "grove/data_sets.h"
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
    const bool sets = dataset && grove_dataset_has_sets(dataset);
    return (grove_weighing){.rows = rows,
                            .classes = sets ? NULL : options->class_weights,
                            .class_count = shape.rank == 2 ? (size_t)shape.dim[1] : 0,
                            .labels = grove_dataset_labels(dataset)};
}

static grove_status bad_label(const grove_weighing *w, size_t row, grove_error *error) {
    return grove_fail(error, GROVE_BAD_ARGUMENT,
                      "training: the label of row %zu is %d, and there are weights for %zu classes",
                      row, (int)w->labels[row], w->class_count);
}

static grove_status bad_class(size_t class, double weight, grove_error *error) {
    return grove_fail(error, GROVE_BAD_ARGUMENT,
                      "training: class %zu has the weight %g, it must be a finite number from 0 up",
                      class, weight);
}

static grove_status none_counts(grove_error *error) {
    return grove_fail(error, GROVE_BAD_DATA,
                      "training: every row has the weight 0, so none counts");
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
    return sum > 0 || rows->count == 0 ? GROVE_OK : none_counts(error);
}

/* The same for all training rows, in a file: the schema has counted their classes. */
static grove_status open_counted(grove_weighing *w, const grove_schema *schema,
                                 grove_error *error) {
    const size_t label = (size_t)grove_schema_label(schema);
    const grove_vocabulary classes = grove_schema_vocabulary(schema, label);
    double sum = 0, rows = 0;
    for (size_t c = 0; c < w->class_count && w->classes; c++) {
        const double weight = (double)w->classes[c];
        if (!(weight >= 0 && weight <= (double)FLT_MAX)) {
            return bad_class(c, weight, error);
        }
        if (weight == 0 && classes.counts[c] > 0) {
            return grove_fail(error, GROVE_UNSUPPORTED,
                              "training: class %zu has the weight 0, and the rows of a file are "
                              "all trained on: it must be above",
                              c);
        }
        rows += (double)classes.counts[c];
        sum += (double)classes.counts[c] * weight;
    }
    w->scale = sum > 0 ? rows / sum : 1;
    return GROVE_OK;
}

bool grove_have_targets(const grove_rows *rows, const grove_schema *schema) {
    if (rows->count == 0 || !rows->dataset || grove_rows_in_file(rows)) {
        return rows->count == 0 || rows->dataset;
    }
    switch (grove_schema_target(schema)) {
    case GROVE_TARGET_NUMBER:
        return grove_dataset_targets(rows->dataset) != NULL;
    case GROVE_TARGET_SET:
        return grove_dataset_has_sets(rows->dataset);
    default:
        return grove_dataset_labels(rows->dataset) != NULL;
    }
}

/* ---- a batch --------------------------------------------------------------------------------- */

static bool has_weights(const grove_fit_options *options) {
    return options->weights || options->class_weights;
}

enum { BITS = 32 }; /* classes in a word of a packed row */

/* A row's classes as bits. */
static bool make_room_of_sets(grove_targets *t, const grove_fit_options *options, bool weighted,
                              size_t size) {
    size_t count = 0;
    t->words += (t->classes + BITS - 1) / BITS - 1;
    t->sets = grove_multiply(size, t->classes, &count)
                  ? grove_alloc_zero(&t->allocator, count, sizeof *t->sets)
                  : NULL;
    if (weighted) {
        t->positives = grove_alloc_zero(&t->allocator, t->classes, sizeof *t->positives);
    }
    for (size_t c = 0; c < t->classes && t->positives; c++) {
        t->positives[c] = options->class_weights ? (grove_real)options->class_weights[c] : 1;
    }
    return t->sets && (t->positives || !weighted);
}

static bool make_room(grove_targets *t, grove_target_kind kind, const grove_fit_options *options,
                      bool weighted, size_t size) {
    bool fits = true;
    if (kind == GROVE_TARGET_NUMBER) {
        fits = (t->numbers = grove_alloc_zero(&t->allocator, size, sizeof *t->numbers)) != NULL;
    } else if (kind == GROVE_TARGET_SET) {
        fits = make_room_of_sets(t, options, weighted, size);
    } else {
        fits = (t->labels = grove_alloc_zero(&t->allocator, size, sizeof *t->labels)) != NULL;
    }
    if (weighted) {
        t->weights = grove_alloc_zero(&t->allocator, size, sizeof *t->weights);
    }
    return fits && (t->weights || !weighted);
}

/* What a class counts is checked with its rows; of sets it stands alone. */
static grove_status check_positives(const grove_targets *t, grove_error *error) {
    for (size_t c = 0; c < t->classes && t->positives; c++) {
        const double weight = (double)t->positives[c];
        if (!(weight >= 0 && weight <= (double)FLT_MAX)) {
            return bad_class(c, weight, error);
        }
    }
    return GROVE_OK;
}

grove_status grove_targets_open(grove_targets *targets, const grove_classifier *classifier,
                                const grove_schema *schema, const grove_fit_options *options,
                                const grove_rows *rows, size_t size, grove_error *error) {
    const grove_target_kind kind = grove_schema_target(schema);
    const bool weighted = grove_is_valid(classifier->weights);
    *targets = (grove_targets){
        .allocator = grove_graph_allocator(classifier->graph),
        .in_file = grove_rows_in_file(rows),
        .words = weighted && !grove_rows_in_file(rows) ? 2 : 1,
        .classes =
            kind == GROVE_TARGET_SET ? (size_t)grove_node_shape(classifier->label).dim[1] : 0,
        .weighing = grove_weighing_of(classifier, options, rows->dataset, options->weights)};
    if (targets->in_file && (options->weights || options->valid_weights)) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "training: the rows of a file have no weights of their own; these want a "
                          "dataset");
    }
    if (has_weights(options) && !weighted) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training: there are weights, but the classifier was not made to be "
                          ".weighted");
    }
    if (options->class_weights && kind == GROVE_TARGET_NUMBER) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training: there are weights of classes, but the label is a number");
    }
    if (!make_room(targets, kind, options, weighted, size)) {
        return grove_fail_memory(error, size * sizeof *targets->weights);
    }
    const grove_status status = check_positives(targets, error);
    if (status != GROVE_OK) {
        return status;
    }
    return targets->in_file ? open_counted(&targets->weighing, schema, error)
                            : grove_weighing_open(&targets->weighing, rows, error);
}

void grove_targets_close(grove_targets *targets) {
    if (targets->allocator.resize) {
        grove_release(&targets->allocator, targets->labels);
        grove_release(&targets->allocator, targets->numbers);
        grove_release(&targets->allocator, targets->sets);
        grove_release(&targets->allocator, targets->positives);
        grove_release(&targets->allocator, targets->weights);
    }
}

grove_status grove_targets_bind(const grove_targets *targets, const grove_classifier *classifier,
                                grove_plan *plan) {
    const void *bound = targets->labels ? (const void *)targets->labels
                        : targets->sets ? targets->sets
                                        : targets->numbers;
    grove_status status = grove_bind(plan, classifier->label, bound);
    if (status == GROVE_OK && targets->positives) {
        status = grove_bind(plan, classifier->positive_weights, targets->positives);
    }
    return status == GROVE_OK && targets->weights
               ? grove_bind(plan, classifier->weights, targets->weights)
               : status;
}

static void pack_set(const grove_targets *t, grove_label_set set, int32_t *words) {
    const size_t count = (t->classes + BITS - 1) / BITS;
    for (size_t k = 0, next = 0; k < count; k++) {
        uint32_t bits = 0;
        for (; next < set.count && (size_t)set.classes[next] / BITS == k; next++) {
            bits |= UINT32_C(1) << set.classes[next] % BITS;
        }
        memcpy(words + k, &bits, sizeof bits);
    }
}

static void take_set(const grove_targets *t, const int32_t *words, grove_real *set) {
    for (size_t c = 0; c < t->classes; c++) {
        uint32_t bits;
        memcpy(&bits, words + c / BITS, sizeof bits);
        set[c] = (grove_real)(bits >> c % BITS & 1);
    }
}

void grove_targets_pack(const grove_targets *targets, const grove_dataset *dataset, size_t row,
                        int32_t *words) {
    if (targets->labels) {
        words[0] = grove_dataset_labels(dataset)[row];
    } else if (targets->sets) {
        pack_set(targets, grove_dataset_set(dataset, row), words);
    } else {
        memcpy(words, grove_dataset_targets(dataset) + row, sizeof *words);
    }
    if (targets->weights) {
        const float weight = grove_weigh(&targets->weighing, row);
        memcpy(words + targets->words - 1, &weight, sizeof weight);
    }
}

static grove_real weight_of_class(const grove_weighing *w, int32_t label) {
    const double weight = w->classes ? (double)w->classes[label] * w->scale : 1;
    return weight < (double)FLT_MIN ? 0 : (grove_real)weight;
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
    for (size_t i = 0; i < some && targets->sets; i++) {
        take_set(targets, rows[i] + column, targets->sets + (at + i) * targets->classes);
    }
    for (size_t i = 0; i < some && targets->weights; i++) {
        targets->weights[at + i] = targets->in_file
                                       ? weight_of_class(&targets->weighing, rows[i][column])
                                       : real_at(rows[i] + column + targets->words - 1);
    }
}

double grove_targets_mass(const grove_targets *targets, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count && targets->weights; i++) {
        sum += (double)targets->weights[i];
    }
    return targets->weights ? sum : (double)count;
}
