/* SPDX-License-Identifier: MIT
 *
 * option_idle.c - options that would say nothing beside the others: refused, not passed over.
 */
#include "option_table.h"

#include <string.h>

bool option_is_given(const options *o, const char *name) {
    for (int i = 0; option_table[i].name; i++) {
        if (o->given[i] && strcmp(option_table[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *option_of_tables(const options *o) {
    static const char *const names[] = {
        "label",  "label-split", "categorical",  "numeric",    "bag",       "text",
        "ignore", "na-values",   "max-vocab",    "hash-above", "separator", "comment",
        "skip",   "decimal",     "max-bad-rows", "no-header",  "trim"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (option_is_given(o, names[i])) {
            return names[i];
        }
    }
    return NULL;
}

/* ---- beside which others --------------------------------------------------------------------- */

static bool has_no_crosses(const options *o) {
    return strcmp(o->crosses, "none") == 0 ||
           (strcmp(o->architecture, "auto") != 0 && strcmp(o->architecture, "wide-deep") != 0);
}

/* (Compare makes a plain network unless it is told otherwise.) */
static bool has_no_crosses_to_compare(const options *o) {
    return has_no_crosses(o) || strcmp(o->architecture, "wide-deep") != 0;
}

static bool is_one_network(const options *o) {
    return o->boost == 0;
}

static bool is_boosted(const options *o) {
    return o->boost > 0;
}

static bool has_no_layers(const options *o) {
    return o->hidden.count == 0 && o->dropout > 0;
}

static bool has_no_valid_rows(const options *o) {
    return o->valid_fraction == 0 && !o->valid;
}

static bool is_not_bayesian(const options *o) {
    return !o->bayesian;
}

static bool has_full_softmax(const options *o) {
    return strcmp(o->softmax, "full") == 0;
}

typedef struct idle_rule {
    unsigned for_commands;
    const char *name;
    bool (*is_idle)(const options *o);
    const char *why;
} idle_rule;

enum { FOR_ONE_MODEL = FOR_TRAIN | FOR_CV };

static const idle_rule rules[] = {
    {FOR_TRAIN, "draws", is_not_bayesian, "goes with --bayesian"},
    {FOR_TRAIN, "prior", is_not_bayesian, "goes with --bayesian"},
    {FOR_TRAIN, "kl-weight", is_not_bayesian, "goes with --bayesian"},
    {FOR_TRAIN, "kl-warm-up", is_not_bayesian, "goes with --bayesian"},
    {FOR_ONE_MODEL, "cross-buckets", has_no_crosses, "is of crosses, and there are none"},
    {FOR_ONE_MODEL, "cross-dropout", has_no_crosses, "is of crosses, and there are none"},
    {FOR_ONE_MODEL, "boost-rate", is_one_network, "belongs to --boost"},
    {FOR_ONE_MODEL, "corrective-epochs", is_one_network, "belongs to --boost"},
    {FOR_ONE_MODEL, "crosses", is_boosted,
     "are of wide-deep; the weak models of --boost have none"},
    {FOR_COMPARE, "cross-buckets", has_no_crosses_to_compare, "goes with --architecture wide-deep"},
    {FOR_COMPARE, "cross-dropout", has_no_crosses_to_compare, "goes with --architecture wide-deep"},
    {FOR_ONE_MODEL | FOR_COMPARE, "dropout", has_no_layers,
     "drops units of hidden layers, and --hidden none leaves none"},
    {FOR_ONE_MODEL, "samples", has_full_softmax, "goes with --softmax sampled or nce"},
    {FOR_ONE_MODEL, "sampler", has_full_softmax, "goes with --softmax sampled or nce"},
    {FOR_ONE_MODEL, "patience", has_no_valid_rows,
     "waits for a better validation loss, and --valid-fraction 0 leaves none"},
    {FOR_TRAIN, "split", has_no_valid_rows,
     "says which rows to validate on, and --valid-fraction 0 leaves none"},
};

void check_idle(const command *c, const options *o) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const idle_rule *rule = &rules[i];
        if ((rule->for_commands >> (c - commands) & 1) && option_is_given(o, rule->name) &&
            rule->is_idle(o)) {
            usage_error(c, "--%s %s", rule->name, rule->why);
        }
    }
}
