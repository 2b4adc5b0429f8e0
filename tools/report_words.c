/* SPDX-License-Identifier: MIT
 *
 * report_words.c - a report in words.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum {
    MOST_LINES = 20,     /* classes, and columns, that are told one by one */
    MOST_CONFUSIONS = 5, /* mistakes that are told one by one */
    NAME_WIDTH = 24,     /* of a class or column, in characters */
    BAR_WIDTH = 20
};

/* ---- measures -------------------------------------------------------------------------------- */

/* A name, cut to NAME_WIDTH characters. */
static void print_name(grove_cell cell, int width) {
    char name[4 * NAME_WIDTH + 1];
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

void print_class_name(const grove_schema *schema, size_t class, int width) {
    const size_t label = (size_t)grove_schema_label(schema);
    print_name(grove_schema_value(schema, label, (int32_t) class), width);
}

static void print_class(const full_report *report, size_t class, int width) {
    print_class_name(report->answers->schema, class, width);
}

const char *against(int better, grove_estimate model, double baseline) {
    if (!isfinite(baseline) || !isfinite(model.low)) {
        return "";
    }
    if (model.low <= baseline && baseline <= model.high) {
        return "  no clear difference";
    }
    return (model.value > baseline) == (better > 0) ? "" : "  worse";
}

static void print_measure(const full_report *report, grove_measure measure) {
    const grove_estimate e = report->model.measures[measure];
    const double majority = report->majority.measures[measure].value;
    printf("%-22s %8.4f", grove_measure_name(measure), e.value);
    if (isnan(e.low)) {
        printf("   %-18s", "-");
    } else {
        printf("   %.4f to %-8.4f", e.low, e.high);
    }
    printf(" %8.4f", majority);
    if (has_linear(report)) {
        const double linear = report->linear.measures[measure].value;
        printf("  %8.4f%s\n", linear, against(grove_measure_better(measure), e, linear));
    } else {
        printf("%s\n", against(grove_measure_better(measure), e, majority));
    }
}

static void print_measures(const full_report *report) {
    printf("%-22s %8s   %-18s %8s%s\n", "", "", "95 % interval", "majority",
           has_linear(report) ? "  logistic" : "");
    for (int i = 0; i < GROVE_MEASURES; i++) {
        const bool says_nothing =
            i == GROVE_MEASURE_TOP_K_ACCURACY && report->model.top_k >= report->model.classes;
        if (!isnan(report->model.measures[i].value) && !says_nothing) {
            print_measure(report, (grove_measure)i);
        }
    }
}

static void print_notes(const full_report *report) {
    char resamples[40];
    printf("\nThe lower the better: log_loss, brier_score_loss, ece_15.");
    if (report->model.top_k < report->model.classes) {
        printf(" top_k_accuracy: k = %zu.", report->model.top_k);
    }
    printf("\nMajority: every row gets the shares of the classes in training, so always '");
    print_class(report, (size_t)grove_schema_majority(report->answers->schema), 0);
    printf("'.\n");
    if (has_linear(report)) {
        printf("Logistic: logistic regression on the same columns%s, of the same training.\n",
               grove_schema_bags(report->answers->schema) > 0 ? " but texts and bags" : "");
    }
    printf("Intervals: Wilson's of shares of rows, else by %s resamples of the rows.\n",
           with_commas(resamples, (int64_t)report->model.resamples));
}

/* Of a share from 0 to 1. */
static void print_bar(double share) {
    const int full = share > 0 ? (int)((share < 1 ? share : 1) * BAR_WIDTH + 0.5) : 0;
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

/* ---- what lies behind it --------------------------------------------------------------------- */

static void print_share(size_t rows, grove_estimate share) {
    char text[40];
    printf(" %9s   %.4f (%.4f to %.4f)  ", with_commas(text, (int64_t)rows), share.value, share.low,
           share.high);
    print_bar(share.value);
}

void print_reliability(const grove_reliability_bin bins[GROVE_RELIABILITY_BINS],
                       const char *heading, const char *rows, const char *right) {
    printf("\n%s\n%-16s %9s %9s   %s (95 %% interval)\n", heading, "probability", "mean", rows,
           right);
    for (int b = 0; b < GROVE_RELIABILITY_BINS; b++) {
        const grove_reliability_bin *bin = &bins[b];
        if (bin->rows > 0) {
            printf("%.4f to %.4f %9.4f", (double)b / GROVE_RELIABILITY_BINS,
                   (double)(b + 1) / GROVE_RELIABILITY_BINS, bin->confidence);
            print_share(bin->rows, bin->accuracy);
        }
    }
}

const char *bin_name(int b, const grove_frequency_bin *bin, char text[96]) {
    char least[40], most[40];
    if (b < 2) {
        snprintf(text, 96, "%s", b == 0 ? "unknown" : "missing");
    } else if (bin->most < INT64_MAX) {
        snprintf(text, 96, "%s to %s", with_commas(least, bin->least),
                 with_commas(most, bin->most));
    } else {
        snprintf(text, 96, "%s or more", with_commas(least, bin->least));
    }
    return text;
}

static void print_frequency(const full_report *report) {
    if (grove_schema_categoricals(report->answers->schema) == 0) {
        return;
    }
    printf("\nBy the rarest category of a row: training rows that had it\n%-16s %9s   %s\n",
           "category", "rows", "right (95 % interval)");
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        const grove_frequency_bin *bin = &report->rarest[b];
        char name[96];
        if (bin->rows > 0) {
            printf("%-16s", bin_name(b, bin, name));
            print_share(bin->rows, bin->accuracy);
        }
    }
}

static void print_weighed(const grove_importance *one, const grove_importance *first) {
    const grove_estimate e = isnan(one->accuracy.value) ? one->absolute_error : one->accuracy;
    const bool numbers = isnan(one->accuracy.value);
    const double loss = numbers ? one->squared_error.value : one->log_loss.value;
    const double most = numbers ? first->squared_error.value : first->log_loss.value;
    printf(numbers ? " %10.5g (%.5g to %.5g)   %10.5g  " : " %7.4f (%.4f to %.4f)   %7.4f  ",
           e.value, e.low, e.high, loss);
    print_bar(most > 0 ? loss / most : 0);
}

void print_importance(const grove_schema *schema, const weighed_columns *columns) {
    char rows[40];
    const bool numbers = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    if (columns->rows < 2 || columns->count == 0) {
        return;
    }
    printf("\nWhat is lost when a column's cells are dealt anew (%d times, on %s rows)\n",
           columns->repeats, with_commas(rows, (int64_t)columns->rows));
    printf("%-*s %-28s  %s\n", NAME_WIDTH, "column",
           numbers ? "mean absolute error (95 %)" : "accuracy (95 % interval)",
           numbers ? "mean squared error" : "log loss");
    for (size_t i = 0; i < columns->count && i < MOST_LINES; i++) {
        const grove_importance *one = &columns->list[i];
        const char *name = grove_schema_name(schema, one->column);
        print_name((grove_cell){name, strlen(name)}, NAME_WIDTH);
        print_weighed(one, columns->list);
    }
    if (columns->count > MOST_LINES) {
        printf("(%zu more, less important)\n", columns->count - MOST_LINES);
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
    print_reliability(report->reliability, "How sure it is, and how right (of all rows: ece_15)",
                      "rows", "right");
    print_frequency(report);
    print_importance(report->answers->schema, &report->columns);
    return EXIT_DONE;
}
