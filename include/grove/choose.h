/* SPDX-License-Identifier: MIT
 *
 * grove/choose.h - the settings of a classifier and its training, and choosing them from the data.
 *
 * Nobody should have to know what dropout is to get a good model of a table. What is right depends
 * on the data, on few of their properties, and mostly in ways that are known: how many rows there
 * are, how many values the columns have, how often these are met. The rules below know nothing
 * else of a table; their numbers were found on a few public ones (tests/accuracy), so they may be
 * bettered elsewhere. Each choice comes with its reason in words, and whatever the caller has
 * decided stays as it is.
 *
 * Ownership: settings are plain data. The classifier that is made of them is the caller's.
 */
#ifndef GROVE_CHOOSE_H
#define GROVE_CHOOSE_H

#include "boost.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What can be set, in the order in which it is told: its name in enums, and in words. */
#define GROVE_SETTING_LIST(X)                                                                      \
    X(ARCHITECTURE, "architecture")                                                                \
    X(CROSSES, "crosses")                                                                          \
    X(CROSS_BUCKETS, "cross-buckets")                                                              \
    X(CROSS_DROPOUT, "cross-dropout")                                                              \
    X(HIDDEN, "hidden")                                                                            \
    X(EMBEDDING_WIDTH, "embedding-dim")                                                            \
    X(NUMBERS, "numbers")                                                                          \
    X(DROPOUT, "dropout")                                                                          \
    X(TABLE_DROPOUT, "table-dropout")                                                              \
    X(UNKNOWN_SHARE, "unknown-share")                                                              \
    X(OPTIMIZER, "optimizer")                                                                      \
    X(RATE, "rate")                                                                                \
    X(WEIGHT_DECAY, "weight-decay")                                                                \
    X(AVERAGE, "average")                                                                          \
    X(BATCH, "batch")                                                                              \
    X(EPOCHS, "epochs")                                                                            \
    X(PATIENCE, "patience")                                                                        \
    X(REFIT, "refit")

typedef enum grove_setting {
#define GROVE_SETTING_ENUM(name, words) GROVE_SETTING_##name,
    GROVE_SETTING_LIST(GROVE_SETTING_ENUM)
#undef GROVE_SETTING_ENUM
        GROVE_SETTINGS /* how many there are */
} grove_setting;

enum { GROVE_MOST_HIDDEN = 16, GROVE_MOST_CROSSES = 128 };

typedef struct grove_settings {
    grove_architecture architecture;
    grove_cross crosses[GROVE_MOST_CROSSES]; /* of a wide-deep network; others have none */
    int cross_count;
    int64_t cross_buckets;
    double cross_dropout;
    int64_t hidden[GROVE_MOST_HIDDEN]; /* units of the hidden layers */
    int hidden_count;
    int64_t embedding_width;   /* of every table; 0: each by grove_nn_embedding_width */
    grove_number_form numbers; /* of the columns that do not say (data_form.h) */
    double dropout, table_dropout, unknown_share; /* train.h */
    grove_optimizer_kind optimizer;
    double rate, weight_decay;
    double average; /* the decay of the running average of weights; 0: none */
    int64_t batch;
    int epochs, patience;
    bool refit; /* train once more from the beginning, for as many epochs as were best, on the rows
                   for validation, too: whoever trains does that, grove_fit does not */

    bool given[GROVE_SETTINGS];       /* set by the caller, and not to be chosen */
    char reason[GROVE_SETTINGS][112]; /* of each choice, in words; "": it was given */
} grove_settings;

/* Chooses what was not given, for these training rows of a fitted schema, and says why:
 *
 *     architecture   wide-deep where two columns or more have many rare values, where values of
 *                    two together tell a tenth or more of what the columns one by one leave of the
 *                    label (an analysis of variance of the training rows), or where crosses, their
 *                    buckets or their dropout were given; else mlp
 *     crosses        of a wide-deep network those pairs, or, where values are rare or there are no
 *                    such pairs, all pairs of columns, as far as there is room for them, those of
 *                    the columns with the most values first
 *     hidden         256,128; 64,32 below 2,000 rows; 64 below 500
 *     embedding-dim  by grove_nn_embedding_width
 *     numbers        bins from 2,000 rows on, where those of most columns come again and again,
 *                    and from 500 on where half of them lie within a tenth of a standard deviation
 *     dropout        0.25, that of vectors 0.1; more where rows are few for the values they have
 *     unknown-share  0.01
 *     optimizer      adam, at a rate of 0.002, with the average of the weights over about the last
 *                    five epochs, at most 600 steps; 0.01 with pairs that were found
 *     batch          a 128th of the rows, as a power of two, from 32 to 1,024
 *     epochs         30; more for few rows, fewer for very many
 *     patience       a fifth of the epochs, 5 at least
 *     refit          where a row more counts: below 10,000 rows, and where values are rare or there
 *                    are texts, up to 200,000 rows
 *
 * Refused: rows that are none. Memory may end where pairs are looked for. */
GROVE_API grove_status grove_choose_settings(const grove_schema *schema, grove_rows train,
                                             grove_settings *settings, grove_error *error);

/* "dropout", and "0.25"; the value in words fits into GROVE_SETTING_TEXT bytes. */
enum { GROVE_SETTING_TEXT = 320 };
GROVE_API const char *grove_setting_name(grove_setting setting);
GROVE_API const char *grove_setting_value(const grove_settings *settings, grove_setting setting,
                                          char text[GROVE_SETTING_TEXT]);
/* "mlp"..., "adam"... */
GROVE_API const char *grove_architecture_name(grove_architecture architecture);
GROVE_API const char *grove_optimizer_name(grove_optimizer_kind kind);

/* Builds the network of these settings; bins are those of the training rows. What settings do not
 * say (.seed, .weighted, .allocator) is taken from the options. */
GROVE_API grove_status grove_settings_classifier(const grove_settings *settings,
                                                 const grove_schema *schema, grove_rows train,
                                                 const grove_classifier_options *options,
                                                 grove_classifier *classifier, grove_error *error);
/* Joins members [count] that were made of settings [count] with grove_settings_classifier
 * (grove_classifier_join). */
GROVE_API grove_status grove_settings_join(const grove_settings *settings,
                                           const grove_classifier *members, int count,
                                           const grove_schema *schema, grove_rows train,
                                           const grove_classifier_options *options,
                                           grove_classifier *joined, grove_error *error);
/* Trains by gradient boosting (grove_boost_fit), with weak models of these settings: of
 * options->network what grove_settings_classifier takes of its options, and of options->fit what
 * grove_settings_fit leaves. */
GROVE_API grove_status grove_settings_boost(const grove_settings *settings,
                                            const grove_schema *schema, grove_rows train,
                                            grove_rows valid, const grove_boost_options *options,
                                            grove_boost_stage *stages, grove_classifier *classifier,
                                            grove_boost_result *result, grove_error *error);

/* Sets optimizer, batch, epochs, patience and unknown share; leaves all else as it is. */
GROVE_API void grove_settings_fit(const grove_settings *settings, grove_fit_options *options);

/* ---- trying settings ------------------------------------------------------------------------- */

/* What a search tells of settings that it has tried. */
typedef struct grove_trial {
    int number, trials; /* which, from 1, of how many */
    int epochs;         /* that they were tried for, at most */
    double loss;        /* the best on the rows for validation; infinite where there was none */
    const grove_settings *settings;
} grove_trial;

enum { GROVE_MOST_TRIALS = 9 };

/* Zero means the default, field by field. */
typedef struct grove_search_options {
    int candidates;                          /* settings that are compared; 9, at most */
    const grove_classifier_options *network; /* as of grove_settings_classifier; or NULL */
    const grove_fit_options *fit;            /* weights, seed, threads of a training; or NULL. What
                                                settings say, and progress, is not looked at */
    /* Called with `user`: with a trial when it is over; often with NULL within one. False stops:
     * the order is then that of what was tried. */
    bool (*go_on)(void *user, const grove_trial *trial);
    void *user;
} grove_search_options;

/* Compares settings that differ from settings[0] (all of them, as grove_choose_settings leaves
 * them) in what matters most - dropout, width, rate, architecture -, never in what was given. By
 * successive halving (Jamieson & Talwalkar 2016): all of them are trained for a ninth of the
 * epochs, and the third that has the smallest loss on the rows for validation for a third of them.
 * settings [room] and *count receive those, the best first. The same seed gives the same answer,
 * unless it is stopped. */
GROVE_API grove_status grove_search_settings(const grove_schema *schema, grove_rows train,
                                             grove_rows valid, const grove_search_options *options,
                                             grove_settings *settings, int room, int *count,
                                             grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
