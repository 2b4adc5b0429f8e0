/* SPDX-License-Identifier: MIT */
#include "linear.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"
#include "softmax.h"

/* Each value of each column would have a number for each class. */
static bool has_many_classes(const job *j) {
    const int64_t classes = grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema));
    return j->target == GROVE_TARGET_CLASS && classes >= MANY_CLASSES;
}

int fit_linear(job *j) {
    const grove_logistic_options options = {.seed = (uint64_t)j->o->seed,
                                            .threads = (int)j->o->threads};
    const bool any = grove_schema_categoricals(j->schema) + grove_schema_features(j->schema) > 0;
    if (strcmp(j->o->baseline, "none") == 0 || !any || has_many_classes(j)) {
        return EXIT_DONE;
    }
    grove_status status =
        grove_logistic_fit(j->schema, j->train, j->valid, &options, &j->linear, &j->error);
    return status == GROVE_OK ? EXIT_DONE
                              : complain(j->command, code_of_data(status), j->error.message);
}

/* ---- how good it is -------------------------------------------------------------------------- */

static grove_status measure_classes(const job *j, const float *p, grove_metrics *m,
                                    grove_error *error) {
    const grove_rows *valid = &j->valid;
    const int32_t *all = grove_dataset_labels(valid->dataset);
    grove_id *labels = calloc(valid->count, sizeof *labels);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t i = 0; labels && i < valid->count; i++) {
        labels[i] = all[valid->rows ? valid->rows[i] : i];
    }
    if (labels) {
        status = grove_classification_metrics(p, labels, valid->count, j->linear.classes,
                                              grove_schema_majority(j->schema), NULL, m, error);
    }
    free(labels);
    return status;
}

static grove_status measure_sets(const job *j, const float *p, grove_metrics *m,
                                 grove_error *error) {
    const size_t count = j->valid.count, classes = j->linear.classes;
    unsigned char *truth = truth_of_sets(j->valid.dataset, j->valid.rows, count, classes);
    unsigned char *usual = usual_set(j->schema, classes);
    grove_status status = GROVE_NO_MEMORY;
    if (truth && usual) {
        status = grove_set_metrics(p, truth, NULL, count, classes, 0.5, usual, NULL, m, error);
    }
    free(truth);
    free(usual);
    return status;
}

/* Both are scaled in the dataset. */
static grove_status measure_numbers(const job *j, const float *scaled, grove_metrics *m,
                                    grove_error *error) {
    const size_t count = j->valid.count, label = (size_t)grove_schema_label(j->schema);
    const float *all = grove_dataset_targets(j->valid.dataset);
    const double mean = grove_schema_mean(j->schema, label);
    const double deviation = grove_schema_deviation(j->schema, label);
    double *said = calloc(2 * count, sizeof *said);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t i = 0; said && i < count; i++) {
        said[i] = mean + deviation * (double)scaled[i];
        said[count + i] = mean + deviation * (double)all[j->valid.rows ? j->valid.rows[i] : i];
    }
    if (said) {
        status = grove_number_metrics(said, said + count, NULL, count,
                                      grove_schema_center(j->schema), m, error);
    }
    free(said);
    return status;
}

bool linear_on_valid(job *j, grove_metrics *metrics) {
    grove_status (*const measure[])(const job *, const float *, grove_metrics *,
                                    grove_error *) = {[GROVE_TARGET_CLASS] = measure_classes,
                                                      [GROVE_TARGET_NUMBER] = measure_numbers,
                                                      [GROVE_TARGET_SET] = measure_sets};
    grove_error error = {0};
    if (!j->linear.weights || j->valid.count == 0 || j->weights.rows) {
        return false;
    }
    float *p = calloc(j->valid.count, j->linear.classes * sizeof *p);
    bool good = p && grove_logistic_run(&j->linear, j->valid, p, &error) == GROVE_OK &&
                measure[j->target](j, p, metrics, &error) == GROVE_OK;
    free(p);
    return good;
}

void print_linear(const grove_metrics *m) {
    if (m->target == GROVE_TARGET_NUMBER) {
        printf("  linear regression on the same columns: r2 %.4f, mean absolute error %.6g\n",
               m->r2, m->mean_absolute_error);
    } else {
        printf("  logistic regression on the same columns: accuracy %.4f, log loss %.4f\n",
               m->accuracy, m->log_loss);
    }
}

/* ---- as it is kept --------------------------------------------------------------------------- */

char *linear_text(const grove_logistic *l) {
    json_t *kept = json_array(), *weights = json_array();
    for (size_t i = 0; i < l->categoricals; i++) {
        json_array_append_new(kept, json_integer((json_int_t)l->kept[i]));
    }
    for (size_t i = 0; i < l->inputs * l->classes; i++) {
        json_array_append_new(weights, json_number((double)l->weights[i]));
    }
    return json_write(
        json_pack("{s:s, s:o, s:o}", "kind",
                  l->target == GROVE_TARGET_NUMBER ? "linear regression" : "logistic regression",
                  "kept", kept, "weights", weights),
        JSON_COMPACT);
}

static bool read_weights(const json_t *weights, const grove_logistic *l) {
    size_t i;
    json_t *number;
    json_array_foreach(weights, i, number) {
        if (!json_is_number(number) || !(fabs(json_number_value(number)) <= (double)FLT_MAX)) {
            return false;
        }
        l->weights[i] = (float)json_number_value(number);
    }
    return true;
}

/* A file is not trusted: everything must be there, and as many. */
static void read_object(const json_t *object, const grove_schema *schema, grove_logistic *l) {
    const json_t *list = json_object_get(object, "kept");
    const json_t *weights = json_object_get(object, "weights");
    const size_t columns = grove_schema_categoricals(schema);
    size_t *kept = calloc(columns + 1, sizeof *kept);
    grove_error error = {0};
    bool good = kept && json_array_size(list) == columns;
    for (size_t i = 0; good && i < columns; i++) {
        const json_int_t number = json_integer_value(json_array_get(list, i));
        kept[i] = number > 0 ? (size_t)number : 0;
    }
    good = good && grove_logistic_new(schema, kept, NULL, l, &error) == GROVE_OK;
    free(kept);
    if (good && (json_array_size(weights) != l->inputs * l->classes || !read_weights(weights, l))) {
        grove_logistic_free(l);
    }
}

void read_linear(const grove_model *model, grove_logistic *linear) {
    const char *text = grove_model_metadata(model, "baseline");
    const grove_schema *schema = grove_model_schema(model);
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    *linear = (grove_logistic){0};
    if (object && schema && grove_schema_label(schema) >= 0) {
        read_object(object, schema, linear);
    }
    json_decref(object);
}
