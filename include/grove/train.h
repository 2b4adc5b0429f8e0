/* SPDX-License-Identifier: MIT
 *
 * grove/train.h - a network for rows of a table, which tells classes or a number: its training, its
 * answers.
 *
 * All of it stands on the public headers before this one: a program that wants another network or
 * another loop writes its own, with lib/train/ as the pattern.
 *
 * Ownership: a grove_classifier owns its graph; a grove_predictor keeps the graph and the schema it
 * was made for and dies before them. grove_rows only points. Every _free takes NULL.
 */
#ifndef GROVE_TRAIN_H
#define GROVE_TRAIN_H

#include "data_row_file.h"
#include "network.h"
#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Some rows of a dataset. grove_fit and grove_predictor_run take all rows of one in a file, too
 * (data_row_file.h; rows NULL); everyone else wants rows in memory. */
typedef struct grove_rows {
    const grove_dataset *dataset;
    const size_t *rows; /* [count] which; NULL: the first count */
    size_t count;
} grove_rows;

/* ---- answers --------------------------------------------------------------------------------- */

typedef struct grove_predictor grove_predictor;

/* Finds the inputs of the schema's columns and "probabilities", or "scaled" where the label is a
 * number, in a graph, its own or a loaded one, and makes a plan for `batch` rows (0: 256) and
 * `threads` (as of a plan; 0: the default). GROVE_NOT_FOUND names what the graph does not have. */
GROVE_API grove_status grove_predictor_new(const grove_graph *graph, const grove_schema *schema,
                                           int64_t batch, int threads, grove_predictor **predictor,
                                           grove_error *error);
GROVE_API void grove_predictor_free(grove_predictor *predictor);
GROVE_API size_t grove_predictor_classes(const grove_predictor *predictor); /* of a number 1 */

/* probabilities [rows.count, classes], batch after batch; of a number [rows.count], in the units of
 * the table, rounded to floats. */
GROVE_API grove_status grove_predictor_run(grove_predictor *predictor, grove_rows rows,
                                           float *probabilities, grove_error *error);

/* numbers [rows.count] that are predicted, in the units of the table. GROVE_BAD_ARGUMENT where
 * classes are. */
GROVE_API grove_status grove_predictor_numbers(grove_predictor *predictor, grove_rows rows,
                                               double *numbers, grove_error *error);

/* Where there are too many classes to keep the probabilities of all of them for all rows. How many
 * rows at a time have room for their probabilities, 16 MB: `most` or fewer, 16 at least. A
 * predictor for 0 rows at a time takes so many, 256 at most. */
GROVE_API size_t grove_rows_at_once(size_t most, size_t classes);

/* What measures want to know of a row. */
typedef struct grove_judged_row {
    grove_id answer;   /* the most probable class, the first of several */
    float probability; /* its, */
    float of_label;    /* and that of the label */
    int32_t before;    /* classes that come before the label, by their probability */
} grove_judged_row;

/* labels ids [rows.count] -> judged [rows.count]; and the measures of these: what
 * grove_weighted_metrics tells, but for areas under curves. weights [rows], or NULL. */
GROVE_API grove_status grove_predictor_judge(grove_predictor *predictor, grove_rows rows,
                                             const grove_id *labels, grove_judged_row *judged,
                                             grove_error *error);
GROVE_API void grove_judged_metrics(const grove_judged_row *judged, const grove_id *labels,
                                    const float *weights, size_t rows, grove_id majority,
                                    grove_metrics *metrics);

/* The k most probable classes of each row, the most probable first: top [rows.count, k]. */
typedef struct grove_ranked_class {
    grove_id id;
    float probability;
} grove_ranked_class;
GROVE_API grove_status grove_predictor_top(grove_predictor *predictor, grove_rows rows, size_t k,
                                           grove_ranked_class *top, grove_error *error);

/* probabilities [classes] of one row as text, or its number: cells [columns of the schema], in
 * their order; those of the label and of ignored columns are not looked at. Ids and numbers are
 * made of them as grove_schema_encode does. A predictor for a batch of 1 answers fastest. */
GROVE_API grove_status grove_predictor_row(grove_predictor *predictor, const grove_cell *cells,
                                           float *probabilities, grove_error *error);

/* ---- training -------------------------------------------------------------------------------- */

/* Told after each epoch, and from time to time within one. */
typedef struct grove_progress {
    int epoch, epochs;   /* from 1 */
    size_t row, rows;    /* rows of this epoch trained so far; row == rows: the epoch is over */
    double train_loss;   /* mean over the rows of this epoch so far, by their weights */
    double valid_loss;   /* what the best epoch is found by, with the metrics: of classes the mean
                            log loss, of sets of them also over the classes, of numbers
                            .number_loss of what is scaled; counted as in training, by weights of
                            rows and classes */
    grove_metrics valid; /* at the end of an epoch, if there are rows to validate on */
    bool is_best;        /* this epoch's weights are the best so far */
    size_t step;         /* steps since training began, over all epochs */
    double rate;         /* the learning rate of the last of them */
    double seconds;      /* that this epoch has taken so far, with its validation */
    bool again;          /* told once more: an epoch from before a checkpoint (checkpoint.h) */
} grove_progress;

/* Where the time of the training steps went, those of full batches and of shorter ones together.
 * Making batches, validating and settling (nn.h) are no part of a step. */
typedef struct grove_fit_profile {
    grove_op_time *times;  /* [room] the caller's, to be filled: the longest time first (plan.h) */
    size_t room;           /* ops that there is room for; those of shorter times are left out */
    size_t count;          /* ops that were filled in */
    size_t steps;          /* that were counted */
    grove_plan_stats plan; /* of the plan for full batches */
} grove_fit_profile;

/* Zero means the default, field by field. */
typedef struct grove_fit_options {
    int epochs;                /* at most; 20 */
    int64_t batch;             /* 256 */
    grove_optimizer optimizer; /* a zeroed one is plain SGD: set what you want */
    int patience;              /* stop after so many epochs without a better validation loss; 5 */
    double plateau_factor;     /* multiply the rate by this when more than plateau_patience epochs
                                  have had no better validation loss, then count anew; wants .rate
                                  of the optimizer; 0: never */
    int plateau_patience;      /* 2 */
    double unknown_share; /* in training, this share of the ids is replaced by id 0, the unknown
                                  category, so that its row learns to stand for a rare one */
    /* How much rows count in the loss: [rows of the training dataset], finite numbers from 0 up;
     * rows of 0 are not trained on. NULL: all alike. Only their ratios matter. Wants a classifier
     * that is .weighted. And those of the dataset that is validated on, which also count in
     * measures. Rows of a file have none. */
    const float *weights, *valid_weights;
    /* Where there are classes: [classes] times which a row of that label counts in the losses of
     * training and validation, not in measures; NULL: 1. Of sets of classes the class alone counts
     * so, in rows that have it (pos_weight of PyTorch). As .weights. */
    const float *class_weights;
    uint64_t seed;     /* of the order of the rows, and of that share */
    int threads;       /* as of a plan; the result does not depend on it */
    bool check_finite; /* each step looks for the first NaN or infinity (plan.h), and training
                             stops there with the op, the parameter and the row of the dataset */
    grove_fit_profile *profile; /* is told where the time of the steps went; NULL: nothing is
                                   counted. Not together with .check_finite */
    struct grove_fit_checkpoint
        *checkpoint; /* is written, or gone on from (checkpoint.h); or NULL */
    size_t *cut; /* or NULL; receives how many pieces of texts and values of bags, in all steps from
                    where it was begun or gone on with, had no room in their batch and were left out
                    of it: seldom some, where long cells met. Answers leave none out */
    /* Called with `user`; true goes on, false stops: the best weights so far are given back. */
    bool (*progress)(void *user, const grove_progress *progress);
    void *user;
} grove_fit_options;

typedef struct grove_fit_result {
    int epochs;                    /* that were run */
    int best_epoch;                /* whose weights the classifier now has */
    double train_loss, valid_loss; /* of that epoch */
    grove_metrics valid;           /* of it, if there were rows to validate on */
} grove_fit_result;

/* Trains on the rows of `train` (shuffled anew for each epoch), validates on those of `valid`
 * (count 0: none, and the last weights are kept). Both datasets have labels. Whatever ends the
 * training, the classifier has the weights of its best epoch afterwards. With .average of the
 * optimizer, the averages are what is validated and what the classifier has then. All but `error`
 * must be there, options and result too. */
GROVE_API grove_status grove_fit(grove_classifier *classifier, const grove_schema *schema,
                                 grove_rows train, grove_rows valid,
                                 const grove_fit_options *options, grove_fit_result *result,
                                 grove_error *error);

/* What a training with these options would validate the classifier by: measures, and the loss that
 * the best epoch is found by (grove_progress). There must be rows. */
GROVE_API grove_status grove_fit_validate(const grove_classifier *classifier,
                                          const grove_schema *schema, grove_rows valid,
                                          const grove_fit_options *options, grove_metrics *metrics,
                                          double *loss, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
