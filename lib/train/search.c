/* SPDX-License-Identifier: MIT
 *
 * search.c - settings that are tried on the rows for validation, by successive halving: all of them
 * for a few epochs, the best third for three times as many.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/choose.h"

enum { ROUNDS = 2, SHARE = 3, LEAST_EPOCHS = 3 };

typedef struct candidate {
    grove_settings settings;
    double loss; /* infinite: not tried yet, or in vain */
} candidate;

typedef struct search {
    const grove_schema *schema;
    grove_rows train, valid;
    const grove_search_options *o;
    candidate *candidates; /* [count] */
    int count, trials, done;
    double loss; /* the best of the trial that is under way */
    bool stopped;
    grove_error *error;
} search;

/* ---- what is tried --------------------------------------------------------------------------- */

static void scale_hidden(grove_settings *s, double factor) {
    for (int i = 0; i < s->hidden_count && !s->given[GROVE_SETTING_HIDDEN]; i++) {
        s->hidden[i] = (int64_t)fmax(1, (double)s->hidden[i] * factor);
    }
}

static void set_number(grove_settings *s, grove_setting setting, double *field, double value) {
    *field = s->given[setting] ? *field : value;
}

static void set_architecture(grove_settings *s, grove_architecture architecture) {
    const bool crossed = s->given[GROVE_SETTING_CROSSES] && s->cross_count > 0;
    if (s->given[GROVE_SETTING_ARCHITECTURE] || crossed) {
        return;
    }
    s->architecture = architecture;
    s->cross_count = architecture == GROVE_ARCHITECTURE_WIDE_DEEP ? s->cross_count : 0;
    if (architecture == GROVE_ARCHITECTURE_RESNET && s->hidden_count > 1) {
        s->hidden[1] = s->given[GROVE_SETTING_HIDDEN] ? s->hidden[1] : s->hidden[0];
    }
}

/* The ways that were found to matter most, each from the settings that were chosen. */
static void vary(grove_settings *s, int way) {
    switch (way) {
    case 1:
        set_number(s, GROVE_SETTING_DROPOUT, &s->dropout, 0.4);
        scale_hidden(s, 2);
        break;
    case 2:
        set_number(s, GROVE_SETTING_TABLE_DROPOUT, &s->table_dropout, s->table_dropout + 0.15);
        break;
    case 3:
        set_number(s, GROVE_SETTING_RATE, &s->rate, s->rate / 2);
        break;
    case 4:
        set_architecture(s, GROVE_ARCHITECTURE_RESNET);
        break;
    case 5:
        set_number(s, GROVE_SETTING_DROPOUT, &s->dropout, 0.1);
        set_number(s, GROVE_SETTING_TABLE_DROPOUT, &s->table_dropout, s->table_dropout / 2);
        break;
    case 6:
        set_number(s, GROVE_SETTING_RATE, &s->rate, s->rate * 2);
        break;
    case 7:
        set_architecture(s, s->architecture == GROVE_ARCHITECTURE_WIDE_DEEP
                                ? GROVE_ARCHITECTURE_MLP
                                : GROVE_ARCHITECTURE_WIDE_DEEP);
        break;
    case 8:
        scale_hidden(s, 0.5);
        break;
    default:
        break;
    }
}

/* One is not tried twice because of what was given. */
static void add_candidates(search *s, const grove_settings *base, int wanted) {
    for (int way = 0; way < wanted; way++) {
        candidate next = {.settings = *base, .loss = (double)INFINITY};
        vary(&next.settings, way);
        bool is_new = true;
        for (int i = 0; i < s->count && is_new; i++) {
            is_new = memcmp(&s->candidates[i].settings, &next.settings, sizeof next.settings) != 0;
        }
        if (is_new) {
            s->candidates[s->count++] = next;
        }
    }
}

/* ---- trying it ------------------------------------------------------------------------------- */

static bool watch(void *user, const grove_progress *progress) {
    search *s = user;
    if (progress->row == progress->rows && progress->valid_loss < s->loss) {
        s->loss = progress->valid_loss;
    }
    s->stopped = s->stopped || (s->o->go_on && !s->o->go_on(s->o->user, NULL));
    return !s->stopped;
}

/* An average over more steps than there are would still hold the first weights. */
static grove_settings shortened(const grove_settings *settings, int epochs, size_t rows) {
    grove_settings s = *settings;
    double steps = ceil((double)rows / (double)s.batch) * epochs;
    double most = fmax(0, 1 - 5 / steps);
    s.average = s.average < most ? s.average : most;
    s.epochs = epochs;
    s.patience = epochs;
    return s;
}

static grove_status try_one(search *s, candidate *c, int epochs) {
    grove_settings settings = shortened(&c->settings, epochs, s->train.count);
    grove_classifier classifier = {0};
    grove_fit_options how = s->o->fit ? *s->o->fit : (grove_fit_options){0};
    grove_fit_result result;
    s->loss = (double)INFINITY;
    how.progress = watch;
    how.user = s;
    how.checkpoint = NULL;
    how.profile = NULL;
    grove_settings_fit(&settings, &how);
    grove_status status = grove_settings_classifier(&settings, s->schema, s->train, s->o->network,
                                                    &classifier, s->error);
    if (status == GROVE_OK) {
        status = grove_fit(&classifier, s->schema, s->train, s->valid, &how, &result, s->error);
    }
    grove_classifier_free(&classifier);
    if (status == GROVE_BAD_DATA && !how.check_finite) { /* too fast: it is none of the good ones */
        grove_error_clear(s->error);
        status = GROVE_OK;
        s->loss = (double)INFINITY;
    }
    c->loss = s->stopped ? c->loss : s->loss;
    return status;
}

/* By loss; those of one loss stay in their order. */
static void sort(candidate *candidates, int count) {
    for (int i = 1; i < count; i++) {
        candidate moved = candidates[i];
        int at = i;
        for (; at > 0 && candidates[at - 1].loss > moved.loss; at--) {
            candidates[at] = candidates[at - 1];
        }
        candidates[at] = moved;
    }
}

static grove_status run_round(search *s, int count, int epochs) {
    grove_status status = GROVE_OK;
    for (int i = 0; i < count && status == GROVE_OK && !s->stopped; i++) {
        candidate *c = &s->candidates[i];
        status = try_one(s, c, epochs);
        grove_trial trial = {.number = ++s->done,
                             .trials = s->trials,
                             .epochs = epochs,
                             .loss = c->loss,
                             .settings = &c->settings};
        if (status == GROVE_OK && !s->stopped && s->o->go_on) {
            s->stopped = !s->o->go_on(s->o->user, &trial);
        }
    }
    sort(s->candidates, count);
    return status;
}

static int best_share(int count) {
    return (count + SHARE - 1) / SHARE;
}

static grove_status run_rounds(search *s, int epochs) {
    int count = s->count, first = epochs / (SHARE * SHARE);
    int budget = first > LEAST_EPOCHS ? first : LEAST_EPOCHS;
    grove_status status = GROVE_OK;
    s->trials = count + best_share(count);
    for (int round = 0; round < ROUNDS && status == GROVE_OK && !s->stopped; round++) {
        status = run_round(s, count, budget);
        count = best_share(count);
        budget *= SHARE;
    }
    return status;
}

grove_status grove_search_settings(const grove_schema *schema, grove_rows train, grove_rows valid,
                                   const grove_search_options *options, grove_settings *settings,
                                   int room, int *count, grove_error *error) {
    grove_error own = {0};
    search s = {.schema = schema,
                .train = train,
                .valid = valid,
                .o = options,
                .error = error ? error : &own};
    const int wanted = options && options->candidates > 0 ? options->candidates : GROVE_MOST_TRIALS;
    *count = 0;
    if (!schema || !options || room < 1 || wanted > GROVE_MOST_TRIALS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "a search takes a schema, options and room; at most %d candidates",
                          GROVE_MOST_TRIALS);
    }
    if (valid.count == 0) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "settings cannot be compared: there are no rows to validate on");
    }
    const grove_allocator allocator =
        grove_allocator_or_default(options->network ? &options->network->allocator : NULL);
    size_t bytes = (size_t)wanted * sizeof *s.candidates;
    s.candidates = grove_alloc_zero(&allocator, (size_t)wanted, sizeof *s.candidates);
    if (!s.candidates) {
        return grove_fail_memory(error, bytes);
    }
    add_candidates(&s, &settings[0], wanted);
    grove_status status = run_rounds(&s, settings[0].epochs);
    for (int i = 0; i < best_share(s.count) && i < room && status == GROVE_OK; i++) {
        settings[i] = s.candidates[i].settings;
        *count = i + 1;
    }
    grove_release(&allocator, s.candidates);
    return status;
}
