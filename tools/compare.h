/* SPDX-License-Identifier: MIT
 *
 * compare.h - what grove compare found, and how it is told.
 */
#ifndef TOOLS_COMPARE_H
#define TOOLS_COMPARE_H

#include "common.h"
#include "job.h"

enum { MOST_BUCKETS = 16, MOST_FORMS = MOST_BUCKETS + 3 };

/* The network with the column's vectors kept in one way: what it costs, how good it is. */
typedef struct compared_form {
    grove_table_form form;
    char name[40];                         /* "embedding", "hashed, 9,125 rows" */
    int64_t rows;                          /* of the column's table, or both of its tables */
    int64_t column_parameters, parameters; /* of the column's table; of the network */
    double memory;  /* bytes: parameters, what the optimizer keeps beside them, a step's results */
    double step_us; /* mean over the training steps */
    int epochs, best_epoch;
    grove_estimate log_loss, accuracy; /* of the validation rows, with bootstrapped intervals */
    grove_estimate difference;         /* log loss less that of the embedding, row by row; NaN for
                                          the embedding itself */
    bool collides;                     /* is hashed: then */
    grove_collision_report collisions; /* of the column's values in training, by their rows */
} compared_form;

typedef struct comparison {
    const job *j;
    size_t column;  /* of the schema */
    int64_t values; /* rows of a full table: the column's values, unknown and missing among them */
    int64_t width;  /* of its vectors */
    compared_form forms[MOST_FORMS];
    int count;
} comparison;

/* A table in words, to stdout. */
void print_comparison(const comparison *c);
json_t *json_comparison(const comparison *c);
/* One page that holds all it needs. Complains and returns an exit code on failure. */
int write_comparison(const comparison *c, const char *path);

#endif
