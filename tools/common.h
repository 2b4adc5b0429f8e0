/* SPDX-License-Identifier: MIT
 *
 * common.h - what the commands share: reading files with the right exit code, numbers in JSON and
 * in words.
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <jansson.h>
#include <stdio.h>

#include "grove/grove.h"
#include "grove/model_file.h"
#include "options.h"

/* Prints "grove train: sentence" to stderr, as one line, and returns the code. */
int complain(const char *command, int code, const char *sentence);

/* Reads a table as the options say, or a model. Complains and returns an exit code on failure, and
 * then *table, or *model, is NULL. */
int read_table(const char *command, const char *path, const options *o, grove_table **table);
/* How many rows were passed over, if any were. */
void tell_bad_rows(const char *command, const grove_table *table);
/* What the options say of files, and the code for a mistake met while opening a source. */
grove_csv_options csv_options_of(const options *o);
int code_of_source(const char *source, grove_status status);
int read_model(const char *command, const char *path, grove_model **model);

/* Could the file be written? Asked before the work is done, so that none is lost. Complains and
 * returns an exit code if not; leaves what stands there as it is. */
int check_output(const char *command, const char *path);

/* The code for a mistake met while working on data: memory is no fault of theirs. */
int code_of_data(grove_status status);

/* To be called before the first JSON value is made: from then on memory that was short anywhere in
 * building one is remembered, for a value that could not be made is left out without a word. */
void watch_json_memory(void);

/* Writes an object and lets go of it. NULL when memory was short; else to be freed. */
char *json_write(json_t *object, size_t flags);

/* A JSON number; null for NaN and infinities, which JSON does not have. */
json_t *json_number(double value);

/* Prints the object and a line end to stdout, and lets go of it. Returns an exit code. */
int print_json(const char *command, json_t *object);

/* {"rows":..., "accuracy":..., "log_loss":..., "roc_auc":..., "baseline_accuracy":...}, of numbers
 * r2, mean_squared_error, mean_absolute_error and the last two of a baseline; of sets of classes
 * hamming_loss, f1_micro, f1_macro in place of roc_auc, and baseline_f1_micro */
json_t *json_metrics(const grove_metrics *metrics);

/* A text that may hold any bytes as JSON: what is no UTF-8 is shown as U+FFFD. */
json_t *json_text(const char *bytes, size_t length);

/* Prints metrics in words, a line each. */
void print_metrics(const grove_metrics *metrics);

/* Prints bytes that came from a file, so that a terminal is safe: control characters become '?'. */
void print_plain(FILE *stream, const char *text);
/* The same to stdout, with blanks up to a width in characters. */
void print_padded(const char *text, int width);
int width_of(const char *text);

/* What grove_csv_write_cell writes through; user: a grove_atomic_file, which keeps a failure until
 * it is committed. */
int to_atomic_file(void *user, const char *bytes, size_t size);

/* Since some moment: only differences mean something. */
double seconds_now(void);

/* Writes a number with thousands separated by commas; returns buffer. */
const char *with_commas(char buffer[40], int64_t number);

/* Hidden + output + embedding layers on the longest way to an answer; below 0 when memory is
 * short (grove_nn_depth). */
int depth_of(const grove_model *model);

#endif
