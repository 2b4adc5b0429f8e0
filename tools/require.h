/* SPDX-License-Identifier: MIT
 *
 * require.h - results that are demanded: --require accuracy>=0.9.
 */
#ifndef TOOLS_REQUIRE_H
#define TOOLS_REQUIRE_H

#include <jansson.h>

#include "grove/report_numbers.h"
#include "grove/report_sets.h"
#include "options.h"

/* The first of the demands that cannot be read, in words; NULL: all are good. */
enum { DEMAND_SIZE = 512 };
const char *demand_mistake(const names *demands, char words[DEMAND_SIZE]);

/* What was measured: of classes [GROVE_MEASURES], of numbers [GROVE_NUMBER_MEASURES], of sets
 * [GROVE_SET_MEASURES]. */
typedef struct measured {
    grove_target_kind kind;
    const grove_estimate *measures;
} measured;

/* EXIT_USAGE after a sentence where a demand is of the other kind of model. */
int check_kind_of_demands(const char *command, const names *demands, grove_target_kind kind);

/* Holds measures against the demands. EXIT_MISSED after one line on stderr that names each one
 * missed; a measure that is not defined on these rows misses any demand. */
int check_demands(const char *command, const names *demands, measured m);

/* [{"metric", "at_least" or "at_most", "value", "met"}], in the order of the demands. */
json_t *json_demands(const names *demands, measured m);

#endif
