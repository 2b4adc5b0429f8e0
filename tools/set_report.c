/* SPDX-License-Identifier: MIT */
#include "set_report.h"

#include <math.h>
#include <stdlib.h>

#include "linear.h"
#include "sets.h"

enum { MOST_LINES = 20, NAME_WIDTH = 24 };

/* ---- measures -------------------------------------------------------------------------------- */

static grove_status measure(const answers *a, const options *o, const float *probabilities,
                            const unsigned char *truth, const unsigned char *always, bool intervals,
                            grove_set_report *report, grove_error *error) {
    const grove_set_report_options how = {.threshold = threshold_of(o),
                                          .always = always,
                                          .resamples = intervals ? 0 : 1,
                                          .threads = (int)o->threads};
    return grove_multilabel_report(probabilities, truth, a->rows, a->classes, &how, report, error);
}

static void fill_priors(const answers *a, float *p) {
    for (size_t i = 0; i < a->rows; i++) {
        for (size_t c = 0; c < a->classes; c++) {
            p[i * a->classes + c] = (float)grove_schema_prior(a->schema, (int32_t)c);
        }
    }
}

static grove_status measure_linear(const answers *a, const options *o, float *p,
                                   const unsigned char *truth, grove_set_report *report,
                                   grove_error *error) {
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    grove_status status = GROVE_OK;
    grove_logistic linear;
    read_linear(a->model, &linear);
    if (linear.weights) {
        status = grove_logistic_run(&linear, rows, p, error);
        status = status ? status : measure(a, o, p, truth, NULL, false, report, error);
    }
    grove_logistic_free(&linear);
    return status;
}

static grove_status measure_all(const answers *a, const options *o, bool whole,
                                const unsigned char *truth, full_sets *report, grove_error *error) {
    unsigned char *usual = usual_set(a->schema, a->classes);
    float *p = calloc(a->rows + 1, a->classes * sizeof *p);
    grove_status status = usual && p ? GROVE_OK : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = measure(a, o, a->probabilities, truth, NULL, whole, &report->model, error);
    }
    if (status == GROVE_OK && whole) {
        fill_priors(a, p);
        status = measure(a, o, p, truth, usual, false, &report->majority, error);
    }
    if (status == GROVE_OK && whole) {
        status = measure_linear(a, o, p, truth, &report->linear, error);
    }
    free(usual);
    free(p);
    return status;
}

/* As in grove/explain.h, but of each probability, not the highest of a row. */
static void bin_pairs(const answers *a, const unsigned char *truth, grove_reliability_bin *bins) {
    const int most = GROVE_RELIABILITY_BINS;
    double sums[GROVE_RELIABILITY_BINS] = {0};
    for (size_t i = 0; i < a->rows * a->classes; i++) {
        const double p = (double)a->probabilities[i];
        const int bin = (int)ceil(p * most) - 1, own = bin < 0 ? 0 : bin < most ? bin : most - 1;
        sums[own] += p;
        bins[own].rows++;
        bins[own].right += truth[i];
    }
    for (int b = 0; b < most; b++) {
        bins[b].confidence = bins[b].rows ? sums[b] / (double)bins[b].rows : (double)NAN;
        bins[b].accuracy = grove_wilson(bins[b].right, bins[b].rows);
    }
}

int make_set_report(const char *command, const options *o, bool whole, const answers *a,
                    full_sets *report) {
    grove_error error = {.message = "out of memory"};
    *report = (full_sets){.answers = a};
    unsigned char *truth = truth_of_sets(a->data, NULL, a->rows, a->classes);
    grove_status status = truth ? measure_all(a, o, whole, truth, report, &error) : GROVE_NO_MEMORY;
    if (status == GROVE_OK && whole) {
        bin_pairs(a, truth, report->reliability);
    }
    free(truth);
    if (status == GROVE_OK && whole) {
        status = weigh_columns(a, o, &report->columns, &error);
    }
    return status == GROVE_OK          ? EXIT_DONE
           : status == GROVE_NO_MEMORY ? complain(command, EXIT_RUN_TIME, "out of memory")
                                       : complain(command, EXIT_BAD_MODEL, error.message);
}

void free_set_report(full_sets *report) {
    grove_set_report_free(&report->model);
    grove_set_report_free(&report->majority);
    grove_set_report_free(&report->linear);
    free(report->columns.list);
}

static bool has_one(const full_sets *report) {
    return report->linear.by_class != NULL;
}

/* ---- in words -------------------------------------------------------------------------------- */

static void print_measure(const full_sets *report, grove_set_measure measure) {
    const grove_estimate e = report->model.measures[measure];
    const double majority = report->majority.measures[measure].value;
    const double linear = report->linear.measures[measure].value;
    printf("%-32s %8.4f", grove_set_measure_name(measure), e.value);
    if (isnan(e.low)) {
        printf("   %-18s", "-");
    } else {
        printf("   %.4f to %-8.4f", e.low, e.high);
    }
    printf(" %8.4f", majority);
    if (has_one(report)) {
        printf("  %8.4f", linear);
    }
    printf("%s\n",
           against(grove_set_measure_better(measure), e, has_one(report) ? linear : majority));
}

static int print_notes(const char *command, const full_sets *report) {
    char resamples[40];
    unsigned char *flags = usual_set(report->answers->schema, report->model.classes);
    char *usual = flags ? set_text(report->answers->schema, flags, report->model.classes) : NULL;
    free(flags);
    if (!usual) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    printf(
        "\nThe lower the better: hamming_loss, coverage_error, log_loss. Answered are classes of "
        "a\nprobability of %.4g or more. accuracy: of whole sets. 0/0 is 0, also of a row of no "
        "class\nthat is answered with none.\nMajority: each class has the share of training rows "
        "that have it, and the answer is always\n%s",
        report->model.threshold, *usual ? "'" : "none of them");
    print_plain(stdout, usual);
    printf("%s, the most frequent set.\n", *usual ? "'" : "");
    free(usual);
    if (has_one(report)) {
        printf("Logistic: logistic regression of each class against the rest, on the same "
               "columns%s.\n",
               grove_schema_bags(report->answers->schema) > 0 ? " but texts and bags" : "");
    }
    printf("Intervals: Wilson's of accuracy, else by %s resamples of the rows.\n",
           with_commas(resamples, (int64_t)report->model.resamples));
    return EXIT_DONE;
}

/* Classes in the order of their rows, the most first. */
typedef struct ordered_class {
    size_t support, class;
} ordered_class;

static int by_support(const void *a, const void *b) {
    const ordered_class *x = a, *y = b;
    if (x->support != y->support) {
        return x->support > y->support ? -1 : 1;
    }
    return (x->class > y->class) - (x->class < y->class);
}

static void print_or_dash(double value) {
    if (isnan(value)) {
        printf("  %8s", "-");
    } else {
        printf("  %8.4f", value);
    }
}

static void print_class(const full_sets *report, size_t class) {
    const grove_set_class *c = &report->model.by_class[class];
    const grove_class_report *own = &c->counts;
    char support[40], predicted[40];
    print_class_name(report->answers->schema, class, NAME_WIDTH);
    printf(" %8s %8s  %9.4f  %.4f (%.4f to %.4f)  %.4f",
           with_commas(support, (int64_t)own->support),
           with_commas(predicted, (int64_t)own->predicted), own->precision.value, own->recall.value,
           own->recall.low, own->recall.high, own->f1);
    print_or_dash(c->roc_auc);
    print_or_dash(c->average_precision);
    printf("\n");
}

static int print_classes(const char *command, const full_sets *report) {
    const grove_set_report *model = &report->model;
    ordered_class *order = calloc(model->classes, sizeof *order);
    if (!order) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t c = 0; c < model->classes; c++) {
        order[c] = (ordered_class){model->by_class[c].counts.support, c};
    }
    qsort(order, model->classes, sizeof *order, by_support);
    printf("\n%-*s %8s %8s  %9s  %-25s  %-6s  %8s  %8s\n", NAME_WIDTH, "class", "rows", "answers",
           "precision", "recall (95 % interval)", "f1", "roc_auc", "avg_prec");
    for (size_t i = 0; i < model->classes && i < MOST_LINES; i++) {
        print_class(report, order[i].class);
    }
    if (model->classes > MOST_LINES) {
        printf("(%zu more, of fewer rows)\n", model->classes - MOST_LINES);
    }
    free(order);
    return EXIT_DONE;
}

int print_set_report(const char *command, const full_sets *report) {
    char rows[40];
    printf("rows    %s\nclasses %zu\n\n%-32s %8s   %-18s %8s%s\n",
           with_commas(rows, (int64_t)report->model.rows), report->model.classes, "", "",
           "95 % interval", "majority", has_one(report) ? "  logistic" : "");
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        if (!isnan(report->model.measures[i].value)) {
            print_measure(report, (grove_set_measure)i);
        }
    }
    int code = print_notes(command, report);
    code = code == EXIT_DONE ? print_classes(command, report) : code;
    if (code == EXIT_DONE) {
        print_reliability(report->reliability,
                          "How sure it is, and how often the row has the class (of all rows and "
                          "classes)",
                          "pairs", "has it");
        print_importance(report->answers->schema, &report->columns);
    }
    return code;
}

/* ---- in JSON --------------------------------------------------------------------------------- */

static json_t *json_classes(const full_sets *report) {
    const grove_schema *schema = report->answers->schema;
    const size_t label = (size_t)grove_schema_label(schema);
    json_t *classes = json_array();
    for (size_t c = 0; c < report->model.classes; c++) {
        const grove_set_class *one = &report->model.by_class[c];
        json_t *object = json_class(grove_schema_value(schema, label, (int32_t)c), &one->counts);
        json_object_set_new(object, "roc_auc", json_number(one->roc_auc));
        json_object_set_new(object, "average_precision", json_number(one->average_precision));
        json_array_append_new(classes, object);
    }
    return classes;
}

void json_add_set_report(json_t *object, const full_sets *report) {
    json_t *metrics = json_object();
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        json_t *one = json_estimate(report->model.measures[i]);
        json_object_set_new(one, "baseline", json_number(report->majority.measures[i].value));
        json_object_set_new(one, "logistic",
                            has_one(report) ? json_number(report->linear.measures[i].value)
                                            : json_null());
        json_object_set_new(metrics, grove_set_measure_name((grove_set_measure)i), one);
    }
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "threshold", json_number(report->model.threshold));
    json_object_set_new(object, "resamples", json_integer((json_int_t)report->model.resamples));
    json_object_set_new(object, "confidence", json_number(0.95));
    json_object_set_new(object, "classes", json_classes(report));
    json_object_set_new(object, "reliability", json_reliability(report->reliability));
    json_object_set_new(object, "importance",
                        json_importance(report->answers->schema, &report->columns));
}
