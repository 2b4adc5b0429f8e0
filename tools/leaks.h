/* SPDX-License-Identifier: MIT
 *
 * leaks.h - warnings about what makes a model look better than it is.
 */
#ifndef TOOLS_LEAKS_H
#define TOOLS_LEAKS_H

#include "common.h"

/* A line on stderr for each, "grove train: warning: ...". `measured`: what the rows are called that
 * stand in both parts, "validation" or "test"; `classes`: the label holds some. */
void print_leaks(const char *command, const grove_table *table, const grove_leaks *leaks,
                 bool classes, const char *measured);

/* [{"kind":..., "column":..., "share":..., "rows":..., "other_label":...}] */
json_t *json_leaks(const grove_table *table, const grove_leaks *leaks, bool classes);

#endif
