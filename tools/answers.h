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
    float *probabilities;     /* [rows, classes]; NULL where numbers are predicted: */
    double *numbers;          /* [rows], in the units of the table */
    bool judges;              /* where classes are very many, a row is held against its label, */
    grove_judged_row *judged; /* [rows], in place of the probabilities; or */
    grove_ranked_class *top;  /* [rows, top_count] the most probable classes, for predict --top */
    size_t top_count;
    size_t room;                    /* for so many rows */
    grove_unknown_policy *policies; /* [columns of the schema] */
    bool *unknown_rows;             /* [rows] that have a cell which training did not see */
    grove_predictor *predictor;
    bool unsure;                 /* --uncertainty was asked for */
    grove_disagreement *members; /* of a joined model, where --uncertainty asks for them; then */
    double *spread;              /* [rows] how far they are apart (uncertainty.h) */
    double threshold;            /* of classes that are answered, where there may be several */
    int64_t cells, *unknown;     /* of all rows that were asked about: [columns of the schema] */
} answers;

/* Reads the table (files[1]), encodes it as a->schema says, and asks a->model. Complains and
 * returns an exit code on failure. To be freed in any case. */
int ask(const char *command, const options *o, bool labelled, answers *a);

/* The same block by block, without labels: `take` is called with the answers of each. The table is
 * never held whole. */
int ask_in_blocks(const char *command, const options *o, answers *a,
                  int (*take)(void *user, const answers *a), void *user);
void free_answers(answers *a);

/* What rows [count] (NULL: the first) should have been predicted, in the units of the table; to be
 * freed. NULL when memory is short. */
double *truth_of(const answers *a, const size_t *rows, size_t count);

/* Refuses --threshold where the schema's label is no set of classes. */
int check_threshold(const char *command, const options *o, const grove_schema *schema);

/* How good are they for rows [count] (NULL: the first)? They must have labels. Complains and
 * returns an exit code on failure. */
int measure_answers(const char *command, const answers *a, const size_t *rows, size_t count,
                    grove_metrics *metrics);

#endif
