/* SPDX-License-Identifier: MIT
 *
 * grove/nn.h - layers, losses, optimizers: compositions of ops, with their parameters.
 *
 * A layer called "hidden" makes its parameters "hidden.weight" and "hidden.bias", and calls its
 * result "hidden" (unless another node, an input say, is called that already). So every activation
 * and every parameter can be found by name.
 */
#ifndef GROVE_NN_H
#define GROVE_NN_H

#include "grad.h"
#include "ops.h"
#include "schedules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layers ---------------------------------------------------------------------------------- */

/* A dense (linear, fully connected) layer: y = x W^T + b. x [..., in] -> [..., units]; weight
 * [units, in] begins Xavier-uniform (Glorot & Bengio 2010), bias [units] at zero, as in
 * torch.nn.Linear's layout. Each unit is a weighted sum of all inputs: what layers are stacked of,
 * with an activation between. */
GROVE_API grove_tensor grove_nn_dense(grove_tensor x, int64_t units, const char *name);

typedef struct grove_dense_options {
    bool no_bias;
    const grove_init *weight_init; /* NULL: Xavier-uniform */
    grove_tensor weight;           /* [units, in], instead of a new one: a table of embeddings, say,
                                      as in a model that reads and writes words by the same vectors
                                      (weight tying: Press & Wolf 2017). The gradients of all its
                                      uses add up. */
} grove_dense_options;
GROVE_API grove_tensor grove_nn_dense_with(grove_tensor x, int64_t units, const char *name,
                                           const grove_dense_options *options);

/* An embedding layer: learns a short vector for each of `rows` categories. ids [...] from 0 to
 * rows - 1 -> [..., width]; the table is called name.weight [rows, width] and begins with normal
 * numbers, of standard deviation 1 / sqrt(width), so that each vector's length is about 1.
 *
 * (Bengio, Ducharme, Vincent & Jauvin 2003.) It is the same as a dense layer on a one-hot row of
 * `rows` numbers, at the cost of copying width numbers; and in training only the rows that a batch
 * names are touched. With a beginning of one's own, or a row for what is unknown:
 * grove_nn_embedding_with, embeddings.h. */
GROVE_API grove_tensor grove_nn_embedding(grove_tensor ids, int64_t rows, int64_t width,
                                          const char *name);

/* A rule of thumb for the width of a table: round(1.6 * rows^0.56) (Howard & Gugger, fastai), but
 * at most 16, so that a table of 73,000 rows stays small. A beginning, not a law. */
GROVE_API int64_t grove_nn_embedding_width(int64_t rows);
#define GROVE_EMBEDDING_WIDTH_RULE "1.6 * rows^0.56, at most 16" /* the same in words */

/* The depth of the network that computes these outputs, by the glossary's rule: hidden layers +
 * output layers + embedding layers. A layer is a product with a trained weight, or a lookup in a
 * trained table; layers side by side (a table for each column) count once, as one layer of the
 * longest way from an input to an output. -1 where the outputs are no tensors of one graph, or
 * memory is short. */
GROVE_API int grove_nn_depth(const grove_tensor *outputs, int count);

/* ---- losses: scalars, the mean over the rows ------------------------------------------------- */

/* Cross-entropy of a full softmax. logits [n, classes], labels ids [n]. */
GROVE_API grove_tensor grove_softmax_cross_entropy(grove_tensor logits, grove_tensor labels);

/* The same with weights for classes ([classes], or GROVE_NONE), an ignored label, smoothing. The
 * mean is weighted, and ignored rows count neither above nor below the line: as in PyTorch. */
GROVE_API grove_tensor grove_softmax_cross_entropy_with(grove_tensor logits, grove_tensor labels,
                                                        grove_tensor class_weights,
                                                        const grove_cross_entropy_options *options);

/* Binary cross-entropy from logits; targets from 0 to 1, of the same shape. */
GROVE_API grove_tensor grove_binary_cross_entropy(grove_tensor logits, grove_tensor targets);

/* mean((prediction - target)^2): the mean is what it learns. Both [n, ...] of one shape; a target
 * [n] beside a prediction [n, 1] is refused, not broadcast. */
GROVE_API grove_tensor grove_mean_squared_error(grove_tensor prediction, grove_tensor target);

/* ---- optimizers ------------------------------------------------------------------------------ */

typedef enum grove_optimizer_kind {
    GROVE_OPTIMIZER_SGD,
    GROVE_OPTIMIZER_ADAM,
    GROVE_OPTIMIZER_ADAMW,
    GROVE_OPTIMIZER_ADAGRAD,
    GROVE_OPTIMIZER_ROWWISE_ADAGRAD, /* one sum of squares for each row of a weight or a table */
    GROVE_OPTIMIZER_RMSPROP
} grove_optimizer_kind;

/* Zero means the default, field by field. What names kinds of optimizers is refused by the others,
 * and so is a rate beside a rate_node: no field that is given does nothing. */
typedef struct grove_optimizer {
    grove_optimizer_kind kind;
    double rate;             /* the learning rate: 0.001 for adam(w), 0.01 for the others */
    grove_tensor rate_node;  /* instead: any scalar tensor of the graph (grove_rate_state, say) */
    grove_schedule schedule; /* how the rate changes from update to update: schedules.h */
    grove_tensor clock;      /* counts the updates; instead of a new "optimizer.step" */
    double momentum;         /* sgd, rmsprop */
    bool nesterov;           /* sgd */
    double beta1, beta2;     /* adam(w): 0.9, 0.999 */
    double alpha;            /* rmsprop: 0.99 */
    bool centered;           /* rmsprop: by the standard deviation of gradients */
    double epsilon;          /* adam(w), rmsprop: 1e-8, the adagrads: 1e-10 (sgd has none) */
    double decay;      /* weight decay; decoupled for adamw (default there 0.01), coupled else.
                          Biases and tables decay only if their options ask for it. */
    double clip_value; /* each number of a gradient is brought to -clip_value...clip_value; 0:
                          never. Before clip_norm, where both are asked for. */
    double clip_norm;  /* the gradients of all parameters together are scaled down to this
                          length when they are longer; 0: never */
    double average;    /* keep a running average of all trained parameters, for evaluation, with
                          this decay (0.999, say); 0: none. See grove_swap_averages. */
    bool lazy;         /* row-sparse updates in the plain lazy form, without catching up */
} grove_optimizer;

#define GROVE_SGD(...) (&(grove_optimizer){.kind = GROVE_OPTIMIZER_SGD, __VA_ARGS__})
#define GROVE_ADAM(...) (&(grove_optimizer){.kind = GROVE_OPTIMIZER_ADAM, __VA_ARGS__})
#define GROVE_ADAMW(...) (&(grove_optimizer){.kind = GROVE_OPTIMIZER_ADAMW, __VA_ARGS__})
#define GROVE_ADAGRAD(...) (&(grove_optimizer){.kind = GROVE_OPTIMIZER_ADAGRAD, __VA_ARGS__})
#define GROVE_ROWWISE_ADAGRAD(...)                                                                 \
    (&(grove_optimizer){.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, __VA_ARGS__})
#define GROVE_RMSPROP(...) (&(grove_optimizer){.kind = GROVE_OPTIMIZER_RMSPROP, __VA_ARGS__})

/* Appends the backward pass of the loss and the updates of all trainable parameters that it depends
 * on; returns one tensor that stands for them all: compute it in a training plan, and the
 * parameters have made a step. Running averages that the loss depends on (batch normalization's,
 * layers.h) move with it.
 *
 * A table that is only looked up gets a row-sparse update: only the rows that the batch names are
 * touched, whatever the table's size. For adam and momentum it comes in two forms:
 *   exact (the default): a row that is met again first receives the movement and decay that the
 *     dense form would have given it while it rested, each missed update at the rate it had. So it
 *     is the dense form, within rounding, whatever the rate does. A rate that changes (a schedule,
 *     a rate_node) is remembered for this, "optimizer.rates", and in each step a row or a few of
 *     every table have their turn, so that none rests for longer than is remembered: at most
 *     16,384 updates. Rows that nobody meets wait: grove_settle before you evaluate.
 *   lazy (.lazy = true): a resting row and its moments rest. Cheaper when rows rest for long, and
 *     what many frameworks call sparse Adam; not the dense form: rare rows move less.
 * For the adagrads, and sgd without momentum, there is no difference. The exact form of rmsprop
 * makes up for the fading of its averages; with momentum or decay it has only the lazy form.
 *
 * The optimizer's state is made of tensors: "optimizer.step", "<parameter>.adam_m"... */
GROVE_API grove_tensor grove_minimize(grove_tensor loss, const grove_optimizer *optimizer);

/* Brings all resting rows of all tables up to date. To be called before parameters are read, saved
 * or evaluated by a plan; until then, rows that wait lag behind the dense form by what they missed.
 * Costs a pass over the tables; nothing where no update is exact and by rows. `minimize` is what
 * grove_minimize returned. It builds nothing: where it fails, grove_graph_notice says why, and the
 * graph is as good as before. */
GROVE_API grove_status grove_settle(grove_tensor minimize);

/* The same as a tensor, for those who settle often: to be computed in a training plan of its own.
 * */
GROVE_API grove_tensor grove_settled(grove_tensor minimize);

/* Where the optimizer keeps running averages of weights (.average): settles, then exchanges each
 * parameter's numbers with those of the state "<parameter>.average". Evaluate or save; then call it
 * once more, and train on. An average follows the weights as each update leaves them, and begins
 * where they stood at the first step. Those of a table go by rows, at no cost for rows that rest:
 * the same numbers, unless resting rows move (exact adam and momentum), which the average sees when
 * they are met or settled. Where it fails (no averages are kept): see grove_settle. */
GROVE_API grove_status grove_swap_averages(grove_tensor minimize);

#ifdef __cplusplus
}
#endif
#endif
