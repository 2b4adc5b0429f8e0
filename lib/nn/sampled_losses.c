/* SPDX-License-Identifier: MIT
 *
 * sampled_losses.c - losses that hold the label against drawn classes. All of them are made of the
 * same pieces: the scores of the labels [n], the scores of the draws [n, samples], log(S * q) of
 * both, and a mask of hits.
 */
#include "grove/sampled_losses.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "grove/losses.h"

/* What is being built. */
typedef struct sampled {
    const char *loss;
    grove_tensor x, weight, bias, labels;
    grove_sampled_options wish;
    grove_sampler sampler;
    grove_tensor drawn;                   /* ids [samples] */
    grove_tensor label_score, draw_score; /* [n], [n, samples] */
} sampled;

static grove_graph *graph_of(const sampled *s) {
    return s->x.graph ? s->x.graph : s->weight.graph;
}

/* ---- what is refused ------------------------------------------------------------------------- */

static bool refuse(const sampled *s, grove_status status, const char *words) {
    grove_mistake(graph_of(s), status, "%s: %s", s->loss, words);
    return false;
}

static bool want_shape(const sampled *s, grove_tensor t, grove_shape shape, const char *what) {
    char got[96], wanted[96];
    if (grove_is_valid(t) && grove_shape_equal(grove_node_shape(t), shape)) {
        return true;
    }
    grove_mistake(graph_of(s), GROVE_BAD_SHAPE, "%s: %s must have the shape %s, not %s", s->loss,
                  what, grove_shape_text(shape, wanted, sizeof wanted),
                  grove_is_valid(t) ? grove_shape_text(grove_node_shape(t), got, sizeof got)
                                    : "none at all");
    return false;
}

/* What has the batch in it cannot be drawn from, and what is of no size neither. */
static bool refuse_sizes(const sampled *s, grove_shape x, grove_shape weight) {
    char of_x[96], of_weight[96];
    grove_mistake(graph_of(s), GROVE_BAD_SHAPE,
                  "%s: the classes and the width of the weight %s and of x %s must be fixed, not a "
                  "batch, and 1 or more",
                  s->loss, grove_shape_text(weight, of_weight, sizeof of_weight),
                  grove_shape_text(x, of_x, sizeof of_x));
    return false;
}

static bool check_shapes(const sampled *s) {
    grove_shape x = grove_node_shape(s->x), weight = grove_node_shape(s->weight);
    if (!grove_is_valid(s->x) || !grove_is_valid(s->weight)) {
        return refuse(s, GROVE_BAD_ARGUMENT, "x or the weight is missing");
    }
    if (x.rank != 2 || weight.rank != 2) {
        return refuse(s, GROVE_BAD_SHAPE,
                      "x and the weight must have two axes, [rows, width] and "
                      "[classes, width]");
    }
    if (weight.dim[0] < 1 || x.dim[1] < 1) {
        return refuse_sizes(s, x, weight);
    }
    return want_shape(s, s->weight, GROVE_SHAPE(weight.dim[0], x.dim[1]), "the weight") &&
           want_shape(s, s->labels, GROVE_SHAPE(x.dim[0]), "the labels") &&
           (!grove_is_valid(s->bias) ||
            want_shape(s, s->bias, GROVE_SHAPE(weight.dim[0], 1), "the bias, a table,"));
}

static bool removes_hits(const sampled *s, bool by_default) {
    return s->wish.hits == GROVE_HITS_REMOVED || (s->wish.hits == GROVE_HITS_BY_LOSS && by_default);
}

/* `wants_q`: the loss needs log q. */
static bool check_sampler(const sampled *s, bool wants_q, bool removes) {
    int64_t classes = grove_node_shape(s->weight).dim[0];
    const double most = sizeof(grove_real) == sizeof(float) ? 0x1p24 : 0x1p53;
    if (s->sampler.classes < 1 || s->sampler.classes != classes) {
        grove_mistake(graph_of(s), GROVE_BAD_ARGUMENT,
                      "%s: the sampler draws from %" PRId64 " classes, the weight has %" PRId64,
                      s->loss, s->sampler.classes, classes);
        return false;
    }
    if (wants_q && s->sampler.never >= 0) {
        grove_mistake(graph_of(s), GROVE_BAD_ARGUMENT,
                      "%s: class %" PRId32 " has the count 0 and is never drawn, so log q has no "
                      "end there; give it a count, or take negative sampling",
                      s->loss, s->sampler.never);
        return false;
    }
    return !removes || (double)classes <= most ||
           refuse(s, GROVE_UNSUPPORTED,
                  "hits are found by ids as floats, which count to 2^24; keep them, or build with "
                  "double");
}

static bool check_options(const sampled *s, bool is_softmax) {
    const grove_sampled_options *o = &s->wish;
    if (o->hits < GROVE_HITS_BY_LOSS || o->hits > GROVE_HITS_KEPT) {
        return refuse(s, GROVE_BAD_ARGUMENT, "there is no such way with hits");
    }
    if (!is_softmax && (o->uncorrected || o->label_corrected)) {
        return refuse(s, GROVE_BAD_ARGUMENT,
                      "only in sampled softmax there is a choice of corrections");
    }
    if (o->uncorrected && o->label_corrected) {
        return refuse(s, GROVE_BAD_ARGUMENT,
                      "what is left out for the draws cannot be put to the label's score");
    }
    return true;
}

static bool check_drawn(const sampled *s) {
    grove_shape shape = grove_node_shape(s->drawn);
    return !grove_is_valid(s->drawn) || (shape.rank == 1 && shape.dim[0] != 0) ||
           refuse(s, GROVE_BAD_SHAPE, "the draws must be ids with one axis, and at least one");
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The scores of the labels: x[i] . weight[labels[i]] + bias[labels[i]] -> [n]. */
static grove_tensor score_labels(const sampled *s) {
    grove_tensor rows = grove_embedding(s->weight, s->labels);
    grove_tensor score = grove_sum(grove_mul(s->x, rows), GROVE_AXES(1));
    if (!grove_is_valid(s->bias)) {
        return score;
    }
    grove_tensor bias = grove_embedding(s->bias, s->labels);
    return grove_add(score, grove_reshape(bias, grove_node_shape(s->labels)));
}

/* The scores of the draws: x[i] . weight[drawn[j]] + bias[drawn[j]] -> [n, samples]. */
static grove_tensor score_draws(const sampled *s) {
    grove_tensor rows = grove_embedding(s->weight, s->drawn);
    grove_tensor score = grove_matmul(s->x, rows, false, true);
    if (!grove_is_valid(s->bias)) {
        return score;
    }
    grove_tensor bias = grove_embedding(s->bias, s->drawn);
    return grove_add(score, grove_reshape(bias, grove_node_shape(s->drawn)));
}

/* log(S * q) of these ids; S is known to the plan, where the batch is in it. */
static grove_tensor log_expected(const sampled *s, grove_tensor ids) {
    grove_graph *graph = graph_of(s);
    grove_shape draws = grove_node_shape(s->drawn);
    grove_tensor log_q = grove_sampler_log_q(&s->sampler, ids);
    if (draws.dim[0] > 0) {
        return grove_shift(log_q, log((double)draws.dim[0]));
    }
    grove_tensor count = grove_sum(grove_fill(graph, draws, 1), GROVE_ALL_AXES);
    return grove_add(log_q, grove_log(count));
}

/* The scores of the draws, where a draw is its row's label lowered beyond all others: -1e30 takes
 * up any score, its exp is 0, and so is every slope. Ids are whole numbers, so the distance of two
 * of them, clipped at 1, is 0 for a hit and 1 for all others. */
static grove_tensor without_hits(const sampled *s) {
    grove_shape shape = grove_node_shape(s->draw_score);
    grove_tensor label = grove_broadcast(grove_real_of(s->labels), shape, GROVE_AXES(1));
    grove_tensor apart = grove_abs(grove_sub(label, grove_real_of(s->drawn)));
    grove_tensor mask = grove_scale(grove_shift(grove_clip(apart, 0, 1), -1), 1e30);
    return grove_add(s->draw_score, mask);
}

static bool begin(sampled *s, const grove_sampled_options *options, bool is_softmax, bool wants_q,
                  bool removes) {
    s->wish = options ? *options : (grove_sampled_options){.drawn = GROVE_NONE};
    s->wish.samples = s->wish.samples != 0 ? s->wish.samples : 64;
    wants_q = wants_q && !s->wish.uncorrected;
    removes = removes_hits(s, removes);
    if (!check_shapes(s) || !check_options(s, is_softmax)) {
        return false;
    }
    s->sampler = s->wish.sampler ? *s->wish.sampler
                                 : grove_sampler_log_uniform(grove_node_shape(s->weight).dim[0]);
    if (!check_sampler(s, wants_q, removes)) {
        return false;
    }
    s->drawn = grove_is_valid(s->wish.drawn)
                   ? s->wish.drawn
                   : grove_sample(graph_of(s), &s->sampler, s->wish.samples);
    if (!check_drawn(s)) {
        return false;
    }
    s->label_score = score_labels(s);
    s->draw_score = score_draws(s);
    if (wants_q) {
        s->draw_score = grove_sub(s->draw_score, log_expected(s, s->drawn));
    }
    if (removes) {
        s->draw_score = without_hits(s);
    }
    return grove_is_valid(s->draw_score);
}

/* ---- losses ---------------------------------------------------------------------------------- */

grove_tensor grove_sampled_softmax_loss(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                        grove_tensor labels, const grove_sampled_options *options) {
    sampled s = {
        .loss = "sampled softmax", .x = x, .weight = weight, .bias = bias, .labels = labels};
    if (!begin(&s, options, true, true, true)) {
        return GROVE_NONE;
    }
    if (s.wish.label_corrected) {
        s.label_score = grove_sub(s.label_score, log_expected(&s, labels));
    }
    grove_shape rows = grove_node_shape(labels);
    grove_tensor label_score = grove_reshape(s.label_score, GROVE_SHAPE(rows.dim[0], 1));
    grove_tensor scores = grove_concat((grove_tensor[]){label_score, s.draw_score}, 2, 1);
    grove_tensor of_label = grove_slice(grove_log_softmax(scores), 1, 0, 1);
    return grove_weighted_mean(grove_neg(grove_reshape(of_label, rows)), s.wish.weights);
}

/* -log sigmoid(d) is softplus(-d), -log sigmoid(-d) is softplus(d). */
static grove_tensor told_apart(const sampled *s) {
    grove_tensor label = grove_softplus(grove_neg(s->label_score));
    grove_tensor draws = grove_sum(grove_softplus(s->draw_score), GROVE_AXES(1));
    return grove_weighted_mean(grove_add(label, draws), s->wish.weights);
}

grove_tensor grove_noise_contrastive_loss(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                          grove_tensor labels,
                                          const grove_sampled_options *options) {
    sampled s = {
        .loss = "noise-contrastive loss", .x = x, .weight = weight, .bias = bias, .labels = labels};
    if (!begin(&s, options, false, true, false)) {
        return GROVE_NONE;
    }
    s.label_score = grove_sub(s.label_score, log_expected(&s, labels));
    return told_apart(&s);
}

grove_tensor grove_negative_sampling_loss(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                          grove_tensor labels,
                                          const grove_sampled_options *options) {
    sampled s = {
        .loss = "negative sampling", .x = x, .weight = weight, .bias = bias, .labels = labels};
    return begin(&s, options, false, false, true) ? told_apart(&s) : GROVE_NONE;
}
