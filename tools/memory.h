/* SPDX-License-Identifier: MIT
 *
 * memory.h - how much memory a training will take, before it takes it.
 */
#ifndef TOOLS_MEMORY_H
#define TOOLS_MEMORY_H

#include "job.h"

enum { PROCESS_MEMORY = 30000000 }; /* of the program itself, about */

/* The table that a file of so many bytes becomes, with its rows encoded and packed; a block of its
 * rows tells what they are like. 0 bytes: the block is the table. */
double table_memory(const grove_table *block, double file_bytes);

/* In bytes. */
typedef struct memory_estimate {
    double values;  /* of vocabularies */
    double tables;  /* numbers that are trained, and what the optimizer keeps of them */
    double rows;    /* held in memory, or in a window of a stream; answers to be validated */
    double step;    /* what a step computes */
    double process; /* the program itself */
} memory_estimate;

memory_estimate estimate_memory(const job *j);
double all_of(const memory_estimate *e);

/* A line on stderr. */
void print_estimate(const memory_estimate *e, double most);

/* {"estimate_bytes":..., "limit_bytes":..., "peak_bytes":..., "streamed":..., "row_bytes":...,
 * "cache_used":...} */
json_t *json_memory_of(const memory_estimate *e, const job *j);

/* Complains and returns an exit code where --max-memory is less than that. */
int check_memory(const memory_estimate *e, const job *j);

#endif
