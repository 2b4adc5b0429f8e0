/* SPDX-License-Identifier: MIT
 *
 * settings.c - settings in words, and what is made of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/choose.h"
#include "network_numbers.h"
#include "predictor.h"

/* ---- in words -------------------------------------------------------------------------------- */

const char *grove_setting_name(grove_setting setting) {
    static const char *const names[] = {
#define NAME(name, words) words,
        GROVE_SETTING_LIST(NAME)
#undef NAME
    };
    return setting < GROVE_SETTINGS ? names[setting] : "";
}

const char *grove_optimizer_name(grove_optimizer_kind kind) {
    static const char *const names[] = {"sgd",    "adam", "adamw", "adagrad", "rowwise-adagrad",
                                        "rmsprop"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "";
}

const char *grove_architecture_name(grove_architecture architecture) {
    static const char *const names[] = {
#define NAME(name, words) words,
        GROVE_ARCHITECTURE_LIST(NAME)
#undef NAME
    };
    return (size_t)architecture < GROVE_ARCHITECTURES ? names[architecture] : "";
}

static const char *list_of(const int64_t *sizes, int count, char *text) {
    size_t used = 0;
    strcpy(text, "none");
    for (int i = 0; i < count && used + 24 < GROVE_SETTING_TEXT; i++) {
        used += (size_t)snprintf(text + used, GROVE_SETTING_TEXT - used, "%s%" PRId64, i ? "," : "",
                                 sizes[i]);
    }
    return text;
}

static const char *whole(int64_t number, char *text) {
    snprintf(text, GROVE_SETTING_TEXT, "%" PRId64, number);
    return text;
}

const char *grove_setting_value(const grove_settings *s, grove_setting setting,
                                char text[GROVE_SETTING_TEXT]) {
    switch (setting) {
    case GROVE_SETTING_ARCHITECTURE:
        return grove_architecture_name(s->architecture);
    case GROVE_SETTING_CROSSES:
        return s->cross_count > 0 ? whole(s->cross_count, text) : "none";
    case GROVE_SETTING_CROSS_BUCKETS:
        return whole(s->cross_buckets, text);
    case GROVE_SETTING_CROSS_DROPOUT:
        return grove_format_number(text, s->cross_dropout);
    case GROVE_SETTING_HIDDEN:
        return list_of(s->hidden, s->hidden_count, text);
    case GROVE_SETTING_EMBEDDING_WIDTH:
        return s->embedding_width > 0 ? whole(s->embedding_width, text) : "auto";
    case GROVE_SETTING_NUMBERS:
        return grove_number_form_name(s->numbers);
    case GROVE_SETTING_DROPOUT:
        return grove_format_number(text, s->dropout);
    case GROVE_SETTING_TABLE_DROPOUT:
        return grove_format_number(text, s->table_dropout);
    case GROVE_SETTING_UNKNOWN_SHARE:
        return grove_format_number(text, s->unknown_share);
    case GROVE_SETTING_OPTIMIZER:
        return grove_optimizer_name(s->optimizer);
    case GROVE_SETTING_RATE:
        return grove_format_number(text, s->rate);
    case GROVE_SETTING_WEIGHT_DECAY:
        return grove_format_number(text, s->weight_decay);
    case GROVE_SETTING_AVERAGE:
        return grove_format_number(text, s->average);
    case GROVE_SETTING_BATCH:
        return whole(s->batch, text);
    case GROVE_SETTING_EPOCHS:
        return whole(s->epochs, text);
    case GROVE_SETTING_PATIENCE:
        return whole(s->patience, text);
    case GROVE_SETTING_REFIT:
        return s->refit ? "yes" : "no";
    default:
        return "";
    }
}

/* ---- network and training -------------------------------------------------------------------- */

/* Numbers that are few have a bin each, which has some rows. Others, which hardly come twice, share
 * bins of a sixteenth of the rows: more would learn the rows by heart. */
enum { SHARED_BINS = 16 };

static size_t bins_wanted(size_t rows) {
    enum { ROWS_IN_A_BIN = 16, MOST = 256, LEAST = 4 };
    size_t wanted = rows / ROWS_IN_A_BIN;
    return wanted < LEAST ? LEAST : wanted > MOST ? MOST : wanted;
}

/* Of rows in a file some are enough: no bin has less than 256 of them. */
static size_t sample_size(const grove_rows *train) {
    enum { SAMPLE = 1 << 16 };
    return grove_rows_in_file(train) && train->count > SAMPLE ? SAMPLE : train->count;
}

static grove_status fit_bins(const grove_rows *train, grove_number_bins *bins, grove_error *error) {
    const grove_allocator allocator = grove_allocator_or_default(NULL);
    const size_t features = grove_dataset_features(train->dataset);
    const float *from = grove_dataset_numbers(train->dataset);
    const size_t rows = sample_size(train);
    size_t count = rows * features;
    grove_real *numbers = grove_alloc(&allocator, count * sizeof *numbers); /* [rows, features] */
    if (!numbers) {
        return grove_fail_memory(error, count * sizeof *numbers);
    }
    grove_status status = GROVE_OK;
    if (grove_rows_in_file(train)) {
        status = grove_numbers_of_file(train, rows, numbers, error);
    }
    for (size_t i = 0; i < count && from; i++) {
        numbers[i] = (grove_real)from[grove_row_at(train, i / features) * features + i % features];
    }
    if (status == GROVE_OK) {
        status = grove_number_bins_fit_distinct(numbers, rows, features, bins_wanted(rows),
                                                SHARED_BINS, &allocator, bins, error);
    }
    grove_release(&allocator, numbers);
    return status;
}

static grove_classifier_options network_of(const grove_settings *s,
                                           const grove_classifier_options *options) {
    grove_classifier_options network = options ? *options : (grove_classifier_options){0};
    network.architecture = s->architecture;
    network.crosses = s->crosses;
    network.cross_count = s->cross_count;
    network.cross_buckets = s->cross_buckets;
    network.cross_dropout = s->cross_dropout;
    network.hidden = s->hidden;
    network.hidden_count = s->hidden_count;
    network.embedding_width = s->embedding_width;
    network.dropout = s->dropout;
    network.table_dropout = s->table_dropout;
    network.numbers = s->numbers;
    return network;
}

/* Where any of the settings wants them. */
static grove_status bins_for(const grove_settings *settings, int count, const grove_schema *schema,
                             const grove_rows *train, grove_number_bins *bins, grove_error *error) {
    const size_t features = grove_schema_features(schema);
    bool wanted = false;
    for (size_t i = 0; i < (size_t)count * features && !wanted; i++) {
        wanted = grove_network_number_form(schema, i % features, settings[i / features].numbers) ==
                 GROVE_NUMBERS_BINS;
    }
    *bins = (grove_number_bins){0};
    return wanted ? fit_bins(train, bins, error) : GROVE_OK;
}

grove_status grove_settings_join(const grove_settings *settings, const grove_classifier *members,
                                 int count, const grove_schema *schema, grove_rows train,
                                 const grove_classifier_options *options, grove_classifier *joined,
                                 grove_error *error) {
    grove_classifier_options networks[GROVE_MOST_MEMBERS];
    grove_number_bins bins;
    *joined = (grove_classifier){0};
    if (count < 1 || count > GROVE_MOST_MEMBERS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "1 to %d classifiers can be joined",
                          GROVE_MOST_MEMBERS);
    }
    grove_status status = bins_for(settings, count, schema, &train, &bins, error);
    for (int k = 0; k < count; k++) {
        networks[k] = network_of(&settings[k], options);
        networks[k].bins = bins.edges ? &bins : NULL;
    }
    if (status == GROVE_OK) {
        status = members ? grove_classifier_join(schema, networks, members, count, joined, error)
                         : grove_classifier_new(schema, networks, joined, error);
    }
    grove_number_bins_free(&bins);
    return status;
}

grove_status grove_settings_classifier(const grove_settings *settings, const grove_schema *schema,
                                       grove_rows train, const grove_classifier_options *options,
                                       grove_classifier *classifier, grove_error *error) {
    return grove_settings_join(settings, NULL, 1, schema, train, options, classifier, error);
}

grove_status grove_settings_boost(const grove_settings *settings, const grove_schema *schema,
                                  grove_rows train, grove_rows valid,
                                  const grove_boost_options *options, grove_boost_stage *stages,
                                  grove_classifier *classifier, grove_boost_result *result,
                                  grove_error *error) {
    grove_number_bins bins;
    grove_fit_options fit = options->fit ? *options->fit : (grove_fit_options){0};
    grove_boost_options all = *options;
    grove_status status = bins_for(settings, 1, schema, &train, &bins, error);
    grove_classifier_options network = network_of(settings, options->network);
    network.bins = bins.edges ? &bins : NULL;
    grove_settings_fit(settings, &fit);
    all.network = &network;
    all.fit = &fit;
    *classifier = (grove_classifier){0};
    if (status == GROVE_OK) {
        status = grove_boost_fit(schema, train, valid, &all, stages, classifier, result, error);
    }
    grove_number_bins_free(&bins);
    return status;
}

void grove_settings_fit(const grove_settings *s, grove_fit_options *options) {
    options->epochs = s->epochs;
    options->batch = s->batch;
    options->patience = s->patience;
    options->unknown_share = s->unknown_share;
    options->optimizer = (grove_optimizer){
        .kind = s->optimizer, .rate = s->rate, .decay = s->weight_decay, .average = s->average};
    if (s->weight_decay == 0 && s->optimizer == GROVE_OPTIMIZER_ADAMW) {
        options->optimizer.kind = GROVE_OPTIMIZER_ADAM; /* which is adamw without decay */
    }
}
