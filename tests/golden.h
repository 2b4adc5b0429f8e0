/* SPDX-License-Identifier: MIT
 *
 * golden.h - golden numbers: cases that another framework has computed (golden/README.md), the
 * reader of their files, and the table that says how grove builds them.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stdio.h>

#include "grove/nn.h"
#include "grove/plan.h"
#include "ops/room.h"

/* ---- files ----------------------------------------------------------------------------------- */

enum { GOLDEN_LINES = 96, GOLDEN_NAME = 80 };

typedef enum golden_kind {
    GOLDEN_SET,   /* a setting: one number or a list */
    GOLDEN_REAL,  /* an input */
    GOLDEN_IDS,   /* an input */
    GOLDEN_STATE, /* what is written into a state before each step of training */
    GOLDEN_PARAM, /* what a parameter begins with */
    GOLDEN_WANT   /* a result */
} golden_kind;

typedef struct golden_line {
    golden_kind kind;
    char name[GOLDEN_NAME];
    grove_shape shape; /* of a setting: [count] */
    size_t count;
    double *numbers; /* [count] */
    void *data;      /* the same as grove_real, or grove_id for GOLDEN_IDS */
} golden_line;

typedef struct golden_case {
    char name[GOLDEN_NAME];
    double tolerance;
    int lines;
    golden_line line[GOLDEN_LINES];
} golden_case;

typedef struct golden_reader {
    FILE *file;
    char *text; /* the line that is being read */
    size_t size;
    int number;          /* of that line */
    double tolerance;    /* of the file */
    const char *problem; /* what is wrong with that line; NULL: nothing */
} golden_reader;

bool golden_open(golden_reader *reader, const char *path);
/* The next case; false at the end of the file, or at a problem. To be freed in either case. */
bool golden_next(golden_reader *reader, golden_case *c);
void golden_case_free(golden_case *c);
void golden_close(golden_reader *reader);

/* The line of that kind and name; NULL if there is none. */
const golden_line *golden_find(const golden_case *c, golden_kind kind, const char *name);
/* The setting's number, or 0; as a shape or list of axes (rank 0 where there is none). */
double golden_number(const golden_case *c, const char *name);
grove_shape golden_list(const golden_case *c, const char *name);

/* Whether "w.grad" ends in ".grad": then `stem` becomes "w". */
bool golden_ending(const char *name, const char *ending, char stem[GOLDEN_NAME]);

/* ---- comparing ------------------------------------------------------------------------------- */

/* What has been seen so far. */
typedef struct golden_tally {
    const char *file;
    int cases, faults;
    double worst; /* error, as a part of what was tolerated */
    size_t used;
    char words[4000];    /* a line for each fault, as many as fit */
    bool op[GROVE_ROWS]; /* is in the graph of a case */
} golden_tally;

void golden_fault(golden_tally *t, const golden_case *c, const char *format, ...)
    GROVE_PRINTF(3, 4);

/* What errors of this tensor are relative to: its largest number, since a rounding in a sum cannot
 * be held to the one small number among its results. A tensor of mere roundings counts as zero. */
double golden_size(const golden_line *want);

/* got [count], or NULL for zeros, against what is wanted from `begin` on. One fault at most. */
bool golden_compare(golden_tally *t, const golden_case *c, const golden_line *want, size_t begin,
                    const grove_real *got, size_t count);
/* The same for ids, got [want->count]: not one may differ. */
bool golden_compare_ids(golden_tally *t, const golden_case *c, const golden_line *want,
                        const grove_id *got);

/* Makes the last number of each result too wrong to pass, and answers how many results there are.
 */
int golden_spoil(golden_case *c);

/* Notes the ops of all nodes. */
void golden_note_ops(golden_tally *t, const grove_graph *graph);

/* ---- cases ----------------------------------------------------------------------------------- */

/* What a builder works on: the case's inputs are nodes of the graph already. */
typedef struct golden_scene {
    const golden_case *c;
    grove_graph *graph;
} golden_scene;

typedef struct golden_builder {
    const char *name; /* of the case, up to its first '/' */
    bool trains;      /* yields the scalar loss of a model to be trained; else a function's y */
    grove_tensor (*build)(const golden_scene *s);
} golden_builder;

/* Builds and runs the case, and compares. */
void golden_check(const golden_case *c, golden_tally *t);

/* NULL for a name that nobody knows. */
const golden_builder *golden_builder_of(const char *case_name);

/* The optimizer that the case's settings describe, and what they say of single parameters. */
grove_optimizer golden_optimizer(const golden_scene *s);
void golden_set_parameters(const golden_scene *s);

/* Whether there is a reason why this op has no golden numbers. */
bool golden_is_exception(const char *op);

#endif
