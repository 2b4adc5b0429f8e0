/* SPDX-License-Identifier: MIT
 *
 * golden_builders_models.c - how grove builds what is trained: parameters that are handed their
 * gradients, small models, and the optimizers that cases describe.
 */
#include <string.h>

#include "golden_builders.h"
#include "grove/embeddings.h"
#include "grove/layers.h"
#include "grove/losses.h"

/* ---- given gradients ------------------------------------------------------------------------- */

/* The sum over all parameters of sum(w * w_g): so w_g is w's gradient. Where there are w_ids, w is
 * a table, and w_g is the gradient of the rows w_rows that were looked up. */
static grove_tensor build_update(const golden_scene *s) {
    grove_tensor loss = grove_fill(s->graph, GROVE_SCALAR, 0);
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *line = &s->c->line[i];
        char name[GOLDEN_NAME + 8];
        if (line->kind != GOLDEN_PARAM) {
            continue;
        }
        grove_tensor w = grove_parameter(s->graph, line->name, line->shape, (grove_init){0});
        snprintf(name, sizeof name, "%s_ids", line->name);
        if (grove_is_valid(in(s, name))) {
            w = grove_embedding(w, in(s, name));
            snprintf(name, sizeof name, "%s_rows", line->name);
            grove_name(w, name);
        }
        snprintf(name, sizeof name, "%s_g", line->name);
        loss = grove_add(loss, grove_sum(grove_mul(w, in(s, name)), GROVE_ALL_AXES));
    }
    return loss;
}

/* ---- small models ---------------------------------------------------------------------------- */

static grove_tensor build_mlp(const golden_scene *s) {
    grove_tensor hidden = grove_relu(grove_nn_dense(in(s, "x"), 8, "hidden"));
    return grove_softmax_cross_entropy(grove_nn_dense(hidden, 3, "out"), in(s, "labels"));
}

/* Batch normalization between the layers; "out" is asked for outside training, too. */
static grove_tensor build_normalized(const golden_scene *s) {
    grove_batch_norm_options o = {.momentum = number(s, "average_momentum")};
    grove_dense_options no_bias = {.no_bias = true};
    grove_tensor hidden = grove_nn_dense_with(in(s, "x"), 5, "hidden", &no_bias);
    grove_tensor normal = grove_nn_batch_norm(hidden, "norm", &o);
    grove_tensor out = grove_nn_dense(grove_relu(normal), 1, "out");
    return grove_huber_loss(out, in(s, "target"), 0.5, GROVE_NONE);
}

static grove_tensor build_lookup(const golden_scene *s) {
    grove_tensor parts[] = {grove_nn_embedding(in(s, "species"), 9, 3, "species"), in(s, "x")};
    grove_tensor hidden = grove_gelu(grove_nn_dense(grove_concat(parts, 2, 1), 6, "hidden"));
    return grove_binary_cross_entropy(grove_nn_dense(hidden, 1, "out"), in(s, "targets"));
}

/* A bag of genres, filled up with -1, for each row; several labels a row. */
static grove_tensor build_bags(const golden_scene *s) {
    grove_nn_embedding_bag_options o = {
        .bag = {.mode = has(s, "mean") ? GROVE_BAG_MEAN : GROVE_BAG_SUM,
                .padded = true,
                .padding = -1}};
    grove_tensor bag = grove_nn_embedding_bag(in(s, "genres"), 8, 3, "genres", &o);
    grove_tensor hidden = grove_tanh(grove_nn_dense(bag, 5, "hidden"));
    return grove_multi_label_loss(grove_nn_dense(hidden, 2, "out"), in(s, "targets"), GROVE_NONE);
}

static grove_tensor build_characters(const golden_scene *s) {
    grove_cross_entropy_options o = {.smoothing = number(s, "smoothing")};
    grove_tensor letters = grove_nn_embedding(in(s, "context"), 11, 4, "letters");
    grove_tensor x = grove_reshape(letters, GROVE_SHAPE(12, 3 * 4));
    grove_tensor logits = grove_nn_dense(grove_tanh(grove_nn_dense(x, 10, "hidden")), 11, "out");
    return grove_softmax_cross_entropy_with(logits, in(s, "labels"), GROVE_NONE, &o);
}

/* Which letter comes next, at each of 5 places in 4 words: a GPT of one block. */
static grove_tensor build_sequence(const golden_scene *s) {
    grove_tensor x = grove_nn_embedding(in(s, "letters"), 7, 4, "letter");
    x = grove_nn_position_embedding(x, "place");
    x = grove_nn_transformer_block(x, 2, "block",
                                   &(grove_transformer_options){.hidden = 6, .causal = true});
    grove_tensor logits = grove_nn_dense(grove_nn_layer_norm(x, "norm", NULL), 7, "out");
    return grove_softmax_cross_entropy(grove_reshape(logits, GROVE_SHAPE(4 * 5, 7)),
                                       grove_reshape(in(s, "next"), GROVE_SHAPE(4 * 5)));
}

/* Yes or no after 5 words: the last state of a GRU decides. */
static grove_tensor build_recurrent(const golden_scene *s) {
    grove_tensor last;
    grove_tensor x = grove_nn_embedding(in(s, "words"), 6, 3, "word");
    grove_nn_gru(x, 4, "gru", &(grove_gru_options){.last_state = &last});
    return grove_binary_cross_entropy(grove_nn_dense(last, 1, "out"), in(s, "targets"));
}

/* ---- optimizers ------------------------------------------------------------------------------ */

/* The kinds of optimizer and of schedule, as settings name them. */
static const char *const optimizers[] = {"sgd",    "adam", "adamw", "adagrad", "rowwise_adagrad",
                                         "rmsprop"};
static const char *const schedules[] = {"constant", "step", "cosine", "one_cycle"};

static grove_schedule schedule_of(const golden_scene *s) {
    return (grove_schedule){.kind = (grove_schedule_kind)word_of(s, schedules, 4),
                            .steps = whole(s, "schedule_steps"),
                            .warm_up = whole(s, "warm_up"),
                            .every = whole(s, "every"),
                            .gamma = number(s, "gamma"),
                            .floor = number(s, "floor"),
                            .start = number(s, "start"),
                            .rise = number(s, "rise")};
}

grove_optimizer golden_optimizer(const golden_scene *s) {
    return (grove_optimizer){.kind = (grove_optimizer_kind)word_of(s, optimizers, 6),
                             .rate = number(s, "rate"),
                             .rate_node = in(s, "rate"),
                             .schedule = schedule_of(s),
                             .momentum = number(s, "momentum"),
                             .nesterov = has(s, "nesterov"),
                             .beta1 = number(s, "beta1"),
                             .beta2 = number(s, "beta2"),
                             .alpha = number(s, "alpha"),
                             .centered = has(s, "centered"),
                             .epsilon = number(s, "epsilon"),
                             .decay = number(s, "decay"),
                             .clip_value = number(s, "clip_value"),
                             .clip_norm = number(s, "clip_norm"),
                             .average = number(s, "average"),
                             .lazy = has(s, "lazy")};
}

/* "t0_frozen" are rows of t0 that rest. */
static void freeze_rows(const golden_scene *s, grove_tensor parameter, const char *name) {
    const golden_line *frozen = golden_find(s->c, GOLDEN_SET, name);
    for (size_t i = 0; frozen && i < frozen->count; i++) {
        grove_id row = (grove_id)frozen->numbers[i];
        grove_freeze_rows(parameter, &row, 1);
    }
}

/* PyTorch's decay is for all parameters or none; with "by_rule" it is as grove has it, and "t0_on",
 * "w0_off" are exceptions. "w1_rate" is w1's own multiple of the rate. */
void golden_set_parameters(const golden_scene *s) {
    for (int32_t i = 0; i < grove_parameter_count(s->graph); i++) {
        grove_tensor parameter = grove_parameter_at(s->graph, i);
        char name[4][GOLDEN_NAME + 8];
        static const char *const endings[] = {"rate", "on", "off", "frozen"};
        for (int k = 0; k < 4; k++) {
            snprintf(name[k], sizeof name[k], "%s_%s", grove_node_name(parameter), endings[k]);
        }
        bool rule = has(s, "by_rule") && !has(s, name[1]);
        grove_parameter_options options = {.rate = number(s, name[0]),
                                           .decay = has(s, name[2]) ? GROVE_DECAY_OFF
                                                    : rule          ? GROVE_DECAY_BY_RULE
                                                                    : GROVE_DECAY_ON};
        grove_parameter_set(parameter, &options);
        freeze_rows(s, parameter, name[3]);
    }
}

/* clang-format off */
const golden_builder golden_model_builders[] = {
    ROW_TRAINED(update), ROW_TRAINED(mlp), ROW_TRAINED(normalized), ROW_TRAINED(lookup),
    ROW_TRAINED(bags), ROW_TRAINED(characters), ROW_TRAINED(sequence), ROW_TRAINED(recurrent),
    NO_MORE_ROWS,
};
/* clang-format on */
