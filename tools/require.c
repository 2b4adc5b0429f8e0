/* SPDX-License-Identifier: MIT */
#include "require.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "suggest.h"

typedef struct demand {
    grove_measure measure; /* GROVE_MEASURES: there is none of that name */
    bool at_most;
    double value;
} demand;

static grove_measure measure_of(const char *name, size_t length) {
    int found = 0;
    for (; found < GROVE_MEASURES; found++) {
        const char *own = grove_measure_name((grove_measure)found);
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            break;
        }
    }
    return (grove_measure)found;
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
        if (d.measure == GROVE_MEASURES) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "<>"), text);
            suggestion near = {.wanted = name};
            for (int m = 0; m < GROVE_MEASURES; m++) {
                consider(&near, grove_measure_name((grove_measure)m));
            }
            snprintf(words, DEMAND_SIZE,
                     "--require: there is no metric '%s'%s; grove evaluate --full shows all", name,
                     in_words(meant, &near, ""));
            return words;
        }
    }
    return NULL;
}

/* NaN is no number that meets anything. */
static bool is_met(const demand *d, const grove_report *report) {
    const double value = report->measures[d->measure].value;
    return d->at_most ? value <= d->value : value >= d->value;
}

int check_demands(const char *command, const names *demands, const grove_report *report) {
    int missed = 0;
    for (size_t i = 0; i < demands->count; i++) {
        demand d;
        if (!read_demand(demands->items[i], &d) || is_met(&d, report)) {
            continue;
        }
        const double value = report->measures[d.measure].value;
        char bound[32], reached[32];
        if (missed++ == 0) {
            fprintf(stderr, "grove %s: --require is missed: ", command);
        } else {
            fputs("; ", stderr);
        }
        fprintf(stderr, "%s is %s, not %s %s", grove_measure_name(d.measure),
                isnan(value) ? "not defined on these rows" : grove_format_number(reached, value),
                d.at_most ? "<=" : ">=", grove_format_number(bound, d.value));
    }
    fputs(missed ? "\n" : "", stderr);
    return missed ? EXIT_MISSED : EXIT_DONE;
}

json_t *json_demands(const names *demands, const grove_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < demands->count; i++) {
        demand d;
        if (read_demand(demands->items[i], &d)) {
            json_array_append_new(
                list, json_pack("{s:s, s:o, s:o, s:b}", "metric", grove_measure_name(d.measure),
                                d.at_most ? "at_most" : "at_least", json_number(d.value), "value",
                                json_number(report->measures[d.measure].value), "met",
                                is_met(&d, report)));
        }
    }
    return list;
}
