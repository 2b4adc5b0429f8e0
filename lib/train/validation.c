/* SPDX-License-Identifier: MIT */
#include "validation.h"

#include "base/error.h"
#include "predictor.h"
#include "tally.h"

enum { BATCH = 512 }; /* rows to validate at a time, at most */

static grove_status make_room(grove_validation *v, const grove_fit_options *options, size_t classes,
                              grove_error *error) {
    const size_t count = v->rows.count;
    const bool weighted = options->valid_weights || options->class_weights;
    v->answers = grove_alloc(&v->allocator, count * classes * sizeof *v->answers);
    v->truth = grove_alloc(&v->allocator, count * sizeof *v->truth);
    if (options->valid_weights) {
        v->weights = grove_alloc(&v->allocator, count * sizeof *v->weights);
    }
    v->counts = v->weights;
    if (options->class_weights) {
        v->counts = grove_alloc(&v->allocator, count * sizeof *v->counts);
    }
    return v->answers && v->truth && (v->weights || !options->valid_weights) &&
                   (v->counts || !weighted)
               ? GROVE_OK
               : grove_fail_memory(error, count * classes * sizeof *v->answers);
}

static grove_status fill(grove_validation *v, const grove_classifier *classifier,
                         const grove_fit_options *options, grove_error *error) {
    const int32_t *labels = grove_dataset_labels(v->rows.dataset);
    grove_weighing in_loss =
        grove_weighing_of(classifier, options, v->rows.dataset, options->valid_weights);
    grove_weighing in_measures = in_loss;
    in_measures.classes = NULL;
    grove_status status = grove_weighing_open(&in_loss, &v->rows, error);
    if (status == GROVE_OK) {
        status = grove_weighing_open(&in_measures, &v->rows, error);
    }
    for (size_t i = 0; i < v->rows.count && status == GROVE_OK; i++) {
        const size_t row = grove_row_at(&v->rows, i);
        v->truth[i] = labels[row];
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
                            .rows = *rows,
                            .majority = grove_schema_majority(schema)};
    if (rows->count == 0) {
        return GROVE_OK;
    }
    /* A batch costs the same when it is not full, so all are of like size. */
    const size_t runs = (rows->count + BATCH - 1) / BATCH;
    const size_t batch = (rows->count + runs - 1) / runs;
    grove_status status = grove_predictor_new(classifier->graph, schema, (int64_t)batch,
                                              options->threads, &v->predictor, error);
    if (status == GROVE_OK) {
        status = make_room(v, options, grove_predictor_classes(v->predictor), error);
    }
    return status == GROVE_OK ? fill(v, classifier, options, error) : status;
}

void grove_validation_close(grove_validation *v) {
    if (!v->allocator.resize) {
        return;
    }
    grove_predictor_free(v->predictor);
    grove_release(&v->allocator, v->answers);
    grove_release(&v->allocator, v->truth);
    grove_release(&v->allocator, v->counts == v->weights ? NULL : v->counts);
    grove_release(&v->allocator, v->weights);
}

static double loss_of(const grove_validation *v, size_t classes) {
    double sum = 0, all = 0;
    for (size_t i = 0; i < v->rows.count; i++) {
        const double count = (double)v->counts[i];
        sum += count * grove_row_log_loss(v->answers + i * classes, v->truth[i]);
        all += count;
    }
    return sum / all;
}

grove_status grove_validation_run(grove_validation *v, grove_metrics *metrics, double *loss,
                                  grove_error *error) {
    const size_t classes = grove_predictor_classes(v->predictor);
    grove_status status = grove_predictor_run(v->predictor, v->rows, v->answers, error);
    if (status == GROVE_OK) {
        status = grove_weighted_metrics(v->answers, v->truth, v->weights, v->rows.count, classes,
                                        v->majority, &v->allocator, metrics, error);
    }
    if (status == GROVE_OK) {
        *loss = v->counts == v->weights ? metrics->log_loss : loss_of(v, classes);
    }
    return status;
}
