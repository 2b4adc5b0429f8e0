/* SPDX-License-Identifier: MIT */
#include "require.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "suggest.h"

/* Measures of classes, and behind them those of numbers. */
enum { ALL_MEASURES = GROVE_MEASURES + GROVE_NUMBER_MEASURES };

typedef struct demand {
    int measure; /* ALL_MEASURES: there is none of that name */
    bool at_most;
    double value;
} demand;

static bool is_of_numbers(int measure) {
    return measure >= GROVE_MEASURES;
}

static const char *name_of(int measure) {
    return is_of_numbers(measure)
               ? grove_number_measure_name((grove_number_measure)(measure - GROVE_MEASURES))
               : grove_measure_name((grove_measure)measure);
}

static int measure_of(const char *name, size_t length) {
    int found = 0;
    for (; found < ALL_MEASURES; found++) {
        const char *own = name_of(found);
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            break;
        }
    }
    return found;
}

/* False where it has not the form METRIC>=VALUE or METRIC<=VALUE. */
static bool read_demand(const char *text, demand *d) {
    const size_t length = strcspn(text, "<>");
    const char *sign = text + length;
    if (length == 0 || !*sign || sign[1] != '=') {
        return false;
    }
    *d = (demand){.measure = measure_of(text, length), .at_most = *sign == '<'};
    return grove_parse_number(sign + 2, strlen(sign + 2), &d->value);
}

const char *demand_mistake(const names *demands, char words[DEMAND_SIZE]) {
    for (size_t i = 0; i < demands->count; i++) {
        const char *text = demands->items[i];
        char name[64], meant[SUGGESTION_SIZE];
        demand d;
        if (!read_demand(text, &d)) {
            snprintf(words, DEMAND_SIZE,
                     "--require takes METRIC>=VALUE or METRIC<=VALUE, as in accuracy>=0.9, not "
                     "'%.100s'",
                     text);
            return words;
        }
        if (d.measure == ALL_MEASURES) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "<>"), text);
            suggestion near = {.wanted = name};
            for (int m = 0; m < ALL_MEASURES; m++) {
                consider(&near, name_of(m));
            }
            snprintf(words, DEMAND_SIZE,
                     "--require: there is no metric '%s'%s; grove evaluate --full shows all", name,
                     in_words(meant, &near, ""));
            return words;
        }
    }
    return NULL;
}

int check_kind_of_demands(const char *command, const names *demands, bool numbers) {
    for (size_t i = 0; i < demands->count; i++) {
        char sentence[300];
        demand d;
        if (read_demand(demands->items[i], &d) && is_of_numbers(d.measure) != numbers) {
            snprintf(sentence, sizeof sentence,
                     "--require: %s is a metric of models that %s, and this one %s",
                     name_of(d.measure), numbers ? "tell classes" : "predict numbers",
                     numbers ? "predicts numbers" : "tells classes");
            return complain(command, EXIT_USAGE, sentence);
        }
    }
    return EXIT_DONE;
}

static double value_of(const demand *d, measured m) {
    return m.measures[is_of_numbers(d->measure) ? d->measure - GROVE_MEASURES : d->measure].value;
}

/* NaN is no number that meets anything. */
static bool is_met(const demand *d, measured m) {
    const double value = value_of(d, m);
    return d->at_most ? value <= d->value : value >= d->value;
}

int check_demands(const char *command, const names *demands, measured m) {
    int missed = 0;
    for (size_t i = 0; i < demands->count; i++) {
        demand d;
        if (!read_demand(demands->items[i], &d) || is_met(&d, m)) {
            continue;
        }
        const double value = value_of(&d, m);
        char bound[32], reached[32];
        if (missed++ == 0) {
            fprintf(stderr, "grove %s: --require is missed: ", command);
        } else {
            fputs("; ", stderr);
        }
        fprintf(stderr, "%s is %s, not %s %s", name_of(d.measure),
                isnan(value) ? "not defined on these rows" : grove_format_number(reached, value),
                d.at_most ? "<=" : ">=", grove_format_number(bound, d.value));
    }
    fputs(missed ? "\n" : "", stderr);
    return missed ? EXIT_MISSED : EXIT_DONE;
}

json_t *json_demands(const names *demands, measured m) {
    json_t *list = json_array();
    for (size_t i = 0; i < demands->count; i++) {
        demand d;
        if (read_demand(demands->items[i], &d)) {
            json_array_append_new(
                list, json_pack("{s:s, s:o, s:o, s:b}", "metric", name_of(d.measure),
                                d.at_most ? "at_most" : "at_least", json_number(d.value), "value",
                                json_number(value_of(&d, m)), "met", is_met(&d, m)));
        }
    }
    return list;
}
