/* SPDX-License-Identifier: MIT
 *
 * autoencoder.h - what an autoencoder restores of rows, for grove autoencoder, which makes one, and
 * for evaluate and predict, where they are given one.
 */
#ifndef TOOLS_AUTOENCODER_H
#define TOOLS_AUTOENCODER_H

#include "common.h"
#include "grove/autoencoder.h"

/* Of some rows, column by column [columns]. */
typedef struct restored {
    size_t rows, columns;
    float *cells, *hit;                         /* [rows, columns] errors, and hits */
    double *errors, *hits, *usual, *usual_hits; /* means, and those of the baseline */
} restored;

bool is_autoencoder(const grove_model *model);

/* To be freed also after a failure. */
grove_status restore_rows(const grove_graph *graph, const grove_schema *schema, grove_rows rows,
                          int threads, restored *r, grove_error *error);
void free_restored(restored *r);

/* The sum over the columns, and the same of the baseline. */
double sum_of(const double *errors, size_t count);
/* A line for each column; a list of objects. */
void print_restored(const grove_schema *schema, const restored *r);
json_t *json_restored(const grove_schema *schema, const restored *r);

/* grove evaluate MODEL DATA.csv, and grove predict MODEL DATA.csv. */
int evaluate_autoencoder(const options *o, const grove_model *model);
int predict_autoencoder(const options *o, const grove_model *model);

#endif
