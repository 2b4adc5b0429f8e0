/* SPDX-License-Identifier: MIT */
#include "cv.h"

#include <math.h>

/* ---- means and intervals --------------------------------------------------------------------- */

/* P(|t| < tan(angle) sqrt(n)) for Student's t of n degrees: a finite sum in cos(angle), of even
 * powers for even n and of odd ones for odd n (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4). */
static double student_share(double angle, size_t n) {
    const double pi = 3.14159265358979323846, c = cos(angle), s = sin(angle);
    const size_t first = n % 2;
    double term = first ? c : 1, sum = n > 1 ? term : 0;
    for (size_t k = first + 2; k + 2 <= n; k += 2) {
        term *= c * c * (double)(k - 1) / (double)k;
        sum += term;
    }
    return first ? 2 / pi * (angle + s * sum) : s * sum;
}

/* What |t| is below with 95 % probability. */
static double student_95(size_t n) {
    double low = 0, high = acos(0.0);
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(student_share(middle, n) < 0.95 ? &low : &high) = middle;
    }
    return tan(low) * sqrt((double)n);
}

/* Training rows of the rounds overlap, so results vary together and their variance over rounds is
 * too small for that of the mean. Nadeau & Bengio ("Inference for the generalization error", 2003)
 * put 1/J + tested/trained in place of 1/J for J rounds; Bouckaert & Frank (2004) found that it
 * also serves repeated folds. */
cv_estimate estimate_rounds(const cv_result *r, int measure) {
    cv_estimate e = {.mean = 0, .deviation = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    double squares = 0, ratio = 0;
    const double count = (double)r->count;
    for (size_t i = 0; i < r->count; i++) {
        const cv_round *one = &r->rounds[i];
        e.mean += one->measures[measure] / count;
        ratio += (double)one->test / (double)(one->train + one->valid) / count;
    }
    for (size_t i = 0; i < r->count; i++) {
        double off = r->rounds[i].measures[measure] - e.mean;
        squares += off * off;
    }
    if (r->count > 1) {
        e.deviation = sqrt(squares / (count - 1));
        double half = student_95(r->count - 1) * sqrt(1 / count + ratio) * e.deviation;
        e.low = e.mean - half;
        e.high = e.mean + half;
    }
    return e;
}

static double mean_baseline(const cv_result *r) {
    double mean = 0;
    for (size_t i = 0; i < r->count; i++) {
        mean += r->rounds[i].baseline / (double)r->count;
    }
    return mean;
}

/* ---- in words -------------------------------------------------------------------------------- */

static const char *const number_measures[] = {"r2", "mean_squared_error", "mean_absolute_error",
                                              "baseline_mean_squared_error",
                                              "baseline_mean_absolute_error"};
enum { NUMBER_MEASURES = sizeof number_measures / sizeof *number_measures };

static bool has_numbers(const cv_result *r) {
    return r->target == GROVE_TARGET_NUMBER;
}

int cv_measures(const cv_result *r) {
    return r->target == GROVE_TARGET_NUMBER ? NUMBER_MEASURES
           : r->target == GROVE_TARGET_SET  ? GROVE_SET_MEASURES
                                            : GROVE_MEASURES;
}

const char *cv_measure_name(const cv_result *r, int measure) {
    return r->target == GROVE_TARGET_NUMBER ? number_measures[measure]
           : r->target == GROVE_TARGET_SET  ? grove_set_measure_name((grove_set_measure)measure)
                                            : grove_measure_name((grove_measure)measure);
}

/* What a line of a round tells. */
static int column_of(const cv_result *r, int column) {
    static const int of_classes[] = {GROVE_MEASURE_ACCURACY, GROVE_MEASURE_BALANCED_ACCURACY,
                                     GROVE_MEASURE_ROC_AUC_OVR, GROVE_MEASURE_LOG_LOSS};
    static const int of_sets[] = {GROVE_SET_ACCURACY, GROVE_SET_F1_MICRO, GROVE_SET_F1_MACRO,
                                  GROVE_SET_LOG_LOSS};
    return r->target == GROVE_TARGET_NUMBER ? column
           : r->target == GROVE_TARGET_SET  ? of_sets[column]
                                            : of_classes[column];
}

static int columns_of(const cv_result *r) {
    return has_numbers(r) ? 3 : 4;
}

void print_cv_header(const cv_result *r) {
    printf("\n%s%5s %9s %7s", r->o->repeats > 1 ? "repeat " : "", "fold", "tested", "epochs");
    for (int c = 0; c < columns_of(r); c++) {
        printf("  %19s", cv_measure_name(r, column_of(r, c)));
    }
    printf("\n");
}

void print_cv_round(const cv_result *r, size_t round) {
    const cv_round *one = &r->rounds[round];
    const size_t folds = (size_t)r->o->folds;
    char rows[40];
    if (r->o->repeats > 1) {
        printf("%6zu ", round / folds + 1);
    }
    printf("%5zu %9s %7d", round % folds + 1, with_commas(rows, (int64_t)one->test), one->epochs);
    for (int c = 0; c < columns_of(r); c++) {
        printf(has_numbers(r) && c > 0 ? "  %19.6g" : "  %19.4f", one->measures[column_of(r, c)]);
    }
    printf("\n");
    fflush(stdout);
}

/* roc_auc_ovr is roc_auc where that is defined; top-k says nothing for two classes. */
static bool is_told(const cv_result *r, int measure) {
    if (r->target != GROVE_TARGET_CLASS) {
        return isfinite(estimate_rounds(r, measure).mean);
    }
    bool twice = measure == GROVE_MEASURE_ROC_AUC_OVR && r->classes == 2;
    bool empty = measure == GROVE_MEASURE_TOP_K_ACCURACY && r->classes == 2;
    return !twice && !empty && isfinite(estimate_rounds(r, measure).mean);
}

static void print_mean(const cv_result *r, int measure) {
    const cv_estimate e = estimate_rounds(r, measure);
    const char *format = has_numbers(r) && measure > 0 ? "%-32s %10.6g   %.6g to %-12.6g %.6g\n"
                                                       : "%-32s %10.4f   %.4f to %-8.4f %.4f\n";
    printf(format, cv_measure_name(r, measure), e.mean, e.low, e.high, e.deviation);
}

void print_cv_means(const cv_result *r) {
    printf("\n%-32s %10s   %-18s %s\n", "", "mean", "95 % interval", "deviation over rounds");
    for (int i = 0; i < cv_measures(r); i++) {
        if (is_told(r, i)) {
            print_mean(r, i);
        }
    }
    if (has_numbers(r)) {
        printf("\nBaselines: always the training rows' mean (squared errors), or their median.\n");
    } else {
        printf("\nAlways the most frequent %s: accuracy %.4f.\n",
               r->target == GROVE_TARGET_SET ? "set" : "class", mean_baseline(r));
    }
    printf("Intervals: Student's t over %zu rounds, by Nadeau and Bengio's variance, as the rounds "
           "share\ntraining rows. They tell how good this way of training is, on tables of this "
           "size.\n",
           r->count);
}

/* ---- in JSON --------------------------------------------------------------------------------- */

static json_t *json_round(const cv_result *r, size_t round) {
    const cv_round *one = &r->rounds[round];
    const size_t folds = (size_t)r->o->folds;
    json_t *measures = json_object();
    for (int i = 0; i < cv_measures(r); i++) {
        json_object_set_new(measures, cv_measure_name(r, i), json_number(one->measures[i]));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:o, s:o}", "repeat",
                     (json_int_t)(round / folds + 1), "fold", (json_int_t)(round % folds + 1),
                     "training_rows", (json_int_t)one->train, "validation_rows",
                     (json_int_t)one->valid, "test_rows", (json_int_t)one->test, "epochs",
                     one->epochs, "best_epoch", one->best_epoch, "baseline_accuracy",
                     json_number(one->baseline), "metrics", measures);
}

json_t *json_cv(const cv_result *r) {
    json_t *rounds = json_array(), *metrics = json_object();
    for (size_t i = 0; i < r->count; i++) {
        json_array_append_new(rounds, json_round(r, i));
    }
    for (int i = 0; i < cv_measures(r); i++) {
        const cv_estimate e = estimate_rounds(r, i);
        json_object_set_new(metrics, cv_measure_name(r, i),
                            json_pack("{s:o, s:o, s:o, s:o}", "mean", json_number(e.mean), "low",
                                      json_number(e.low), "high", json_number(e.high),
                                      "standard_deviation", json_number(e.deviation)));
    }
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:f, s:s, s:o, s:o, s:o}", "schema", 1, "rows",
                     (json_int_t)r->rows, "classes", (json_int_t)r->classes, "folds",
                     (json_int_t)r->o->folds, "repeats", (json_int_t)r->o->repeats, "confidence",
                     0.95, "interval", "nadeau-bengio", "baseline_accuracy",
                     json_number(mean_baseline(r)), "metrics", metrics, "rounds", rounds);
}
