/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_LINES = 20,     /* classes that are told one by one */
    MOST_CONFUSIONS = 5, /* mistakes that are told one by one */
    MOST_MATRIX = 100,   /* classes of a confusion matrix in JSON */
    TOP_K = 2,           /* of few classes */
    FEW_CLASSES = 10,    /* above them the top 5 count */
    NAME_WIDTH = 24,     /* of a class, in characters */
    BAR_WIDTH = 20
};

/* ---- making it ------------------------------------------------------------------------------- */

/* [rows, classes], the same in each row. */
static float *baseline_of(const answers *a) {
    const size_t label = (size_t)grove_schema_label(a->schema);
    float *p = calloc(a->rows + 1, a->classes * sizeof *p);
    double all = 0;
    for (size_t c = 0; c < a->classes; c++) {
        all += (double)grove_schema_count(a->schema, label, (int32_t)c);
    }
    for (size_t i = 0; p && i < a->rows; i++) {
        for (size_t c = 0; c < a->classes; c++) {
            const double count = (double)grove_schema_count(a->schema, label, (int32_t)c);
            p[i * a->classes + c] = (float)(all > 0 ? count / all : 1 / (double)a->classes);
        }
    }
    return p;
}

int make_report(const char *command, const options *o, const answers *a, full_report *report) {
    grove_error error = {0};
    const grove_id *labels = grove_dataset_labels(a->data);
    const size_t top_k = a->classes > FEW_CLASSES ? 5 : TOP_K;
    *report = (full_report){.answers = a};
    float *baseline = baseline_of(a);
    if (!baseline) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    grove_status status = grove_classification_report(
        a->probabilities, labels, a->rows, a->classes,
        &(grove_report_options){
            .top_k = top_k, .resamples = o->full ? 0 : 1, .threads = (int)o->threads},
        &report->model, &error);
    if (status == GROVE_OK) { /* of which no intervals are told */
        status = grove_classification_report(
            baseline, labels, a->rows, a->classes,
            &(grove_report_options){.top_k = top_k, .resamples = 1}, &report->baseline, &error);
    }
    free(baseline);
    if (status != GROVE_OK) { /* labels were looked at when they were encoded */
        return complain(command, status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL,
                        error.message);
    }
    return EXIT_DONE;
}

void free_report(full_report *report) {
    grove_report_free(&report->model);
    grove_report_free(&report->baseline);
}

/* ---- in words -------------------------------------------------------------------------------- */

/* A class's name, cut to NAME_WIDTH characters. */
static void print_class(const full_report *report, size_t class, int width) {
    char name[4 * NAME_WIDTH + 1];
    const grove_schema *schema = report->answers->schema;
    grove_cell cell =
        grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t) class);
    size_t used = 0;
    int characters = 0;
    for (; used < cell.length && used + 1 < sizeof name; used++) {
        characters += ((unsigned char)cell.bytes[used] & 0xC0) != 0x80;
        if (characters > NAME_WIDTH) {
            break;
        }
        name[used] = cell.bytes[used] ? cell.bytes[used] : '?';
    }
    name[used] = '\0';
    print_padded(name, width);
}

/* Does the baseline lie outside of the interval? */
static const char *against(grove_measure measure, grove_estimate model, double baseline) {
    const int better = grove_measure_better(measure);
    if (!isfinite(baseline) || !isfinite(model.low)) {
        return "";
    }
    if (model.low <= baseline && baseline <= model.high) {
        return "  no clear difference";
    }
    return (model.value > baseline) == (better > 0) ? "" : "  worse";
}

static void print_measures(const full_report *report) {
    printf("%-22s %8s   %-18s %8s\n", "", "", "95 % interval", "baseline");
    for (int i = 0; i < GROVE_MEASURES; i++) {
        const grove_measure measure = (grove_measure)i;
        const grove_estimate e = report->model.measures[i];
        const double baseline = report->baseline.measures[i].value;
        const bool says_nothing =
            i == GROVE_MEASURE_TOP_K_ACCURACY && report->model.top_k >= report->model.classes;
        if (isnan(e.value) || says_nothing) {
            continue;
        }
        printf("%-22s %8.4f", grove_measure_name(measure), e.value);
        if (isnan(e.low)) {
            printf("   %-18s", "-");
        } else {
            printf("   %.4f to %-8.4f", e.low, e.high);
        }
        printf(" %8.4f%s\n", baseline, against(measure, e, baseline));
    }
}

static void print_notes(const full_report *report) {
    char resamples[40];
    printf("\nThe lower the better: log_loss, brier_score_loss, ece_15.");
    if (report->model.top_k < report->model.classes) {
        printf(" top_k_accuracy: k = %zu.", report->model.top_k);
    }
    printf("\nBaseline: every row gets the shares of the classes in training, so always '");
    print_class(report, (size_t)grove_schema_majority(report->answers->schema), 0);
    printf("'.\nIntervals: Wilson's of shares of rows, else by %s resamples of the rows.\n",
           with_commas(resamples, (int64_t)report->model.resamples));
}

static void print_bar(double share) {
    const int full = (int)(share * BAR_WIDTH + 0.5);
    for (int i = 0; i < full; i++) {
        putchar('#');
    }
    putchar('\n');
}

static void print_line(const grove_class_report *c) {
    char support[40], predicted[40];
    printf(" %9s %9s   %.4f    %.4f (%.4f to %.4f)   %.4f  ",
           with_commas(support, (int64_t)c->support), with_commas(predicted, (int64_t)c->predicted),
           c->precision.value, c->recall.value, c->recall.low, c->recall.high, c->f1);
    print_bar(c->f1);
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

static ordered_class *in_order(const grove_report *model) {
    ordered_class *order = calloc(model->classes, sizeof *order);
    for (size_t c = 0; order && c < model->classes; c++) {
        order[c] = (ordered_class){model->by_class[c].support, c};
    }
    if (order) {
        qsort(order, model->classes, sizeof *order, by_support);
    }
    return order;
}

/* Those from the first on, as one. */
static void print_rest(const grove_report *model, const ordered_class *order, size_t first) {
    grove_class_report rest = {0};
    char name[NAME_WIDTH + 24];
    for (size_t i = first; i < model->classes; i++) {
        rest.support += model->by_class[order[i].class].support;
        rest.predicted += model->by_class[order[i].class].predicted;
        rest.right += model->by_class[order[i].class].right;
    }
    const size_t all = rest.support + rest.predicted;
    rest.recall = grove_wilson(rest.right, rest.support);
    rest.recall.value = rest.support ? rest.recall.value : 0;
    rest.precision.value = rest.predicted ? (double)rest.right / (double)rest.predicted : 0;
    rest.f1 = all ? 2 * (double)rest.right / (double)all : 0;
    snprintf(name, sizeof name, "(%zu more, summed)", model->classes - first);
    print_padded(name, NAME_WIDTH);
    print_line(&rest);
}

/* False when memory is short. */
static bool print_classes(const full_report *report) {
    const grove_report *model = &report->model;
    ordered_class *order = in_order(model);
    if (!order) {
        return false;
    }
    printf("\n%-*s %9s %9s   %-9s %-29s %s\n", NAME_WIDTH, "class", "rows", "answers", "precision",
           "recall (95 % interval)", "f1");
    const size_t lines = model->classes > MOST_LINES ? MOST_LINES : model->classes;
    for (size_t i = 0; i < lines; i++) {
        print_class(report, order[i].class, NAME_WIDTH);
        print_line(&model->by_class[order[i].class]);
    }
    if (model->classes > lines) {
        print_rest(model, order, lines);
    }
    free(order);
    return true;
}

/* The pairs of label and answer that stand for most mistakes. */
static void print_mistakes(const full_report *report) {
    const grove_report *model = &report->model;
    size_t before = SIZE_MAX, cell_before = 0, cells = model->classes * model->classes;
    for (int told = 0; model->confusion && told < MOST_CONFUSIONS; told++) {
        char times[40];
        size_t best = 0, cell = 0;
        for (size_t i = 0; i < cells; i++) {
            const size_t count = model->confusion[i];
            const bool later = count < before || (count == before && i > cell_before);
            if (i / model->classes != i % model->classes && later && count > best) {
                best = count;
                cell = i;
            }
        }
        if (best == 0) {
            return;
        }
        fputs(told ? "" : "\nMost frequent mistakes\n", stdout);
        printf("%9s times '", with_commas(times, (int64_t)best));
        print_class(report, cell / model->classes, 0);
        printf("' was taken for '");
        print_class(report, cell % model->classes, 0);
        printf("'\n");
        before = best;
        cell_before = cell;
    }
}

int print_report(const char *command, const full_report *report) {
    char rows[40];
    printf("rows    %s\nclasses %zu\n\n", with_commas(rows, (int64_t)report->model.rows),
           report->model.classes);
    print_measures(report);
    print_notes(report);
    if (!print_classes(report)) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    print_mistakes(report);
    return EXIT_DONE;
}

/* ---- in JSON --------------------------------------------------------------------------------- */

static json_t *json_estimate(grove_estimate e) {
    return json_pack("{s:o, s:o, s:o}", "value", json_number(e.value), "low", json_number(e.low),
                     "high", json_number(e.high));
}

static json_t *json_classes(const full_report *report) {
    const grove_schema *schema = report->answers->schema;
    json_t *classes = json_array();
    for (size_t c = 0; c < report->model.classes; c++) {
        const grove_class_report *own = &report->model.by_class[c];
        grove_cell name =
            grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t)c);
        json_array_append_new(classes,
                              json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "class",
                                        json_text(name.bytes, name.length), "support",
                                        (json_int_t)own->support, "predicted",
                                        (json_int_t)own->predicted, "right", (json_int_t)own->right,
                                        "precision", json_estimate(own->precision), "recall",
                                        json_estimate(own->recall), "f1", json_number(own->f1)));
    }
    return classes;
}

/* [label][answer]; null where it would be more than a reader wants. */
static json_t *json_confusion(const grove_report *model) {
    if (!model->confusion || model->classes > MOST_MATRIX) {
        return json_null();
    }
    json_t *matrix = json_array();
    for (size_t label = 0; label < model->classes; label++) {
        json_t *row = json_array();
        for (size_t answer = 0; answer < model->classes; answer++) {
            const size_t count = model->confusion[label * model->classes + answer];
            json_array_append_new(row, json_integer((json_int_t)count));
        }
        json_array_append_new(matrix, row);
    }
    return matrix;
}

void json_add_report(json_t *object, const full_report *report) {
    json_t *measures = json_object();
    for (int i = 0; i < GROVE_MEASURES; i++) {
        json_t *measure = json_estimate(report->model.measures[i]);
        json_object_set_new(measure, "baseline", json_number(report->baseline.measures[i].value));
        json_object_set_new(measures, grove_measure_name((grove_measure)i), measure);
    }
    json_object_set_new(object, "metrics", measures);
    json_object_set_new(object, "top_k", json_integer((json_int_t)report->model.top_k));
    json_object_set_new(object, "resamples", json_integer((json_int_t)report->model.resamples));
    json_object_set_new(object, "confidence", json_number(0.95));
    json_object_set_new(object, "classes", json_classes(report));
    json_object_set_new(object, "confusion", json_confusion(&report->model));
}
