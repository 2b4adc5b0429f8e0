/* SPDX-License-Identifier: MIT */
#include "require.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "suggest.h"

static const char *class_measure(int i) {
    return grove_measure_name((grove_measure)i);
}

static const char *number_measure(int i) {
    return grove_number_measure_name((grove_number_measure)i);
}

static const char *set_measure(int i) {
    return grove_set_measure_name((grove_set_measure)i);
}

/* The names of each kind, NULL behind the last, and what models of that kind do. Some names are
 * those of several kinds. */
static const struct {
    const char *(*name)(int i);
    const char *models;
} kinds[GROVE_TARGETS] = {
    [GROVE_TARGET_CLASS] = {class_measure, "tell classes"},
    [GROVE_TARGET_NUMBER] = {number_measure, "predict numbers"},
    [GROVE_TARGET_SET] = {set_measure, "tell several classes a row"},
};

typedef struct demand {
    const char *name; /* as the measure has it; NULL: there is none of that name */
    bool at_most;
    double value;
} demand;

/* -1: that kind has none of this name. */
static int measure_of(int kind, const char *name, size_t length) {
    const char *own;
    for (int i = 0; (own = kinds[kind].name(i)); i++) {
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

/* The first kind that has it; -1: none. */
static int kind_of(const char *name, size_t length) {
    for (int kind = 0; kind < GROVE_TARGETS; kind++) {
        if (measure_of(kind, name, length) >= 0) {
            return kind;
        }
    }
    return -1;
}

/* False where it has not the form METRIC>=VALUE or METRIC<=VALUE. */
static bool read_demand(const char *text, demand *d) {
    const size_t length = strcspn(text, "<>");
    const char *sign = text + length;
    if (length == 0 || !*sign || sign[1] != '=') {
        return false;
    }
    const int kind = kind_of(text, length);
    *d = (demand){.at_most = *sign == '<'};
    d->name = kind >= 0 ? kinds[kind].name(measure_of(kind, text, length)) : NULL;
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
        if (!d.name) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "<>"), text);
            suggestion near = {.wanted = name};
            for (int kind = 0; kind < GROVE_TARGETS; kind++) {
                for (int m = 0; kinds[kind].name(m); m++) {
                    consider(&near, kinds[kind].name(m));
                }
            }
            snprintf(words, DEMAND_SIZE,
                     "--require: there is no metric '%s'%s (grove evaluate --full shows all)", name,
                     in_words(meant, &near, ""));
            return words;
        }
    }
    return NULL;
}

int check_kind_of_demands(const char *command, const names *demands, grove_target_kind kind) {
    for (size_t i = 0; i < demands->count; i++) {
        char sentence[300];
        demand d;
        if (read_demand(demands->items[i], &d) &&
            measure_of((int)kind, d.name, strlen(d.name)) < 0) {
            snprintf(sentence, sizeof sentence,
                     "--require: %s is a metric of models that %s, and this is one of those that "
                     "%s",
                     d.name, kinds[kind_of(d.name, strlen(d.name))].models, kinds[kind].models);
            return complain(command, EXIT_USAGE, sentence);
        }
    }
    return EXIT_DONE;
}

static double value_of(const demand *d, measured m) {
    return m.measures[measure_of((int)m.kind, d->name, strlen(d->name))].value;
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
        fprintf(stderr, "%s is %s, not %s %s", d.name,
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
                list, json_pack("{s:s, s:o, s:o, s:b}", "metric", d.name,
                                d.at_most ? "at_most" : "at_least", json_number(d.value), "value",
                                json_number(value_of(&d, m)), "met", is_met(&d, m)));
        }
    }
    return list;
}
