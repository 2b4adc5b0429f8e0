/* SPDX-License-Identifier: MIT
 *
 * answers.h - a model asked about the rows of a table: what evaluate and predict share.
 */
#ifndef TOOLS_ANSWERS_H
#define TOOLS_ANSWERS_H

#include "common.h"

typedef struct answers {
    const grove_model *model;
    const grove_schema *schema; /* the model's */
    grove_table *table;
    grove_dataset *data;
    size_t rows, classes;
    float *probabilities; /* [rows, classes]; there is room for so many rows: */
    size_t room;
    grove_predictor *predictor;
    int64_t cells, *unknown; /* of all rows that were asked about: [columns of the schema] */
} answers;

/* Reads the table (files[1]), encodes it as a->schema says, and asks a->model. Complains and
 * returns an exit code on failure. To be freed in any case. */
int ask(const char *command, const options *o, bool labelled, answers *a);

/* The same block by block, without labels: `take` is called with the answers of each. The table is
 * never held whole. */
int ask_in_blocks(const char *command, const options *o, answers *a,
                  int (*take)(void *user, const answers *a), void *user);
void free_answers(answers *a);

/* The share of the cells that training did not see; and a line about them on stderr, column by
 * column, if there are any. */
double unknown_share(const answers *a);
void report_unknown(const char *command, const answers *a);

#endif
