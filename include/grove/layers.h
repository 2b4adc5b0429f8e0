/* SPDX-License-Identifier: MIT
 *
 * grove/layers.h - layers that are made of several ops: normalization, attention, recurrence.
 *
 * Nothing here is new: each layer is a handful of nodes of ops.def, to be seen in a picture of the
 * graph, with gradients that their ops have already. Shapes stand in brackets; "..." are leading
 * axes, the batch among them; `width` is how many numbers describe one thing (a row, a word).
 *
 * Names are made as in nn.h: the layer "norm" has the parameters "norm.weight", "norm.bias", and
 * its result is called "norm". Options may be NULL: all defaults; in them zero means the default.
 *
 * Two layers need no parameters, and are ops: a residual connection (He et al. 2016), which lets a
 * stack of layers be deep, is grove_add(x, layer(x)); dropout (Srivastava et al. 2014), which keeps
 * a model from relying on single numbers, grove_dropout(x, 0.1): x [...] -> the same, in training
 * each number 0 with that probability, else divided by 1 - probability. Outside nothing happens.
 */
#ifndef GROVE_LAYERS_H
#define GROVE_LAYERS_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- normalization: numbers of a size that the next layer can work with ---------------------- */

typedef struct grove_layer_norm_options {
    double epsilon; /* added to the variance; 1e-5 */
} grove_layer_norm_options;

/* Layer normalization (Ba, Kiros & Hinton 2016): each row is brought to mean 0 and variance 1 by
 * itself, then scaled and shifted number by number, by what is learned:
 *
 *     y = (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias      mean, var over the last axis
 *
 * x [..., width] -> the same; weight [width] begins at 1, bias [width] at 0, as torch.nn.LayerNorm.
 * A row does not see the others: it works alike in training and outside, for any batch. */
GROVE_API grove_tensor grove_nn_layer_norm(grove_tensor x, const char *name,
                                           const grove_layer_norm_options *options);

typedef struct grove_batch_norm_options {
    double momentum; /* the share of the new batch in the running numbers; 0.1 */
    double epsilon;  /* added to the variance; 1e-5 */
} grove_batch_norm_options;

/* Batch normalization (Ioffe & Szegedy 2015): each of the `width` numbers is brought to mean 0 and
 * variance 1 over all rows of the batch, then scaled and shifted by what is learned.
 *
 * x [..., width], at least two axes -> the same; weight, bias [width]. In training plans mean and
 * variance are the batch's (the gradient passes through them); in inference plans they are the
 * running ones, the states "<name>.running_mean" and "<name>.running_var" [width]. Each step of
 * grove_minimize moves those towards the batch's:
 *
 *     running <- (1 - momentum) * running + momentum * batch's
 *
 * As in torch.nn.BatchNorm1d the batch's variance is divided by n to normalize, and by n - 1 for
 * the running one. A batch of fewer than two rows says nothing of the spread: it leaves the running
 * numbers as they are (and in training becomes the bias). */
GROVE_API grove_tensor grove_nn_batch_norm(grove_tensor x, const char *name,
                                           const grove_batch_norm_options *options);

/* The updates of all running averages that the loss depends on, as one tensor, or GROVE_NONE where
 * there are none. grove_minimize contains it; it is for those who write an optimizer themselves. */
GROVE_API grove_tensor grove_running_averages(grove_tensor loss);

/* ---- attention: each place looks at the others and takes from them what it needs ------------- */

typedef struct grove_attention_options {
    grove_tensor memory; /* [batch, keys, any width] to look at, instead of x itself */
    grove_tensor keep;   /* [batch, keys] reals or ids, above 0: to be seen, else padding. So
                            ids of words can be it themselves where id 0 stands for padding. */
    bool causal;         /* a place sees itself and those before it; not with a memory */
    double dropout;      /* of the weights, in training */
    bool no_bias;
} grove_attention_options;

/* Multi-head scaled dot-product attention (Vaswani et al. 2017). Each place of x asks a question
 * (query), each place of the memory has a title (key) and a content (value):
 *
 *     weights = softmax(query key^T / sqrt(width / heads))      [batch, heads, time, keys]
 *     y = (weights value, the heads side by side) out^T + bias
 *
 * x [batch, time, width] -> the same; time and width are fixed, heads divide the width. Parameters:
 * "<name>.query.weight", "<name>.key.weight", "<name>.value.weight", "<name>.out.weight" [width,
 * in], each with its ".bias" [width]. (torch.nn.MultiheadAttention stacks the first three, in this
 * order, as in_proj_weight [3 * width, width], and calls the last out_proj.) The weights can be
 * looked at: the node "<name>.weights", before dropout. Unless there is a dropout they lie beside
 * the way to y: they are computed only where a plan is asked for them, and are in a model file only
 * if they are saved as an output.
 *
 * What is not seen has no influence, to the last bit, as long as it is finite. A place that sees
 * nothing at all takes nothing: its weights are 0, its y is the bias. */
GROVE_API grove_tensor grove_nn_attention(grove_tensor x, int64_t heads, const char *name,
                                          const grove_attention_options *options);

/* Attention does not know what comes first. These add to x [batch, time, width] a row for each
 * place in time: one that is learned, "<name>.weight" [time, width], beginning with normal numbers
 * of standard deviation 0.02 (Devlin et al. 2019); or waves of geometrically growing length, a
 * constant (Vaswani et al. 2017): sin(t / 10000^(2i / width)) at 2i, the cosine at 2i + 1. */
GROVE_API grove_tensor grove_nn_position_embedding(grove_tensor x, const char *name);
GROVE_API grove_tensor grove_nn_position_waves(grove_tensor x, const char *name);

typedef struct grove_transformer_options {
    int64_t hidden;    /* units of the feed-forward layer; 4 * width */
    bool post_norm;    /* normalize after each sum, as first published; else before each part, which
                          learns more steadily when blocks are stacked (Xiong et al. 2020) */
    bool relu;         /* between the two dense layers; else GELU (Hendrycks & Gimpel 2016) */
    bool causal;       /* as in attention */
    grove_tensor keep; /* likewise */
    double dropout;    /* of attention weights and of each part's result, in training */
    double epsilon;    /* of the layer norms; 1e-5 */
} grove_transformer_options;

/* One block of a transformer (Vaswani et al. 2017; an encoder's, or with .causal that of a decoder
 * of one input, as in GPT): the places exchange, then each thinks for itself. x [batch, time,
 * width] -> the same.
 *
 *     pre-norm:  x = x + attention(norm1(x));   x = x + linear2(gelu(linear1(norm2(x))))
 *     post-norm: x = norm1(x + attention(x));   x = norm2(x + linear2(gelu(linear1(x))))
 *
 * Its layers are "<name>.attention", "<name>.norm1", "<name>.linear1", "<name>.linear2",
 * "<name>.norm2". After a stack of pre-norm blocks comes one more layer norm. */
GROVE_API grove_tensor grove_nn_transformer_block(grove_tensor x, int64_t heads, const char *name,
                                                  const grove_transformer_options *options);

/* ---- recurrence: read one place after the other, and remember -------------------------------- */

typedef struct grove_gru_options {
    grove_tensor first;       /* the state before the first place [batch, units]; else zeros */
    grove_tensor *last_state; /* receives the state after the last place [batch, units] */
} grove_gru_options;

/* A gated recurrent unit (Cho et al. 2014), unrolled: a copy of its nodes for each place in time,
 * all with the same parameters. x [batch, time, in], time fixed -> [batch, time, units], the state
 * h after each place. With torch.nn.GRU's formulas, names and layout:
 *
 *     r = sigmoid(x W_ir^T + b_ir + h W_hr^T + b_hr)         what to forget for the proposal
 *     z = sigmoid(x W_iz^T + b_iz + h W_hz^T + b_hz)         how much of h to keep
 *     n = tanh(x W_in^T + b_in + r * (h W_hn^T + b_hn))      the proposal
 *     h = (1 - z) * n + z * h
 *
 * "<name>.weight_ih_l0" [3 * units, in] holds W_ir, W_iz, W_in, one below the other;
 * "<name>.weight_hh_l0" [3 * units, units], "<name>.bias_ih_l0", "<name>.bias_hh_l0" [3 * units]
 * likewise. All begin uniform within +-1 / sqrt(units). */
GROVE_API grove_tensor grove_nn_gru(grove_tensor x, int64_t units, const char *name,
                                    const grove_gru_options *options);

#ifdef __cplusplus
}
#endif
#endif
