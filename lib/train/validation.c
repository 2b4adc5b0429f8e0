/* SPDX-License-Identifier: MIT */
#include "validation.h"

#include <math.h>

#include "base/error.h"
#include "grove/data_sets.h"
#include "head.h"
#include "predictor.h"
#include "set_tally.h"
#include "tally.h"

enum { BATCH = 512 }; /* rows to validate at a time, at most */

/* ---- opening --------------------------------------------------------------------------------- */

/* Room for a number of each row, as many times over; NULL when memory is short. */
static void *room(const grove_validation *v, size_t each, size_t size) {
    size_t count = 0, bytes = 0;
    return grove_multiply(v->rows.count, each, &count) && grove_multiply(count, size, &bytes)
               ? grove_alloc(&v->allocator, bytes)
               : NULL;
}

static bool make_room_of_kind(grove_validation *v, size_t classes) {
    switch (grove_schema_target(v->schema)) {
    case GROVE_TARGET_NUMBER:
        return (v->scaled = room(v, 1, sizeof *v->scaled)) &&
               (v->numbers = room(v, 1, sizeof *v->numbers)) &&
               (v->truth = room(v, 1, sizeof *v->truth));
    case GROVE_TARGET_SET:
        return (v->sets = room(v, classes, sizeof *v->sets)) &&
               (v->usual = grove_alloc_zero(&v->allocator, classes, sizeof *v->usual));
    default:
        return (v->labels = room(v, 1, sizeof *v->labels)) != NULL;
    }
}

static bool make_room(grove_validation *v, const grove_fit_options *options, size_t classes) {
    const bool judges = classes > 2 && grove_schema_target(v->schema) == GROVE_TARGET_CLASS;
    bool fits = judges ? (v->judged = room(v, 1, sizeof *v->judged)) != NULL
                       : (v->answers = room(v, classes, sizeof *v->answers)) != NULL;
    fits = fits && make_room_of_kind(v, classes);
    if (options->valid_weights) {
        fits = fits && (v->weights = room(v, 1, sizeof *v->weights));
    }
    v->counts = v->weights;
    if (options->class_weights && !v->sets) {
        v->counts = NULL;
        fits = fits && (v->counts = room(v, 1, sizeof *v->counts));
    }
    return fits;
}

static double in_units(const grove_validation *v, float scaled) {
    const size_t label = (size_t)grove_schema_label(v->schema);
    return grove_schema_mean(v->schema, label) +
           grove_schema_deviation(v->schema, label) * (double)scaled;
}

static grove_status fill_from_file(grove_validation *v, const grove_fit_options *options,
                                   grove_error *error) {
    void *words = v->labels ? (void *)v->labels : v->scaled;
    const grove_rows read = {.count = v->rows.count}; /* those of v->labels */
    grove_weighing in_loss = grove_weighing_of(v->classifier, options, v->rows.dataset, NULL);
    in_loss.labels = v->labels;
    grove_status status = grove_targets_of_file(&v->rows, words, error);
    if (status == GROVE_OK && v->counts) {
        status = grove_weighing_open(&in_loss, &read, error);
    }
    for (size_t i = 0; i < v->rows.count && status == GROVE_OK && v->counts; i++) {
        v->counts[i] = grove_weigh(&in_loss, i);
    }
    for (size_t i = 0; i < v->rows.count && status == GROVE_OK && v->scaled; i++) {
        v->truth[i] = in_units(v, v->scaled[i]);
    }
    return status;
}

static void fill_sets(grove_validation *v, const grove_fit_options *options) {
    const size_t classes = grove_predictor_classes(v->predictor);
    const grove_label_set usual = grove_schema_usual_set(v->schema);
    grove_dataset_indicators(v->rows.dataset, v->rows.rows, v->rows.count, classes, v->sets);
    for (size_t i = 0; i < usual.count; i++) {
        v->usual[usual.classes[i]] = 1;
    }
    v->positives = options->class_weights;
}

static grove_status fill(grove_validation *v, const grove_fit_options *options,
                         grove_error *error) {
    const grove_dataset *dataset = v->rows.dataset;
    if (grove_rows_in_file(&v->rows)) {
        return fill_from_file(v, options, error);
    }
    grove_weighing in_loss =
        grove_weighing_of(v->classifier, options, dataset, options->valid_weights);
    grove_weighing in_measures = in_loss;
    in_measures.classes = NULL;
    grove_status status = grove_weighing_open(&in_loss, &v->rows, error);
    if (status == GROVE_OK) {
        status = grove_weighing_open(&in_measures, &v->rows, error);
    }
    if (v->sets) {
        fill_sets(v, options);
    }
    for (size_t i = 0; i < v->rows.count && status == GROVE_OK; i++) {
        const size_t row = grove_row_at(&v->rows, i);
        if (v->labels) {
            v->labels[i] = grove_dataset_labels(dataset)[row];
        } else if (v->scaled) {
            v->scaled[i] = grove_dataset_targets(dataset)[row];
            v->truth[i] = in_units(v, v->scaled[i]);
        }
        if (v->counts) {
            v->counts[i] = grove_weigh(&in_loss, row);
        }
        if (v->weights) {
            v->weights[i] = grove_weigh(&in_measures, row);
        }
    }
    return status;
}

grove_status grove_validation_open(grove_validation *v, const grove_classifier *classifier,
                                   const grove_schema *schema, const grove_rows *rows,
                                   const grove_fit_options *options, grove_error *error) {
    *v = (grove_validation){.allocator = grove_graph_allocator(classifier->graph),
                            .schema = schema,
                            .classifier = classifier,
                            .rows = *rows};
    if (rows->count == 0) {
        return GROVE_OK;
    }
    /* A batch costs the same when it is not full, so all are of like size. */
    const size_t most = grove_rows_at_once(BATCH, (size_t)grove_head_outputs(schema));
    const size_t runs = (rows->count + most - 1) / most;
    const size_t batch = (rows->count + runs - 1) / runs;
    grove_status status = grove_predictor_new(classifier->graph, schema, (int64_t)batch,
                                              options->threads, &v->predictor, error);
    if (status != GROVE_OK) {
        return status;
    }
    const size_t classes = grove_predictor_classes(v->predictor);
    return make_room(v, options, classes)
               ? fill(v, options, error)
               : grove_fail_memory(error, rows->count * (v->judged ? sizeof *v->judged
                                                                   : classes * sizeof *v->answers));
}

void grove_validation_close(grove_validation *v) {
    if (!v->allocator.resize) {
        return;
    }
    grove_predictor_free(v->predictor);
    grove_release(&v->allocator, v->answers);
    grove_release(&v->allocator, v->judged);
    grove_release(&v->allocator, v->labels);
    grove_release(&v->allocator, v->sets);
    grove_release(&v->allocator, v->usual);
    grove_release(&v->allocator, v->scaled);
    grove_release(&v->allocator, v->numbers);
    grove_release(&v->allocator, v->truth);
    grove_release(&v->allocator, v->counts == v->weights ? NULL : v->counts);
    grove_release(&v->allocator, v->weights);
}

/* ---- running --------------------------------------------------------------------------------- */

static double class_loss(const grove_validation *v, size_t row) {
    if (v->judged) {
        return grove_row_log_loss(&v->judged[row].of_label, 0);
    }
    const size_t classes = grove_predictor_classes(v->predictor);
    return grove_row_log_loss(v->answers + row * classes, v->labels[row]);
}

static double set_loss(const grove_validation *v, size_t row) {
    const size_t classes = grove_predictor_classes(v->predictor);
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        const size_t at = row * classes + c;
        const double positive = v->positives ? (double)v->positives[c] : 1;
        sum += grove_pair_log_loss(v->answers[at], v->sets[at] != 0, positive);
    }
    return sum / (double)classes;
}

/* As head.c appends it. */
static double number_loss(const grove_validation *v, size_t row) {
    const double off = (double)v->answers[row] - (double)v->scaled[row];
    const double delta = v->classifier->huber_delta;
    switch (v->classifier->number_loss) {
    case GROVE_NUMBER_LOSS_MAE:
        return fabs(off);
    case GROVE_NUMBER_LOSS_HUBER:
        return fabs(off) <= delta ? off * off / 2 : delta * (fabs(off) - delta / 2);
    default:
        return off * off;
    }
}

static double mean_loss(const grove_validation *v) {
    double sum = 0, all = 0;
    for (size_t i = 0; i < v->rows.count; i++) {
        const double count = v->counts ? (double)v->counts[i] : 1;
        sum += count * (v->labels ? class_loss(v, i)
                        : v->sets ? set_loss(v, i)
                                  : number_loss(v, i));
        all += count;
    }
    return sum / all;
}

static grove_status measure_numbers(grove_validation *v, grove_metrics *metrics,
                                    grove_error *error) {
    for (size_t i = 0; i < v->rows.count; i++) {
        v->numbers[i] = in_units(v, v->answers[i]);
    }
    return grove_number_metrics(v->numbers, v->truth, v->weights, v->rows.count,
                                grove_schema_center(v->schema), metrics, error);
}

grove_status grove_validation_run(grove_validation *v, grove_metrics *metrics, double *loss,
                                  grove_error *error) {
    grove_status status =
        v->judged ? grove_predictor_judge(v->predictor, v->rows, v->labels, v->judged, error)
                  : grove_predictor_raw(v->predictor, v->rows, v->answers, error);
    if (status == GROVE_OK && v->judged) {
        grove_judged_metrics(v->judged, v->labels, v->weights, v->rows.count,
                             grove_schema_majority(v->schema), metrics);
    } else if (status == GROVE_OK && v->labels) {
        status = grove_weighted_metrics(
            v->answers, v->labels, v->weights, v->rows.count, grove_predictor_classes(v->predictor),
            grove_schema_majority(v->schema), &v->allocator, metrics, error);
    } else if (status == GROVE_OK && v->sets) {
        status = grove_set_metrics(v->answers, v->sets, v->weights, v->rows.count,
                                   grove_predictor_classes(v->predictor), GROVE_USUAL_THRESHOLD,
                                   v->usual, &v->allocator, metrics, error);
    } else if (status == GROVE_OK) {
        status = measure_numbers(v, metrics, error);
    }
    if (status == GROVE_OK) {
        *loss = v->labels && v->counts == v->weights ? metrics->log_loss : mean_loss(v);
    }
    return status;
}

grove_status grove_fit_validate(const grove_classifier *classifier, const grove_schema *schema,
                                grove_rows valid, const grove_fit_options *options,
                                grove_metrics *metrics, double *loss, grove_error *error) {
    grove_validation v = {0};
    if (!classifier || !schema || !options || !metrics || !loss || valid.count == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "validation needs a classifier, a schema, rows, options, and places for "
                          "its results");
    }
    grove_status status = grove_validation_open(&v, classifier, schema, &valid, options, error);
    if (status == GROVE_OK) {
        status = grove_validation_run(&v, metrics, loss, error);
    }
    grove_validation_close(&v);
    return status;
}
