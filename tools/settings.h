/* SPDX-License-Identifier: MIT
 *
 * settings.h - the settings of a training: those that were given, those that were chosen, and why.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include "common.h"

/* Those that the options give; the others are to be chosen. Crosses name categorical columns of the
 * schema. */
grove_status given_settings(const options *o, const grove_schema *schema, grove_settings *settings,
                            grove_error *error);

/* Gives the reasons for what --bayesian decided, once the others are chosen. */
void explain_bayesian(const options *o, grove_settings *settings);

/* What a search changed of those that were chosen has its reason. */
void explain_found(grove_settings *found, const grove_settings *chosen);

/* A line for each, with its reason. */
void print_settings(const grove_settings *settings);
/* {"dropout": {"value": 0.25, "reason": "..."}...}; the reason of what was given is null. */
json_t *json_settings(const grove_settings *settings);

/* "--dropout 0.25", a line for each, to be freed; NULL when memory is short. */
char *settings_lines(const grove_settings *settings);

#endif
