/* SPDX-License-Identifier: MIT
 *
 * choose.c - settings from the data: what the data are like, a rule for each setting, its reason.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "grove/choose.h"
#include "grove/data_bags.h"
#include "pairs.h"

enum { RARE = 30, MOST_PAIRS = 16 };

/* What the rules look at. */
typedef struct portrait {
    size_t rows;
    size_t columns, features;
    size_t rare; /* columns that have a value for every RARE rows or fewer */
    size_t texts;
    size_t repeating;     /* features whose numbers come again and again */
    size_t squeezed;      /* features half of whose numbers are nearly one, beside enormous ones */
    double rows_by_value; /* training rows for each value of a column, of the column with fewest;
                             infinite where there is no categorical column */
    grove_pair pairs[MOST_PAIRS]; /* of columns that say together what neither says alone */
    int pair_count;
} portrait;

enum { SAMPLE = 4096, ROWS_OF_A_NUMBER = 16 };

static int by_size(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Looks at a sample of the rows, spread over all: has each number of the feature some? Lie those in
 * the middle, the half of all, within a tenth of a deviation, which few far ones make so large? */
static void look_at_numbers(const grove_rows *train, size_t features, size_t feature, portrait *p) {
    float sample[SAMPLE];
    const float *numbers = grove_dataset_numbers(train->dataset);
    const size_t count = train->count < SAMPLE ? train->count : SAMPLE;
    size_t distinct = 1;
    for (size_t i = 0; i < count; i++) {
        const size_t at = i * train->count / count;
        sample[i] = numbers[(train->rows ? train->rows[at] : at) * features + feature];
    }
    qsort(sample, count, sizeof *sample, by_size);
    for (size_t i = 1; i < count; i++) {
        distinct += sample[i] > sample[i - 1];
    }
    const float middle = sample[3 * count / 4] - sample[count / 4];
    p->repeating += distinct * ROWS_OF_A_NUMBER <= count;
    p->squeezed += middle > 0 && middle < 0.1F;
}

/* Of rows in a file there are many: theirs are not looked at. */
static void look_at_features(const grove_rows *train, portrait *p) {
    const bool held = grove_dataset_numbers(train->dataset) != NULL;
    p->repeating = held ? 0 : p->features;
    for (size_t i = 0; held && i < p->features; i++) {
        look_at_numbers(train, p->features, i, p);
    }
}

static portrait look(const grove_schema *schema, const grove_rows *train) {
    portrait p = {.rows = train->count,
                  .columns = grove_schema_categoricals(schema),
                  .features = grove_schema_features(schema),
                  .rows_by_value = (double)INFINITY};
    for (size_t i = 0; i < p.columns; i++) {
        int64_t ids = grove_schema_ids(schema, (size_t)grove_schema_categorical(schema, i));
        double rows = (double)p.rows / (double)ids;
        p.rare += rows < RARE;
        p.rows_by_value = rows < p.rows_by_value ? rows : p.rows_by_value;
    }
    look_at_features(train, &p);
    for (size_t i = 0; i < grove_schema_bags(schema); i++) {
        p.texts +=
            grove_schema_kind(schema, (size_t)grove_schema_bag(schema, i)) == GROVE_COLUMN_TEXT;
    }
    return p;
}

/* Is it to be chosen? Then this is why. */
GROVE_PRINTF(3, 4)
static bool choose(grove_settings *s, grove_setting setting, const char *format, ...) {
    va_list more;
    s->reason[setting][0] = '\0';
    if (s->given[setting]) {
        return false;
    }
    va_start(more, format);
    vsnprintf(s->reason[setting], sizeof s->reason[setting], format, more);
    va_end(more);
    return true;
}

static double between(double low, double x, double high) {
    return x < low ? low : x > high ? high : x;
}

/* ---- the network ----------------------------------------------------------------------------- */

static bool has_rare(const portrait *p) {
    return p->rare >= 2 && p->rows >= 2000;
}

static bool wants_pairs(grove_settings *s, const portrait *p) {
    if (p->pair_count == 0 || s->given[GROVE_SETTING_CROSSES]) {
        return false;
    }
    const grove_pair *best = &p->pairs[0];
    if (choose(s, GROVE_SETTING_ARCHITECTURE,
               "categorical columns %d and %d together tell %.0f%% of what they leave apart",
               best->columns[0] + 1, best->columns[1] + 1, 100 * best->share)) {
        s->architecture = GROVE_ARCHITECTURE_WIDE_DEEP;
    }
    return true;
}

static void choose_architecture(grove_settings *s, const portrait *p) {
    const bool rare = has_rare(p);
    const bool wished =
        s->given[GROVE_SETTING_CROSS_BUCKETS] || s->given[GROVE_SETTING_CROSS_DROPOUT];
    const bool crossed = s->cross_count > 0 || (wished && !s->given[GROVE_SETTING_CROSSES]);
    if (crossed && choose(s, GROVE_SETTING_ARCHITECTURE, "crosses were asked for")) {
        s->architecture = GROVE_ARCHITECTURE_WIDE_DEEP;
        return;
    }
    if (!crossed && wants_pairs(s, p)) {
        return;
    }
    if (choose(s, GROVE_SETTING_ARCHITECTURE,
               rare ? "%zu columns have many rare values: their pairs say more than each alone"
                    : "a plain network learns fastest (columns of many rare values: %zu)",
               p->rare)) {
        s->architecture = rare ? GROVE_ARCHITECTURE_WIDE_DEEP : GROVE_ARCHITECTURE_MLP;
    }
}

/* Categorical columns in the order of how many values they have, the most first. */
static int by_values(const grove_schema *schema, int *columns, int room) {
    int count = 0;
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        int64_t ids = grove_schema_ids(schema, (size_t)grove_schema_categorical(schema, i));
        int at = count < room ? count++ : room;
        for (; at > 0; at--) {
            size_t before = (size_t)grove_schema_categorical(schema, (size_t)columns[at - 1]);
            if (grove_schema_ids(schema, before) >= ids) {
                break;
            }
            if (at < room) {
                columns[at] = columns[at - 1];
            }
        }
        if (at < room) {
            columns[at] = (int)i;
        }
    }
    return count;
}

/* Are the crosses to be the pairs that were found? */
static bool has_found(const grove_settings *s, const portrait *p) {
    return p->pair_count > 0 && s->architecture == GROVE_ARCHITECTURE_WIDE_DEEP &&
           !s->given[GROVE_SETTING_CROSSES];
}

static void cross_found(grove_settings *s, const portrait *p) {
    s->cross_count = p->pair_count;
    for (int k = 0; k < p->pair_count; k++) {
        s->crosses[k] = (grove_cross){{p->pairs[k].columns[0], p->pairs[k].columns[1]}, 2};
    }
}

static void cross_pairs(grove_settings *s, const grove_schema *schema) {
    enum { MOST_COLUMNS = 16 }; /* which have 120 pairs */
    int columns[MOST_COLUMNS], count = by_values(schema, columns, MOST_COLUMNS);
    s->cross_count = 0;
    for (int b = 1; b < count; b++) {
        for (int a = 0; a < b; a++) {
            s->crosses[s->cross_count++] = (grove_cross){{columns[a], columns[b]}, 2};
        }
    }
}

static void choose_crosses(grove_settings *s, const grove_schema *schema, const portrait *p) {
    const bool wide = s->architecture == GROVE_ARCHITECTURE_WIDE_DEEP, found = has_found(s, p);
    if (choose(s, GROVE_SETTING_CROSSES,
               !wide   ? "only a wide-deep network has some"
               : found ? "pairs that say more together than one by one"
                       : "all pairs of the columns with the most values")) {
        s->cross_count = 0;
        if (found) {
            cross_found(s, p);
        } else if (wide) {
            cross_pairs(s, schema);
        }
    }
    const bool crossed = wide && s->cross_count > 0;
    if (choose(s, GROVE_SETTING_CROSS_BUCKETS,
               crossed ? "so that few crosses share a row by chance" : "there are no crosses")) {
        const double wanted = (double)s->cross_count * (double)p->rows / 2;
        s->cross_buckets = 1024;
        while (s->cross_buckets < (1 << 20) && (double)s->cross_buckets < wanted) {
            s->cross_buckets *= 2;
        }
    }
    if (choose(s, GROVE_SETTING_CROSS_DROPOUT,
               !crossed ? "there are no crosses"
               : found  ? "each has rows enough"
                        : "so that a rare pair alone does not decide")) {
        s->cross_dropout = crossed && !found ? 0.3 : 0;
    }
}

static void choose_layers(grove_settings *s, const portrait *p) {
    enum { VERY_FEW = 500, FEW = 2000 };
    const bool few = p->rows < FEW;
    const bool very_few = p->rows < VERY_FEW;
    if (choose(s, GROVE_SETTING_HIDDEN,
               very_few ? "%zu rows are few: a second layer would learn them by heart"
               : few    ? "%zu rows are few: more units would learn them by heart"
                        : "%zu rows feed as many",
               p->rows)) {
        s->hidden_count = very_few ? 1 : 2;
        s->hidden[0] = few ? 64 : 256;
        s->hidden[1] = s->hidden[0] / 2;
    }
    if (choose(s, GROVE_SETTING_EMBEDDING_WIDTH, "by the rule %s", GROVE_EMBEDDING_WIDTH_RULE)) {
        s->embedding_width = 0;
    }
}

static void choose_numbers(grove_settings *s, const portrait *p) {
    enum { FEW = 2000, VERY_FEW = 500 };
    const bool few = p->rows < FEW;
    const bool far = p->rows >= VERY_FEW && 2 * p->squeezed >= p->features;
    const bool bins = far || (!few && 2 * p->repeating >= p->features);
    const char *why =
        p->features == 0 ? "there are none"
        : far            ? "beside a few enormous numbers most are nearly one: bins tell them apart"
        : few            ? "too few rows to learn the vectors of bins"
        : bins           ? "numbers that come again and again have a vector each, or a bin's"
                         : "most numbers hardly come twice: bins would only make them coarse";
    if (choose(s, GROVE_SETTING_NUMBERS, "%s", why)) {
        s->numbers = bins && p->features > 0 ? GROVE_NUMBERS_BINS : GROVE_NUMBERS_STANDARD;
    }
}

static void choose_noise(grove_settings *s, const portrait *p) {
    const bool rare = p->rare > 0, none = p->columns == 0;
    if (choose(s, GROVE_SETTING_DROPOUT, "keeps units from relying on each other")) {
        s->dropout = 0.25;
    }
    if (choose(s, GROVE_SETTING_TABLE_DROPOUT,
               rare   ? "a column has a value for every %.3g rows: rare ones are learned by heart"
               : none ? "so that no single vector of numbers decides"
                      : "so that no single vector decides (%.3g rows or more for each value)",
               p->rows_by_value)) {
        s->table_dropout = rare ? 0.3 : 0.1;
    }
    if (choose(s, GROVE_SETTING_UNKNOWN_SHARE,
               "teaches the row of values that training never met")) {
        s->unknown_share = 0.01;
    }
}

/* ---- the training ---------------------------------------------------------------------------- */

static void choose_batch(grove_settings *s, const portrait *p) {
    if (choose(s, GROVE_SETTING_BATCH, "about a 128th of %zu rows, from 32 to 1024", p->rows)) {
        s->batch = 32;
        while (s->batch < 1024 && (double)s->batch * 128 * 1.4142 < (double)p->rows) {
            s->batch *= 2;
        }
    }
}

static void choose_epochs(grove_settings *s, const portrait *p, double steps) {
    enum { USUAL = 30, STEPS = 2000, MOST = 400, ROWS = 20000000 };
    double wanted = steps * USUAL < STEPS ? STEPS / steps : USUAL;
    double possible = between(3, ROWS / (double)p->rows, MOST);
    const bool limited = possible < wanted;
    if (choose(s, GROVE_SETTING_EPOCHS,
               limited ? "at most; more are not needed where an epoch has %.0f steps"
                       : "at most; an epoch has %.0f steps",
               steps)) {
        s->epochs = (int)ceil(limited ? possible : wanted);
    }
    if (choose(s, GROVE_SETTING_PATIENCE, "epochs without a better validation loss end it")) {
        s->patience = (int)between(5, s->epochs / 5.0, MOST);
    }
}

/* It takes as long again. */
static void choose_refit(grove_settings *s, const portrait *p) {
    enum { FEW = 10000, MANY = 200000 };
    const bool rare = p->rare > 0 || p->texts > 0;
    const bool wanted = p->rows < FEW || (rare && p->rows < MANY);
    if (choose(s, GROVE_SETTING_REFIT,
               p->rows < FEW ? "%zu rows are few: the last model is of all, for as many epochs"
               : !wanted     ? "%zu rows are many: those for validation would add little"
               : p->texts    ? "the last model is of all rows: each has words that others lack"
                             : "the last model is of all rows: rare values want each of them",
               p->rows)) {
        s->refit = wanted;
    }
}

static void choose_steps(grove_settings *s, const portrait *p) {
    choose_batch(s, p);
    const double steps = ceil((double)p->rows / (double)s->batch);
    if (choose(s, GROVE_SETTING_OPTIMIZER, "finds the size of each step itself")) {
        s->optimizer = GROVE_OPTIMIZER_ADAM;
    }
    const bool adam = s->optimizer == GROVE_OPTIMIZER_ADAM || s->optimizer == GROVE_OPTIMIZER_ADAMW;
    const bool pairs = adam && has_found(s, p);
    if (choose(s, GROVE_SETTING_RATE,
               pairs  ? "crosses begin at 0 and are met in few steps: large ones"
               : adam ? "fast, and the average below takes out its noise"
                      : "the usual one of this optimizer")) {
        s->rate = adam && !pairs ? 0.002 : 0.01;
    }
    if (choose(s, GROVE_SETTING_WEIGHT_DECAY, "the usual one of this optimizer")) {
        s->weight_decay = s->optimizer == GROVE_OPTIMIZER_ADAMW ? 0.01 : 0;
    }
    /* No longer, or a training of few, long epochs would keep what it had not learned yet. */
    double span = between(20, 5 * steps, 600);
    if (choose(s, GROVE_SETTING_AVERAGE, "the model is the mean of the weights of some %.0f steps",
               span)) {
        s->average = round(1e5 * (1 - 1 / span)) / 1e5;
    }
    choose_epochs(s, p, steps);
}

grove_status grove_choose_settings(const grove_schema *schema, grove_rows train,
                                   grove_settings *settings, grove_error *error) {
    if (!schema || !settings || train.count == 0) {
        return grove_fail(
            error, GROVE_BAD_ARGUMENT,
            "choosing settings needs a schema, rows to train on, and a place for them");
    }
    portrait p = look(schema, &train);
    const grove_status status =
        has_rare(&p) ? GROVE_OK
                     : grove_find_pairs(schema, train, p.pairs, MOST_PAIRS, &p.pair_count, error);
    if (status != GROVE_OK) {
        return status;
    }
    choose_architecture(settings, &p);
    choose_crosses(settings, schema, &p);
    choose_layers(settings, &p);
    choose_numbers(settings, &p);
    choose_noise(settings, &p);
    choose_steps(settings, &p);
    choose_refit(settings, &p);
    return GROVE_OK;
}
