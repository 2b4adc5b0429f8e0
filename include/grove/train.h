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

#include "data.h"
#include "data_row_file.h"
#include "metrics.h"
#include "nn.h"
#include "number_embeddings.h"
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

/* ---- the network ----------------------------------------------------------------------------- */

#define GROVE_ARCHITECTURE_LIST(X)                                                                 \
    X(MLP, "mlp") X(RESNET, "resnet") X(TRANSFORMER, "transformer") X(WIDE_DEEP, "wide-deep")

/* What stands between the vectors of the columns and the answer:
 *
 *     mlp          hidden layers, each dense, ReLU, dropout
 *     resnet       hidden layers as blocks that add to what they read, with layer normalization
 *                  (the ResNet of Gorishniy et al. 2021, "Revisiting Deep Learning Models for
 *                  Tabular Data")
 *     transformer  columns are tokens that attend to each other; a further one becomes the answer
 *                  (the same paper's FT-Transformer). A hidden layer is that of a block
 *     wide-deep    the mlp, and beside it a linear model of all categories and numbers, and of
 *                  crosses of columns (Cheng et al. 2016, "Wide & Deep Learning")
 */
typedef enum grove_architecture {
#define GROVE_ARCHITECTURE_ENUM(name, words) GROVE_ARCHITECTURE_##name,
    GROVE_ARCHITECTURE_LIST(GROVE_ARCHITECTURE_ENUM)
#undef GROVE_ARCHITECTURE_ENUM
        GROVE_ARCHITECTURES /* how many there are */
} grove_architecture;

/* Columns whose values together are one category: by their places among the categorical columns, as
 * in grove_schema_categorical. */
enum { GROVE_MOST_CROSSED = 4 };
typedef struct grove_cross {
    int columns[GROVE_MOST_CROSSED];
    int count; /* 2 to 4 */
} grove_cross;

/* What is minimized of a number, e = prediction - label, both scaled: the mean of e^2, of |e|, or
 * Huber's loss (losses.h). */
typedef enum grove_number_loss {
    GROVE_NUMBER_LOSS_MSE,
    GROVE_NUMBER_LOSS_MAE,
    GROVE_NUMBER_LOSS_HUBER
} grove_number_loss;

/* Zero means the default, field by field. */
typedef struct grove_classifier_options {
    grove_architecture architecture;
    const int64_t *hidden; /* [hidden_count] units of the hidden layers; may be none */
    int hidden_count;
    int64_t embedding_width;       /* of every table; 0: each by grove_nn_embedding_width */
    double dropout;                /* after each hidden layer; from 0 to below 1 */
    double table_dropout;          /* of the vectors of columns and bins; likewise */
    const grove_number_bins *bins; /* of all features (number_embeddings.h): beside each number
                                      stands the vector of its bin; NULL: numbers stand alone */
    int64_t number_width;          /* of these vectors; 0: 8 */
    const grove_cross *crosses;    /* [cross_count] of a wide-deep network */
    int cross_count;
    int64_t cross_buckets; /* rows of the one table that all crosses share by a hash; 0: 65,536 */
    double cross_dropout;  /* of what single crosses add; from 0 to below 1 */
    double word_dropout;   /* share of a text's pieces dropped; from 0 to below 1 */
    bool weighted;         /* rows count by an input "weights" in the loss */
    grove_number_loss number_loss;
    double huber_delta; /* in deviations of the target; 1 */
    uint64_t seed;
    grove_allocator allocator;
} grove_classifier_options;

/* A graph and its tensors, which are named so that a loaded model can be used in the same way:
 *
 *     "column.<name>"   ids [batch], an input for each categorical column
 *     "numbers"         [batch, numeric], an input, where there are numeric features
 *     "column.<name>"   of a bag or a text: ids [k batches and c more], the last of them padding;
 *     "column.<name>.offsets"  [batch], where the ids of each row begin (data_bags.h), and
 *     "column.<name>.weights"  what each id weighs
 *     "label"           ids [batch], an input, for the loss; of numbers [batch], scaled
 *     "weights"         [batch], an input, where .weighted
 *     "table.<name>"    the embedding of a column; its table is "table.<name>.weight"
 *     "bins"            [batch, numeric, number_width], where numbers have bins
 *     "mlp.0"...        the dense layers; the last one gives the logits, or the number, to which
 *                       texts add theirs: the table of a text has a number for each class
 *     "resnet.0"..., "transformer.0"...   the blocks of other architectures
 *     "wide.<name>", "wide", "crosses"   the linear part of wide-deep
 *     "probabilities"   [batch, classes], the answer
 *     "scaled"          [batch], the number where one is asked for, as (y - mean) / deviation
 *     "prediction"      [batch], the answer then, in the units of the table
 *     "loss"            the mean cross-entropy, or what .number_loss says; where .weighted,
 *                       sum(w loss) / sum(w)
 */
typedef struct grove_classifier {
    grove_graph *graph;
    grove_tensor label, probabilities, loss;
    grove_tensor answer; /* probabilities, or of a number the prediction; then those are none */
    grove_number_loss number_loss; /* as asked for, */
    double huber_delta;            /* or by default */
    grove_tensor weights;          /* GROVE_NONE: rows count alike */
} grove_classifier;

/* Builds the network for a fitted schema with a label: tables and numbers side by side, hidden
 * layers with ReLU and dropout, softmax or a number. All but `error` must be there, options too.
 * A mistake stands in `error`, and there is nothing to free. */
GROVE_API grove_status grove_classifier_new(const grove_schema *schema,
                                            const grove_classifier_options *options,
                                            grove_classifier *classifier, grove_error *error);
GROVE_API void grove_classifier_free(grove_classifier *classifier);

/* The most frequent class of the training rows: what a model without inputs would always answer. Of
 * a target their mean and median. */
GROVE_API grove_id grove_schema_majority(const grove_schema *schema);
GROVE_API grove_center grove_schema_center(const grove_schema *schema);

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
                            log loss, of numbers .number_loss of what is scaled; counted as in
                            training, by weights of rows and classes */
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
     * measures. */
    const float *weights, *valid_weights;
    /* Where there are classes: [classes] times which a row of that label counts in the losses of
     * training and validation, not in measures; NULL: 1. As .weights. */
    const float *class_weights;
    uint64_t seed;     /* of the order of the rows, and of that share */
    int threads;       /* as of a plan; the result does not depend on it */
    bool check_finite; /* each step looks for the first NaN or infinity (plan.h), and training
                             stops there with the op, the parameter and the row of the dataset */
    grove_fit_profile *profile; /* is told where the time of the steps went; NULL: nothing is
                                   counted. Not together with .check_finite */
    struct grove_fit_checkpoint
        *checkpoint; /* is written, or gone on from (checkpoint.h); or NULL */
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

#ifdef __cplusplus
}
#endif
#endif
