/* SPDX-License-Identifier: MIT
 *
 * calibrate.c - grove calibrate: a model made as sure as it is right, by a temperature.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "sets.h"
#include "unknown.h"

/* Of the same rows with the model as it was, and as it becomes. */
enum { TOLD = 4 };
typedef struct calibration {
    double temperature;
    const char *names[TOLD];
    double before[TOLD], after[TOLD];
} calibration;

static int fail(const grove_error *error) {
    const bool memory = error->status == GROVE_NO_MEMORY;
    return complain("calibrate", memory ? EXIT_RUN_TIME : EXIT_BAD_MODEL, error->message);
}

/* Probabilities once more, with the model as it is now. */
static grove_status answer_again(const options *o, answers *a, grove_error *error) {
    grove_predictor *predictor = NULL;
    grove_status status = grove_predictor_new(grove_model_graph(a->model), a->schema, 0,
                                              (int)o->threads, &predictor, error);
    if (status == GROVE_OK) {
        status = grove_predictor_run(predictor, (grove_rows){.dataset = a->data, .count = a->rows},
                                     a->probabilities, error);
    }
    grove_predictor_free(predictor);
    return status;
}

static grove_status measure_classes(const answers *a, const unsigned char *truth,
                                    const char **names, double *values, grove_error *error) {
    static const grove_measure told[TOLD] = {GROVE_MEASURE_LOG_LOSS, GROVE_MEASURE_ECE_15,
                                             GROVE_MEASURE_BRIER_SCORE_LOSS,
                                             GROVE_MEASURE_ACCURACY};
    const grove_report_options how = {.resamples = 1};
    grove_report report;
    (void)truth;
    grove_status status = grove_classification_report(
        a->probabilities, grove_dataset_labels(a->data), a->rows, a->classes, &how, &report, error);
    for (int i = 0; i < TOLD && status == GROVE_OK; i++) {
        names[i] = grove_measure_name(told[i]);
        values[i] = report.measures[told[i]].value;
    }
    grove_report_free(&report);
    return status;
}

static grove_status measure_sets(const answers *a, const unsigned char *truth, const char **names,
                                 double *values, grove_error *error) {
    static const grove_set_measure told[TOLD] = {GROVE_SET_LOG_LOSS, GROVE_SET_F1_MICRO,
                                                 GROVE_SET_F1_MACRO, GROVE_SET_ACCURACY};
    const grove_set_report_options how = {.resamples = 1};
    grove_set_report report;
    grove_status status =
        grove_multilabel_report(a->probabilities, truth, a->rows, a->classes, &how, &report, error);
    for (int i = 0; i < TOLD && status == GROVE_OK; i++) {
        names[i] = grove_set_measure_name(told[i]);
        values[i] = report.measures[told[i]].value;
    }
    grove_set_report_free(&report);
    return status;
}

/* truth: of sets, else NULL. */
static grove_status fit_temperature(const answers *a, const unsigned char *truth, calibration *c,
                                    grove_error *error) {
    return truth ? grove_fit_set_temperature(a->probabilities, truth, a->rows, a->classes,
                                             &c->temperature, error)
                 : grove_fit_temperature(a->probabilities, grove_dataset_labels(a->data), a->rows,
                                         a->classes, &c->temperature, error);
}

static int calibrate_by(const options *o, answers *a, const unsigned char *truth, calibration *c) {
    grove_error error = {0};
    grove_status status = fit_temperature(a, truth, c, &error);
    if (status == GROVE_OK) {
        status = (truth ? measure_sets : measure_classes)(a, truth, c->names, c->before, &error);
    }
    if (status == GROVE_OK) {
        status = grove_apply_temperature(grove_model_graph(a->model), c->temperature, &error);
    }
    if (status == GROVE_OK) {
        status = answer_again(o, a, &error);
    }
    if (status == GROVE_OK) {
        status = (truth ? measure_sets : measure_classes)(a, truth, c->names, c->after, &error);
    }
    return status == GROVE_OK ? EXIT_DONE : fail(&error);
}

static int calibrate(const options *o, answers *a, calibration *c) {
    const bool sets = grove_schema_target(a->schema) == GROVE_TARGET_SET;
    unsigned char *truth = sets ? truth_of_sets(a->data, NULL, a->rows, a->classes) : NULL;
    if (sets && !truth) {
        return complain("calibrate", EXIT_RUN_TIME, "out of memory");
    }
    const int code = calibrate_by(o, a, truth, c);
    free(truth);
    return code;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Over all calibrations, for a file may be calibrated again. */
static double temperature_of(const grove_model *model) {
    const char *text = grove_model_metadata(model, "temperature");
    double before = 1;
    const bool good = text && grove_parse_number(text, strlen(text), &before) && before > 0;
    return good ? before : 1;
}

/* The texts of the model, but for those that are grove's own, with the temperature. */
static size_t copy_texts(const grove_model *model, grove_metadata *texts, const char *temperature) {
    size_t count = 0;
    texts[count++] = (grove_metadata){"temperature", temperature};
    for (size_t i = 0; i < grove_model_metadata_count(model); i++) {
        const grove_metadata one = grove_model_metadata_at(model, i);
        if (strcmp(one.key, "schema") != 0 && strcmp(one.key, "producer") != 0 &&
            strcmp(one.key, "temperature") != 0) {
            texts[count++] = one;
        }
    }
    return count;
}

static int save(const options *o, const answers *a, const calibration *c) {
    char text[32];
    grove_error error = {0};
    const int count = grove_model_outputs(a->model);
    grove_tensor *outputs = calloc((size_t)count + 1, sizeof *outputs);
    grove_metadata *texts = calloc(grove_model_metadata_count(a->model) + 1, sizeof *texts);
    if (!texts || !outputs) {
        free(texts);
        free(outputs);
        return complain("calibrate", EXIT_RUN_TIME, "out of memory");
    }
    grove_format_number(text, temperature_of(a->model) * c->temperature);
    for (int i = 0; i < count; i++) {
        outputs[i] = grove_model_output(a->model, i);
    }
    const grove_save_options how = {.schema = a->schema,
                                    .metadata = texts,
                                    .metadata_count = copy_texts(a->model, texts, text)};
    grove_status status = grove_save(o->out, outputs, count, &how, &error);
    free(texts);
    free(outputs);
    return status == GROVE_OK ? EXIT_DONE : complain("calibrate", EXIT_RUN_TIME, error.message);
}

/* ---- the report ------------------------------------------------------------------------------ */

static int report(const options *o, const answers *a, const calibration *c) {
    char rows[40];
    if (o->json) {
        json_t *object = json_pack("{s:i, s:s, s:I, s:o}", "schema", 1, "model", o->out, "rows",
                                   (json_int_t)a->rows, "temperature", json_number(c->temperature));
        for (int i = 0; i < TOLD; i++) {
            json_object_set_new(object, c->names[i],
                                json_pack("{s:o, s:o}", "before", json_number(c->before[i]),
                                          "after", json_number(c->after[i])));
        }
        return print_json("calibrate", object);
    }
    printf("temperature  %.4f, found on %s rows\n\n%-18s %8s %8s\n", c->temperature,
           with_commas(rows, (int64_t)a->rows), "", "before", "after");
    for (int i = 0; i < TOLD; i++) {
        printf("%-18s %8.4f %8.4f\n", c->names[i], c->before[i], c->after[i]);
    }
    printf("\nThese rows chose the temperature; what it is worth, other rows tell.\n"
           "model written to %s\n",
           o->out);
    return EXIT_DONE;
}

static void warn_of_ends(const calibration *c) {
    const bool low = c->temperature < 1.001 * GROVE_LEAST_TEMPERATURE;
    if (low || c->temperature > 0.999 * GROVE_MOST_TEMPERATURE) {
        fprintf(stderr,
                "grove calibrate: warning: the temperature is at the end of what is looked for, "
                "%s\n",
                low ? "for the model is right in nearly every row: are these training rows?"
                    : "for the answers tell next to nothing about these rows");
    }
}

static int run(const options *o, answers *a) {
    calibration c = {0};
    int code = ask("calibrate", o, true, a);
    if (code == EXIT_DONE && a->numbers) {
        code = complain("calibrate", EXIT_BAD_MODEL,
                        "the model predicts numbers: only probabilities of classes have a "
                        "temperature");
    }
    if (code == EXIT_DONE) {
        report_unknown("calibrate", a);
        code = calibrate(o, a, &c);
    }
    if (code == EXIT_DONE) {
        warn_of_ends(&c);
        code = save(o, a, &c);
    }
    if (code == EXIT_DONE) {
        code = report(o, a, &c);
    }
    return code;
}

int run_calibrate(const options *o) {
    grove_model *model;
    int code = check_output("calibrate", o->out);
    if (code == EXIT_DONE) {
        code = read_model("calibrate", o->files[0], &model);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    answers a = {.model = model, .schema = grove_model_schema(model)};
    code = run(o, &a);
    free_answers(&a);
    grove_model_free(model);
    return code;
}
