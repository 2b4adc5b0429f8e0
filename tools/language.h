/* SPDX-License-Identifier: MIT
 *
 * language.h - what other commands do with a language model, where they are given one.
 */
#ifndef TOOLS_LANGUAGE_H
#define TOOLS_LANGUAGE_H

#include "common.h"
#include "grove/language.h"

/* Complain and return an exit code on failure. */
int read_lines(const char *command, const char *path, grove_units units, grove_lines **lines);
int open_language(const char *command, const grove_model *model, grove_language *language);

/* grove evaluate MODEL LINES, and grove embed MODEL LINES. */
int evaluate_language(const options *o, const grove_model *model);
int embed_language(const options *o, const grove_model *model);

#endif
