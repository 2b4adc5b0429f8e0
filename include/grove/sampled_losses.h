/* SPDX-License-Identifier: MIT
 *
 * grove/sampled_losses.h - learning one of very many classes, at a cost that does not grow with
 * them: candidate sampling.
 *
 * A full softmax over 100,000 words computes 100,000 scores for each row, to learn that one of them
 * should have been higher. Here each step holds the label against a few classes drawn at random.
 * Only the rows of the output table that are named, by a label or by a draw, are looked up, get a
 * gradient and are updated.
 *
 *     grove_tensor weight = grove_parameter(g, "out.weight", GROVE_SHAPE(classes, width), init);
 *     grove_tensor bias   = grove_parameter(g, "out.bias", GROVE_SHAPE(classes, 1), zeros);
 *     grove_sampler words = grove_sampler_unigram(g, counts, classes, 0.75, "words");
 *     grove_tensor loss   = grove_sampled_softmax_loss(h, weight, bias, label,
 *         &(grove_sampled_options){.sampler = &words, .samples = 64});
 *
 * Sampling is for training. Predict, validate and compare with the full softmax of the same table:
 *
 *     grove_tensor logits = grove_add(grove_matmul(h, weight, false, true),
 *                                     grove_reshape(bias, GROVE_SHAPE(classes)));
 *     grove_tensor full   = grove_softmax_cross_entropy(logits, label);
 *
 * (grove_settle first, after exact Adam or momentum: resting rows wait, see grove_minimize.) A
 * sampled loss in an inference plan is computed, too: with the draw of the next training run.
 *
 *     loss                 sampler                          answers to the full softmax's question
 *     sampled softmax      any with no class never drawn    yes; better with more samples
 *     noise-contrastive    any with no class never drawn    yes; scores become log-probabilities
 *     negative sampling    any; unigram^0.75 for words      only after adding log q to the logits
 *
 * The log-uniform sampler wants ids in the order of falling frequency (0 the most frequent), as a
 * vocabulary sorted by counts has them.
 */
#ifndef GROVE_SAMPLED_LOSSES_H
#define GROVE_SAMPLED_LOSSES_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- samplers: who is drawn, and how likely -------------------------------------------------- */

typedef enum grove_sampler_kind {
    GROVE_SAMPLER_LOG_UNIFORM, /* q(k) = log((k + 2) / (k + 1)) / log(classes + 1) */
    GROVE_SAMPLER_UNIFORM,     /* q(k) = 1 / classes */
    GROVE_SAMPLER_UNIGRAM      /* q(k) = count(k)^power / sum of all */
} grove_sampler_kind;

/* A distribution over the classes 0..classes-1. Made by the functions below; copy it freely. All
 * draw with replacement: `samples` draws are expected to name class k samples * q(k) times. */
typedef struct grove_sampler {
    grove_sampler_kind kind;
    int64_t classes;
    grove_tensor accept, alias; /* unigram: the alias table, [classes] each, */
    grove_tensor log_q;         /* and log q [classes, 1]; of the graph, saved with the model */
    grove_id never;             /* the first class that is never drawn, or -1 */
} grove_sampler;

GROVE_API grove_sampler grove_sampler_uniform(int64_t classes);
/* Zipf's law, without a table: as TensorFlow's log_uniform_candidate_sampler. */
GROVE_API grove_sampler grove_sampler_log_uniform(int64_t classes);

/* Classes by their counts in the training data, to a power: 1 draws as the data does, less brings
 * the rare ones up. 0 means 0.75, what word2vec takes (Mikolov et al. 2013). counts [classes] are
 * finite and from 0 up, and read now; not all are 0, and a class of count 0 is never drawn. The
 * constants are called name.accept, name.alias and name.log_q (there -1e30 for what is never
 * drawn). Draws cost the same for any number of classes. After a mistake, which the graph keeps,
 * the sampler has no classes, and is refused wherever it is used. */
GROVE_API grove_sampler grove_sampler_unigram(grove_graph *graph, const double *counts,
                                              int64_t classes, double power, const char *name);

/* ids [count] drawn from the sampler, other ones in each training run. count may have the batch in
 * it: 5 * GROVE_BATCH. */
GROVE_API grove_tensor grove_sample(grove_graph *graph, const grove_sampler *sampler,
                                    int64_t count);

/* log q of each id: ids [...] -> [...]. For all classes: of grove_positions(graph, classes). */
GROVE_API grove_tensor grove_sampler_log_q(const grove_sampler *sampler, grove_tensor ids);

/* An alias table (Walker 1977; built as by Vose 1991, in a time that grows with n): draw a column k
 * of 0..n-1 uniformly and u from [0, 1); the draw is k if u < accept[k], else alias[k]. Then class
 * k comes with the probability weights[k] / sum of all. weights, accept, alias [n], 1 <= n < 2^31;
 * weights are finite, from 0 up, not all 0; one of 0 is never drawn. allocator (NULL: the C
 * library's) and error may be NULL. On failure nothing is written. */
GROVE_API grove_status grove_alias_table(const double *weights, size_t n, grove_real *accept,
                                         grove_id *alias, const grove_allocator *allocator,
                                         grove_error *error);

/* ---- losses ---------------------------------------------------------------------------------- */

/* What becomes of a draw that is the row's own label. */
typedef enum grove_hits {
    GROVE_HITS_BY_LOSS, /* removed in sampled softmax and negative sampling, kept in NCE */
    GROVE_HITS_REMOVED, /* takes no part in that row, exactly: neither value nor gradient */
    GROVE_HITS_KEPT     /* counts as any other */
} grove_hits;

/* Zero means the default, field by field; NULL: all defaults. */
typedef struct grove_sampled_options {
    const grove_sampler *sampler; /* NULL: log-uniform over the rows of weight */
    int64_t samples;    /* drawn for the whole batch, all rows share them; 64. May have the batch
                             in it: 2 * GROVE_BATCH */
    grove_tensor drawn; /* or ids [samples] that were drawn from the sampler before (two losses
                             may share them) */
    grove_hits hits;
    bool uncorrected;     /* sampled softmax: leaves log q out */
    bool label_corrected; /* sampled softmax: corrects the label's score as well */
    grove_tensor weights; /* [n]: how much each row counts in the mean */
} grove_sampled_options;

/* All losses: x [n, width], weight a table [classes, width], bias a table [classes, 1] or
 * GROVE_NONE, labels ids [n] -> a scalar, the mean over the rows. The score of class k is
 * x . weight[k] + bias[k]: s(l) for a row's label l, s(y) for a draw y, S the number of draws.
 *
 * Refused, in the graph's words: shapes that do not fit; a sampler of other classes; a class that
 * is never drawn, where log q is needed; removing hits among more classes than a float can count
 * (2^24; there is no such limit where grove_real is double). */

/* Sampled softmax: cross-entropy in which the sum over all classes is estimated from the draws,
 * each divided by how often it is expected (Bengio & Senecal 2008; Jean et al. 2015):
 *
 *     loss = -s(l) + log(exp(s(l)) + sum over draws y, not l, of exp(s(y) - log(S * q(y))))
 *
 * Averaged over draws, what stands in log(...) is the full softmax's sum exactly. Its logarithm is
 * less on average, by a bias of the order 1 / S. A q that is like the model's own answers makes it
 * small: the sampler by counts serves words better than the uniform one.
 *
 * label_corrected puts s(l) - log(S * q(l)) for s(l) at both places. Then the value is no estimate
 * of the full loss, which it misses by about log(S * q(l)); but with the hits kept, the scores that
 * minimize it are those of the full softmax for any S, be it 1 (ranking NCE: Ma & Collins 2018).
 * Together with the hits removed, that is TensorFlow's sampled_softmax_loss, except that
 * TensorFlow's samplers draw without replacement by default.
 *
 * uncorrected leaves log(S * q(y)) out: a softmax among the label and the draws. What it learns is
 * log p(y) - log q(y): add grove_sampler_log_q to the logits to predict. */
GROVE_API grove_tensor grove_sampled_softmax_loss(grove_tensor x, grove_tensor weight,
                                                  grove_tensor bias, grove_tensor labels,
                                                  const grove_sampled_options *options);

/* Noise-contrastive estimation (Gutmann & Hyvarinen 2010; for language models Mnih & Teh 2012): is
 * a class the label, or one of S draws of noise? A logistic regression on
 *
 *     loss = -log sigmoid(d(l)) - sum over draws y of log sigmoid(-d(y)),
 *     d(y) = s(y) - log(S * q(y))
 *
 * It is least where exp(s) are the probabilities themselves, so the model learns to be normalized
 * without ever adding up its classes. Begin with a bias of -log(classes), which is what uniform
 * answers are; from scores around 0 the way is long. More draws, and noise like the data, need
 * fewer rows. */
GROVE_API grove_tensor grove_noise_contrastive_loss(grove_tensor x, grove_tensor weight,
                                                    grove_tensor bias, grove_tensor labels,
                                                    const grove_sampled_options *options);

/* Negative sampling (Mikolov et al. 2013): the same without log q,
 *
 *     loss = -log sigmoid(s(l)) - sum over draws y, not l, of log sigmoid(-s(y))
 *
 * It is for vectors: what it learns is s(y) = log(p(y) / (S * q(y))), how much more often a class
 * comes with this row than by chance (Levy & Goldberg 2014). To predict with it, add
 * grove_sampler_log_q to the logits; with the uniform sampler there is nothing to add. Since all
 * rows share the draws, each row meets all S of them: S is what word2vec calls k. */
GROVE_API grove_tensor grove_negative_sampling_loss(grove_tensor x, grove_tensor weight,
                                                    grove_tensor bias, grove_tensor labels,
                                                    const grove_sampled_options *options);

#ifdef __cplusplus
}
#endif
#endif
