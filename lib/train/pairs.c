/* SPDX-License-Identifier: MIT
 *
 * pairs.c - an analysis of variance with two factors, of each pair of categorical columns.
 *
 *     y = mean + effect[a] + effect[b] + interaction[a, b] + noise
 *
 * The label is a number, or an indicator of each class, whose sums of squares are added. Effects
 * are fitted to the means of the cells by least squares, in turn (the columns may depend on each
 * other); what cells differ from their sum by is the interaction, and rows of a cell from its mean
 * the noise. Without interaction its sum of squares is that of the noise of as many rows as it has
 * degrees of freedom; what is above that is taken for real, where it is more than six deviations.
 */
#include "pairs.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    MOST_CELLS = 1 << 15, /* of a pair */
    MOST_ROWS = 1 << 16,  /* looked at, spread over all */
    MOST_COLUMNS = 16,
    MOST_CLASSES = 8,
    ROWS_IN_A_CELL = 2, /* at least, on the average of those that have some */
    SWEEPS = 16
};
static const double least_share = 0.1, least_of_all = 0.01, deviations = 6;

/* The cells of a pair, and the label in them. */
typedef struct cells {
    const int32_t *a, *b; /* ids [rows] */
    size_t a_ids, b_ids;
    double *rows, *sums; /* [a_ids, b_ids] */
    double *of_a, *of_b; /* effects */
    double all;          /* sum of squares about the mean, and its parts: */
    double interaction, noise;
    double occupied, a_met, b_met; /* cells, and values of each column, that have rows */
} cells;

typedef struct label {
    const int32_t *classes; /* or */
    const float *numbers;
    int32_t wanted; /* the class whose indicator it is now */
} label;

static double value_of(const label *y, size_t row) {
    return y->numbers ? (double)y->numbers[row] : y->classes[row] == y->wanted;
}

static size_t row_of(const grove_rows *train, size_t count, size_t i) {
    const size_t at = i * train->count / count;
    return train->rows ? train->rows[at] : at;
}

static size_t rows_seen(const grove_rows *train) {
    return train->count < MOST_ROWS ? train->count : MOST_ROWS;
}

/* -> the sum of squares of the label. */
static double fill(cells *c, const grove_rows *train, const label *y) {
    const size_t count = rows_seen(train);
    double squares = 0, sum = 0;
    memset(c->rows, 0, 2 * c->a_ids * c->b_ids * sizeof *c->rows);
    memset(c->of_a, 0, (c->a_ids + c->b_ids) * sizeof *c->of_a);
    for (size_t i = 0; i < count; i++) {
        const size_t row = row_of(train, count, i);
        const size_t cell = (size_t)c->a[row] * c->b_ids + (size_t)c->b[row];
        const double value = value_of(y, row);
        c->rows[cell] += 1;
        c->sums[cell] += value;
        squares += value * value;
        sum += value;
    }
    c->all += squares - sum * sum / (double)count;
    return squares;
}

/* The effects [ids] of one column, given the other's: means of what those leave. Cells of this
 * column's next value are `step` apart, of the other's `other_step`. -> values that have rows */
static double fit_effects(const cells *c, double *effects, size_t ids, size_t step,
                          const double *others, size_t other_ids, size_t other_step) {
    double met = 0;
    for (size_t i = 0; i < ids; i++) {
        double sum = 0, rows = 0;
        for (size_t k = 0; k < other_ids; k++) {
            const size_t cell = i * step + k * other_step;
            sum += c->sums[cell] - c->rows[cell] * others[k];
            rows += c->rows[cell];
        }
        effects[i] = rows > 0 ? sum / rows : 0;
        met += rows > 0;
    }
    return met;
}

static void add_squares(cells *c, double squares) {
    c->occupied = 0;
    c->noise += squares;
    for (size_t i = 0; i < c->a_ids; i++) {
        for (size_t k = 0; k < c->b_ids; k++) {
            const double rows = c->rows[i * c->b_ids + k], sum = c->sums[i * c->b_ids + k];
            const double mean = rows > 0 ? sum / rows : 0;
            const double beyond = mean - c->of_a[i] - c->of_b[k];
            c->occupied += rows > 0;
            c->noise -= sum * mean;
            c->interaction += rows * beyond * beyond;
        }
    }
}

static void analyse(cells *c, const grove_rows *train, const label *y) {
    const double squares = fill(c, train, y);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        c->a_met = fit_effects(c, c->of_a, c->a_ids, c->b_ids, c->of_b, c->b_ids, 1);
        c->b_met = fit_effects(c, c->of_b, c->b_ids, 1, c->of_a, c->a_ids, c->b_ids);
    }
    add_squares(c, squares);
}

/* 0: no more than chance. */
static double share_of(const cells *c, double rows) {
    const double freedom = c->occupied - c->a_met - c->b_met + 1;
    if (freedom < 1 || rows < ROWS_IN_A_CELL * c->occupied) {
        return 0;
    }
    const double by_chance = freedom * fmax(c->noise, 0) / (rows - c->occupied);
    const double above = c->interaction - by_chance;
    const bool real =
        above > least_of_all * c->all && above > deviations * sqrt(2 / freedom) * by_chance;
    return real ? above / (c->interaction + fmax(c->noise, 0)) : 0;
}

static grove_status measure(cells *c, const grove_rows *train, label y, int32_t classes,
                            double *share, grove_error *error) {
    const grove_allocator allocator = grove_allocator_or_default(NULL);
    const size_t count = 2 * c->a_ids * c->b_ids + c->a_ids + c->b_ids;
    c->rows = grove_alloc(&allocator, count * sizeof *c->rows);
    if (!c->rows) {
        return grove_fail_memory(error, count * sizeof *c->rows);
    }
    c->sums = c->rows + c->a_ids * c->b_ids;
    c->of_a = c->sums + c->a_ids * c->b_ids;
    c->of_b = c->of_a + c->a_ids;
    for (y.wanted = 0; y.wanted < classes; y.wanted++) {
        analyse(c, train, &y);
    }
    *share = share_of(c, (double)rows_seen(train));
    grove_release(&allocator, c->rows);
    return GROVE_OK;
}

static void insert(grove_pair *pairs, int room, int *count, grove_pair pair) {
    int at = *count < room ? (*count)++ : room;
    for (; at > 0 && pairs[at - 1].share < pair.share; at--) {
        if (at < room) {
            pairs[at] = pairs[at - 1];
        }
    }
    if (at < room) {
        pairs[at] = pair;
    }
}

/* Labels that are not there, or of too many classes: NULL twice. */
static label label_of(const grove_schema *schema, const grove_dataset *data, int32_t *classes) {
    const bool number = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    const int64_t ids = number ? 1 : grove_schema_ids(schema, (size_t)grove_schema_label(schema));
    *classes = number || ids == 2 ? 1 : (int32_t)ids;
    return ids > MOST_CLASSES ? (label){0}
                              : (label){.classes = number ? NULL : grove_dataset_labels(data),
                                        .numbers = number ? grove_dataset_targets(data) : NULL};
}

static size_t ids_of(const grove_schema *schema, size_t i) {
    return (size_t)grove_schema_ids(schema, (size_t)grove_schema_categorical(schema, i));
}

grove_status grove_find_pairs(const grove_schema *schema, grove_rows train, grove_pair *pairs,
                              int room, int *count, grove_error *error) {
    const size_t all = grove_schema_categoricals(schema);
    const size_t columns = all < MOST_COLUMNS ? all : MOST_COLUMNS;
    grove_status status = GROVE_OK;
    *count = 0;
    if (grove_schema_label(schema) < 0 || grove_schema_target(schema) == GROVE_TARGET_SET) {
        return GROVE_OK;
    }
    int32_t classes = 0;
    const label y = label_of(schema, train.dataset, &classes);
    for (size_t b = 1; b < columns && (y.classes || y.numbers); b++) {
        for (size_t a = 0; a < b && status == GROVE_OK; a++) {
            cells c = {.a = grove_dataset_ids(train.dataset, a),
                       .b = grove_dataset_ids(train.dataset, b),
                       .a_ids = ids_of(schema, a),
                       .b_ids = ids_of(schema, b)};
            grove_pair pair = {.columns = {(int)a, (int)b}};
            if (c.a && c.b && c.a_ids <= MOST_CELLS / c.b_ids) {
                status = measure(&c, &train, y, classes, &pair.share, error);
            }
            if (pair.share >= least_share) {
                insert(pairs, room, count, pair);
            }
        }
    }
    return status;
}
