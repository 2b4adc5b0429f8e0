/* SPDX-License-Identifier: MIT
 *
 * grove/network.h - the network for rows of a table: what its columns become, what stands between
 * them and the answer, and several networks joined into one.
 *
 * Ownership: a grove_classifier owns its graph. Options only point. Every _free takes NULL.
 */
#ifndef GROVE_NETWORK_H
#define GROVE_NETWORK_H

#include "data.h"
#include "metrics.h"
#include "nn.h"
#include "number_embeddings.h"
#include "sampled_losses.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* How the softmax of very many classes is learned: by all of them in each step, or by the label and
 * classes drawn at random (sampled_losses.h): sampled softmax with the log-Q correction, or
 * noise-contrastive estimation. Answers, validation and measures are of all classes in any case. */
typedef enum grove_softmax_kind {
    GROVE_SOFTMAX_FULL,
    GROVE_SOFTMAX_SAMPLED,
    GROVE_SOFTMAX_NCE
} grove_softmax_kind;

/* How the vectors of a column's categories are kept.
 *
 *     full      a table with a row for each, which is looked up
 *     one-hot   the same table, multiplied by rows of zeros with a one: the same numbers for the
 *               work and memory of all rows, forwards and backwards. It is there to compare with
 *     hashed    .buckets rows for all, of which each category has .hashes by a hash; their sum
 *               (grove_nn_hashed_embedding)
 *     quotient  two small tables, one by id / .buckets and one by id mod .buckets; their product
 *               (grove_nn_quotient_remainder_embedding)
 */
typedef enum grove_table_kind {
    GROVE_TABLE_FULL,
    GROVE_TABLE_ONE_HOT,
    GROVE_TABLE_HASHED,
    GROVE_TABLE_QUOTIENT
} grove_table_kind;

typedef struct grove_table_form {
    grove_table_kind kind;
    int64_t buckets; /* of hashed and quotient */
    int hashes;      /* of hashed; 0: 2 */
} grove_table_form;

enum { GROVE_MOST_STAGES = 256 }; /* of boosting */

/* A Bayesian network (bayesian.h): an mlp whose tables and dense layers are normal distributions;
 * biases and the vectors of bins and waves stay numbers. First trained, then joined as draws:
 *
 *     train   in training the weights' noise is drawn, outside the means answer. The loss is that
 *             of the rows and the divergence from the prior; of numbers by squared errors the noise
 *             of the label is learned, too: error^2 / (2 s^2) + log s, "noise" being log s
 *     draws   what grove_classifier_join of the trained one makes: `draws` networks with weights
 *             drawn from it, which answer together, like members
 */
typedef enum grove_bayes_mode {
    GROVE_BAYES_NONE,
    GROVE_BAYES_TRAIN,
    GROVE_BAYES_DRAWS
} grove_bayes_mode;

/* Zero means the default, field by field. */
typedef struct grove_bayes {
    grove_bayes_mode mode;
    int draws;        /* 2 to GROVE_MOST_MEMBERS; 8 */
    double prior;     /* times the prior's usual deviation, that of bayesian.h; 1 */
    double kl_weight; /* of the divergence; 1. Below 1 the posterior is sharper than the rows say */
    int64_t warm_up;  /* steps over which that weight grows from 0; 0: none */
    size_t rows;      /* of the training: a row's loss has so small a share of the divergence */
} grove_bayes;

/* Zero means the default, field by field. */
typedef struct grove_classifier_options {
    grove_architecture architecture;
    const int64_t *hidden; /* [hidden_count] units of the hidden layers; may be none */
    int hidden_count;
    int64_t embedding_width;        /* of every table; 0: each by grove_nn_embedding_width */
    const grove_table_form *tables; /* [categorical columns]; NULL: all full. A model whose tables
                                       have another form answers like any other; its categories
                                       have no vector that could be looked at */
    double dropout;                 /* after each hidden layer; from 0 to below 1 */
    double table_dropout;           /* of the vectors of columns and bins; likewise */
    grove_number_form numbers;      /* of columns that do not say (data_form.h); bins, if there are
                                      .bins, else standard */
    const grove_number_bins *bins;  /* of all features (number_embeddings.h), for those that have a
                                      vector for each bin; NULL: there are none */
    int64_t number_width;           /* of the vectors of bins and waves; 0: 8, and 24 */
    const grove_cross *crosses;     /* [cross_count] of a wide-deep network */
    int cross_count;
    int64_t cross_buckets; /* rows of the one table that all crosses share by a hash; 0: 65,536 */
    double cross_dropout;  /* of what single crosses add; from 0 to below 1 */
    double word_dropout;   /* share of a text's pieces dropped; from 0 to below 1 */
    bool weighted;         /* rows count by an input "weights" in the loss; of sets of classes also
                              classes that a row has, by "positive_weights" */
    grove_number_loss number_loss;
    double huber_delta; /* in deviations of the target; 1 */
    /* Boosting (boost.h): the answer is a sum of so many weak models, each an mlp of these hidden
     * layers; 0: it is one network. The first `fixed_stages` of them are as they are: without
     * dropout, and what is read of them passes no gradient. */
    int stages, fixed_stages;
    /* A loss of your own instead of the label's, of scores [batch, outputs] (of numbers [batch]),
     * "label" and "weights" (or GROVE_NONE); called with own_loss_user. A scalar. */
    grove_tensor (*own_loss)(void *user, grove_tensor scores, grove_tensor label,
                             grove_tensor weights);
    void *own_loss_user;
    grove_bayes bayes;          /* of an mlp without bags and texts */
    grove_softmax_kind softmax; /* sampled and NCE want one class a row, and one last layer that
                                   makes all logits: no wide part and no texts */
    grove_sampler_kind sampler; /* of their draws: log-uniform by the rank of a class, the most
                                   frequent first; uniform; or its rows to the power of 3/4 */
    int64_t samples;            /* drawn for a batch; 0: 512 */
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
 *     "label"           ids [batch], an input, for the loss; of numbers [batch], scaled; of sets
 *                       [batch, classes], 1 for the classes of the row, else 0
 *     "weights"         [batch], an input, where .weighted
 *     "positive_weights" [classes], of sets likewise: what a class counts in rows that have it
 *     "table.<name>"    the embedding of a column; its table is "table.<name>.weight", if full
 *     "bins"            [batch, numbers with bins, number_width], where there are some
 *     "waves"           [batch, numbers with waves, number_width], where some are periodic
 *     "mlp.0"...        the dense layers; the last one gives the logits, or the number, to which
 *                       texts add theirs: the table of a text has a number for each class
 *     "resnet.0"..., "transformer.0"...   the blocks of other architectures
 *     "wide.<name>", "wide", "crosses"   the linear part of wide-deep
 *     "stage.2", "stage.2.rate", "stage.2.scores"   of boosting: what a weak model says [batch,
 *                       outputs], what that is scaled by, the sum so far; names of its parameters
 *                       begin with "stage.2.", those of the first one have no prefix
 *     "probabilities"   [batch, classes], the answer: a softmax; of sets a sigmoid for each class
 *     "scaled"          [batch], the number where one is asked for, as (y - mean) / deviation
 *     "prediction"      [batch], the answer then, in the units of the table
 *     "loss"            the mean cross-entropy, or what .softmax says (of sets the binary one, the
 *                       mean over rows and classes), or what .number_loss says; where .weighted,
 *                       sum(w loss) / sum(w)
 */
typedef struct grove_classifier {
    grove_graph *graph;
    grove_tensor label, probabilities, loss;
    grove_tensor answer; /* probabilities, or of a number the prediction; then those are none */
    grove_number_loss number_loss; /* as asked for, */
    double huber_delta;            /* or by default */
    grove_tensor weights;          /* GROVE_NONE: rows count alike */
    grove_tensor positive_weights; /* GROVE_NONE: so do classes; or these are no sets of them */
    grove_tensor clock; /* that grove_fit's optimizer counts by; GROVE_NONE: one of its own */
} grove_classifier;

/* Builds the network for a fitted schema with a label: tables and numbers side by side, hidden
 * layers with ReLU and dropout, softmax or a number. All but `error` must be there, options too.
 * A mistake stands in `error`, and there is nothing to free. */
GROVE_API grove_status grove_classifier_new(const grove_schema *schema,
                                            const grove_classifier_options *options,
                                            grove_classifier *classifier, grove_error *error);
GROVE_API void grove_classifier_free(grove_classifier *classifier);

/* One classifier out of several, trained one by one on the same columns: it has their networks side
 * by side, and answers with the mean of their probabilities (deep ensembles: Lakshminarayanan,
 * Pritzel & Blundell 2017). options [count] are those that members [count] were built with; names
 * of the second one's parameters begin with "member.2.", and so on. The members are only read. */
enum { GROVE_MOST_MEMBERS = 64 };
GROVE_API grove_status grove_classifier_join(const grove_schema *schema,
                                             const grove_classifier_options *options,
                                             const grove_classifier *members, int count,
                                             grove_classifier *joined, grove_error *error);

/* The most frequent class of the training rows: what a model without inputs would always answer. Of
 * a target their mean and median. */
GROVE_API grove_id grove_schema_majority(const grove_schema *schema);
GROVE_API grove_center grove_schema_center(const grove_schema *schema);

#ifdef __cplusplus
}
#endif
#endif
