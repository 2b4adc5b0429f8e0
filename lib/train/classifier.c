/* SPDX-License-Identifier: MIT
 *
 * classifier.c - the network for rows of a table.
 *
 *     column.<a> --- table.<a> --+
 *     column.<b> --- table.<b> --+-- concat -- mlp.0 -- relu -- dropout -- ... -- mlp.k -- head
 *     numbers ------ bins -------+
 *            \-------------------+             (the mlp; other bodies: network_body.c)   (head.c)
 *     column.<text> --- table.<text>, a number for each class, is added to the logits
 */
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "grove/bayesian.h"
#include "grove/data_bags.h"
#include "head.h"
#include "network_bags.h"
#include "network_body.h"

static bool crosses_are_possible(const grove_schema *schema, const grove_classifier_options *o) {
    bool good = o->architecture == GROVE_ARCHITECTURE_WIDE_DEEP && o->cross_buckets >= 0;
    for (int i = 0; i < o->cross_count && good; i++) {
        const grove_cross *cross = &o->crosses[i];
        good = cross->count >= 2 && cross->count <= GROVE_MOST_CROSSED;
        for (int k = 0; k < cross->count && good; k++) {
            good = cross->columns[k] >= 0 &&
                   (size_t)cross->columns[k] < grove_schema_categoricals(schema);
        }
    }
    return good;
}

static bool forms_are_possible(const grove_schema *schema, const grove_table_form *forms) {
    bool good = true;
    for (size_t i = 0; forms && i < grove_schema_categoricals(schema); i++) {
        good = good && (unsigned)forms[i].kind <= GROVE_TABLE_QUOTIENT;
    }
    return good;
}

/* NULL: none. */
static const char *bayes_mistake(const grove_schema *schema, const grove_classifier_options *o) {
    const grove_bayes *b = &o->bayes;
    if (b->mode == GROVE_BAYES_NONE) {
        return NULL;
    }
    if (o->architecture != GROVE_ARCHITECTURE_MLP || o->tables) {
        return "a Bayesian network is an mlp with full tables";
    }
    if (grove_schema_bags(schema) > 0) {
        return "a Bayesian network takes no bags and no texts";
    }
    const bool draws = b->draws == 0 || (b->draws >= 2 && b->draws <= GROVE_MOST_MEMBERS);
    const bool sizes = b->prior >= 0 && b->kl_weight >= 0 && b->warm_up >= 0;
    return !draws   ? "a Bayesian network answers by 2 to 64 draws"
           : !sizes ? "the prior and the weight of the divergence must not be negative"
                    : NULL;
}

static bool has_texts(const grove_schema *schema) {
    for (size_t i = 0; i < grove_schema_bags(schema); i++) {
        if (grove_schema_kind(schema, (size_t)grove_schema_bag(schema, i)) == GROVE_COLUMN_TEXT) {
            return true;
        }
    }
    return false;
}

/* What is wrong with how the softmax is to be learned; NULL: nothing. */
static const char *wrong_softmax(const grove_schema *schema, const grove_classifier_options *o) {
    if ((unsigned)o->softmax > GROVE_SOFTMAX_NCE || (unsigned)o->sampler > GROVE_SAMPLER_UNIGRAM ||
        o->samples < 0) {
        return "there is no such softmax, no such sampler, or less than no draw";
    }
    if (o->softmax == GROVE_SOFTMAX_FULL) {
        return NULL;
    }
    if (grove_schema_target(schema) != GROVE_TARGET_CLASS) {
        return "a sampled softmax is of labels that are one class a row";
    }
    if (o->bayes.mode != GROVE_BAYES_NONE || o->stages > 0 || o->own_loss) {
        return "a sampled softmax is of one plain network: neither Bayesian nor boosted, and "
               "without a loss of your own";
    }
    return o->architecture == GROVE_ARCHITECTURE_WIDE_DEEP || has_texts(schema)
               ? "a sampled softmax wants one last layer that makes all logits, and texts and a "
                 "wide-deep network add to them"
               : NULL;
}

static bool is_possible(const grove_schema *schema, const grove_classifier_options *o,
                        grove_error *error) {
    const char *wrong = NULL;
    if (grove_schema_label(schema) < 0) {
        wrong = "the schema has no label";
    } else if (grove_schema_categoricals(schema) + grove_schema_features(schema) +
                   grove_schema_bags(schema) ==
               0) {
        wrong = "there must be a column to learn from";
    } else if ((unsigned)o->number_loss > GROVE_NUMBER_LOSS_HUBER) {
        wrong = "there is no such loss of numbers";
    } else if (!(o->huber_delta >= 0 && o->huber_delta <= DBL_MAX)) {
        wrong = "Huber's delta must be a finite number above 0";
    } else if (o->embedding_width < 0 || o->number_width < 0) {
        wrong = "the width of an embedding must be 1 or more";
    }
    if (!wrong && (o->stages < 0 || o->stages > GROVE_MOST_STAGES ||
                   (o->stages > 0 && o->architecture != GROVE_ARCHITECTURE_MLP))) {
        wrong = "boosting is of up to 256 weak models, each an mlp";
    }
    if (!wrong && ((unsigned)o->architecture >= GROVE_ARCHITECTURES)) {
        wrong = "there is no such architecture";
    }
    if (!wrong && !forms_are_possible(schema, o->tables)) {
        wrong = "there is no such form of a table";
    }
    if (!wrong && o->cross_count > 0 && !crosses_are_possible(schema, o)) {
        wrong = "a cross is of 2 to 4 categorical columns, in a wide-deep network";
    }
    wrong = wrong ? wrong : bayes_mistake(schema, o);
    wrong = wrong ? wrong : wrong_softmax(schema, o);
    for (int i = 0; i < o->hidden_count && !wrong; i++) {
        wrong = o->hidden[i] < 1 ? "a hidden layer must have 1 unit or more" : NULL;
    }
    if (wrong) {
        grove_fail(error, GROVE_BAD_ARGUMENT, "classifier: %s", wrong);
    }
    return !wrong;
}

static grove_tensor as_number(grove_tensor y) {
    return grove_reshape(y, GROVE_SHAPE(GROVE_BATCH));
}

static grove_tensor sigmoid_of_negative(grove_tensor y) {
    return grove_sigmoid(grove_neg(y));
}

/* Each member's own has a name, so that it can be asked what they disagree about (uncertainty.h);
 * NULL: it has none. */
static grove_tensor mean_of(const grove_tensor *y, int count, grove_tensor (*map)(grove_tensor),
                            const char *name) {
    grove_tensor sum = GROVE_NONE;
    for (int k = 0; k < count; k++) {
        char text[64];
        grove_tensor own = map(y[k]);
        snprintf(text, sizeof text, "member.%d.%s", k + 1, name ? name : "");
        own = name ? grove_name(own, text) : own;
        sum = k > 0 ? grove_add(sum, own) : own;
    }
    return grove_scale(sum, 1.0 / count);
}

static const char temperature[] = "inverse_temperature";

/* What a calibration divides (calibrate.h): the members' weights are no place for it. */
static grove_tensor tempered(grove_tensor y) {
    grove_tensor by = grove_state(y.graph, temperature, GROVE_REAL, GROVE_SCALAR);
    grove_real *number = grove_parameter_data(by);
    if (number) {
        *number = 1;
    }
    return grove_mul(y, by);
}

/* What networks answer, y[k] [batch, outputs], as one answer of that shape: numbers whose softmax,
 * or whose sigmoids, are the mean of the networks' probabilities; or the mean of their numbers. The
 * logit of a mean is log p - log(1 - p), and 1 - p a mean of its own, so that nothing cancels. */
static grove_tensor join(const grove_tensor *y, int count, grove_target_kind target) {
    if (count == 1 || target == GROVE_TARGET_NUMBER) {
        return count == 1 ? y[0] : mean_of(y, count, as_number, "scaled");
    }
    if (target == GROVE_TARGET_SET) {
        return tempered(grove_sub(grove_log(mean_of(y, count, grove_sigmoid, "probabilities")),
                                  grove_log(mean_of(y, count, sigmoid_of_negative, NULL))));
    }
    return tempered(grove_log(mean_of(y, count, grove_softmax, "probabilities")));
}

/* -> [batch, outputs]; where all columns are texts there is no body. */
static grove_tensor answer_of(grove_network_inputs *in, const grove_schema *schema,
                              const grove_classifier_options *o) {
    const int64_t outputs = grove_head_outputs(schema);
    const bool any = in->columns + in->bags > 0 || grove_is_valid(in->numbers);
    grove_tensor answer = any ? grove_network_body(in, schema, o, outputs) : GROVE_NONE;
    return grove_network_texts(in, schema, outputs, o->word_dropout, answer);
}

/* ---- Bayesian networks ----------------------------------------------------------------------- */

/* The draws of one network: y [draws]. */
static grove_status build_draws(grove_classifier *c, const grove_schema *schema,
                                const grove_classifier_options *o, grove_tensor *y, int *count,
                                grove_error *error) {
    grove_network_inputs inputs;
    *count = o->bayes.draws > 0 ? o->bayes.draws : 8;
    grove_status status = grove_network_inputs_open(&inputs, c->graph, schema, o, 0, error);
    for (int k = 0; k < *count && status == GROVE_OK; k++) {
        status = k > 0 ? grove_network_inputs_redraw(&inputs, schema, error) : GROVE_OK;
        y[k] = status == GROVE_OK ? answer_of(&inputs, schema, o) : GROVE_NONE;
    }
    grove_network_inputs_close(&inputs);
    return status;
}

/* Numbers of an unknown noise: e^2 / (2 s^2) + log s. */
static grove_tensor with_noise(grove_tensor loss) {
    const grove_tensor s = grove_parameter(loss.graph, "noise", GROVE_SCALAR, (grove_init){0});
    return grove_add(grove_mul(grove_scale(loss, 0.5), grove_exp(grove_scale(s, -2))), s);
}

/* The loss of a row and its share of the divergence. */
static void add_divergence(grove_classifier *c, const grove_network_inputs *in,
                           const grove_classifier_options *o, grove_target_kind target) {
    const double weight = o->bayes.kl_weight > 0 ? o->bayes.kl_weight : 1;
    const double rows = o->bayes.rows > 0 ? (double)o->bayes.rows : 1;
    const bool noisy = target == GROVE_TARGET_NUMBER && o->number_loss == GROVE_NUMBER_LOSS_MSE;
    grove_tensor kl = grove_scale(in->kl, 1 / rows);
    if (grove_is_valid(in->kl_rows)) {
        kl = grove_add(kl, grove_mean(in->kl_rows, GROVE_AXES(0)));
    }
    kl = grove_scale(kl, weight);
    if (o->bayes.warm_up > 0) {
        c->clock = grove_clock(c->graph, "optimizer.step");
        kl = grove_mul(kl, grove_warm_up(c->clock, o->bayes.warm_up));
    }
    c->loss = grove_add(noisy ? with_noise(c->loss) : c->loss, kl);
}

/* All networks side by side, on the same inputs. */
static grove_status build(grove_classifier *c, const grove_schema *schema,
                          const grove_classifier_options *options, int count, grove_error *error) {
    const grove_target_kind target = grove_schema_target(schema);
    const bool draws = options->bayes.mode == GROVE_BAYES_DRAWS;
    grove_tensor y[GROVE_MOST_MEMBERS] = {{0}};
    grove_last_layer last = {.logits = GROVE_NONE};
    grove_network_inputs inputs = {.kl = GROVE_NONE};
    grove_status status = draws ? build_draws(c, schema, options, y, &count, error) : GROVE_OK;
    for (int k = 0; k < count && status == GROVE_OK && !draws; k++) {
        if (options[k].stages > 0) {
            status = grove_network_boosted(c->graph, schema, &options[k],
                                           grove_head_outputs(schema), &y[k], error);
            continue;
        }
        status = grove_network_inputs_open(&inputs, c->graph, schema, &options[k], k, error);
        if (status == GROVE_OK) {
            y[k] = answer_of(&inputs, schema, &options[k]);
            last = inputs.last;
        }
        grove_network_inputs_close(&inputs);
    }
    if (status == GROVE_OK) {
        const bool is_last = grove_is_valid(last.logits) && last.logits.index == y[0].index;
        grove_append_head(c, join(y, count, target), count == 1 && is_last ? &last : NULL, schema,
                          options);
        if (options->bayes.mode == GROVE_BAYES_TRAIN) {
            add_divergence(c, &inputs, options, target);
        }
        const grove_error *mistake = grove_graph_error(c->graph);
        status = mistake->status == GROVE_OK
                     ? GROVE_OK
                     : grove_fail(error, mistake->status, "%s", mistake->message);
    }
    return status;
}

static grove_status make(const grove_schema *schema, const grove_classifier_options *options,
                         int count, grove_classifier *classifier, grove_error *error) {
    *classifier = (grove_classifier){0};
    for (int k = 0; k < count; k++) {
        if (!is_possible(schema, &options[k], error)) {
            return GROVE_BAD_ARGUMENT;
        }
    }
    grove_graph_options wishes = {.seed = options->seed, .allocator = options->allocator};
    grove_error mistake = {0};
    classifier->graph = grove_graph_new(&wishes);
    grove_status status = build(classifier, schema, options, count, &mistake);
    if (status != GROVE_OK) {
        grove_classifier_free(classifier);
        return grove_fail(error, status, "%s", mistake.message);
    }
    return GROVE_OK;
}

grove_status grove_classifier_new(const grove_schema *schema,
                                  const grove_classifier_options *options,
                                  grove_classifier *classifier, grove_error *error) {
    *classifier = (grove_classifier){0};
    if (!schema || !options) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a classifier needs a schema and options");
    }
    return make(schema, options, 1, classifier, error);
}

/* ---- several in one -------------------------------------------------------------------------- */

/* A parameter of member k has the name that it has in its own graph, behind a prefix. */
static grove_status copy_parameter(grove_tensor to, const grove_classifier *members, int count,
                                   grove_error *error) {
    const char *name = grove_node_name(to);
    int k = 0, used = 0;
    if (strcmp(name, temperature) == 0) {
        return GROVE_OK; /* of the joined one alone */
    }
    if (sscanf(name, "member.%d.%n", &k, &used) == 1 && used > 0 && k >= 2 && k <= count) {
        name += used;
        k--;
    } else {
        k = 0;
    }
    grove_tensor from = grove_find(members[k].graph, name);
    size_t size = grove_parameter_size(to);
    if (!grove_is_valid(from) || grove_parameter_size(from) != size ||
        grove_node_type(from) != grove_node_type(to)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "joining classifiers: member %d has no '%.200s' of this size", k + 1,
                          name);
    }
    size_t bytes = grove_node_type(to) == GROVE_ID ? sizeof(grove_id) : sizeof(grove_real);
    memcpy(grove_parameter_data(to), grove_parameter_data(from), size * bytes);
    return GROVE_OK;
}

grove_status grove_classifier_join(const grove_schema *schema,
                                   const grove_classifier_options *options,
                                   const grove_classifier *members, int count,
                                   grove_classifier *joined, grove_error *error) {
    *joined = (grove_classifier){0};
    if (!schema || !options || !members || count < 1 || count > GROVE_MOST_MEMBERS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "joining takes a schema and 1 to %d classifiers with their options",
                          GROVE_MOST_MEMBERS);
    }
    grove_status status = make(schema, options, count, joined, error);
    for (int32_t i = 0; status == GROVE_OK && i < grove_parameter_count(joined->graph); i++) {
        status = copy_parameter(grove_parameter_at(joined->graph, i), members, count, error);
    }
    if (status != GROVE_OK) {
        grove_classifier_free(joined);
    }
    return status;
}

void grove_classifier_free(grove_classifier *classifier) {
    if (classifier) {
        grove_graph_free(classifier->graph);
        *classifier = (grove_classifier){0};
    }
}

grove_center grove_schema_center(const grove_schema *schema) {
    size_t label = schema ? (size_t)grove_schema_label(schema) : 0;
    return schema ? (grove_center){grove_schema_mean(schema, label),
                                   grove_schema_median(schema, label)}
                  : (grove_center){0, 0};
}

grove_id grove_schema_majority(const grove_schema *schema) {
    size_t label = schema ? (size_t)grove_schema_label(schema) : 0;
    grove_id best = 0;
    if (!schema) {
        return best;
    }
    for (grove_id id = 1; id < grove_schema_ids(schema, label); id++) {
        bool more = grove_schema_count(schema, label, id) > grove_schema_count(schema, label, best);
        best = more ? id : best;
    }
    return best;
}
