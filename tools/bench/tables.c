/* SPDX-License-Identifier: MIT
 *
 * tables.c - reading a table of text, as workloads: a file in the page cache is read, and its
 * columns are encoded with a schema that is there or one that is guessed and fitted first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { ROWS = 200000, SPECIES = 73000 };

typedef struct reading {
    char path[512];
    bool ours; /* the file was made here, and is removed at the end */
    grove_schema *schema;
} reading;

/* ---- the file -------------------------------------------------------------------------------- */

/* Four columns of numbers (one with empty cells), one of 73,000 names, four of few values, and one
 * of cells in quotes, with separators and quotes inside. */
static void write_row(FILE *file, uint64_t *random) {
    unsigned drawn[10];
    for (int i = 0; i < 10; i++) {
        drawn[i] = (unsigned)(bench_random(random) >> 33);
    }
    fprintf(file, "%u,%u.%02u,%s%u.%06u,", drawn[0] % 100000, drawn[1] % 1000, drawn[2] % 100,
            drawn[3] % 2 ? "-" : "", drawn[3] / 2 % 100, drawn[4] % 1000000);
    if (drawn[5] % 20 != 0) {
        fprintf(file, "%u", drawn[5] % 120);
    }
    unsigned species = drawn[6] % SPECIES;
    fprintf(file, ",tree-%u-%x,value-%u,kind %u,%u-%u-name,%s", species, species * 7, drawn[7] % 9,
            drawn[7] / 9 % 16, drawn[8] % 42, drawn[8] % 42 * 31,
            drawn[7] / 144 % 2 ? "yes" : "no");
    fprintf(file, ",\"town %u, the \"\"%s\"\"\"\n", drawn[9] % 200, drawn[9] % 2 ? "old" : "new");
}

static bool write_file(const char *path) {
    uint64_t random = 11;
    FILE *file = fopen(path, "w");
    if (!file) {
        return bench_fails("read_csv", path);
    }
    fputs("count,price,height,age,species,value,kind,name,answer,town\n", file);
    for (int row = 0; row < ROWS; row++) {
        write_row(file, &random);
    }
    return fclose(file) == 0 || bench_fails("read_csv", path);
}

/* ---- what is measured ------------------------------------------------------------------------ */

static bool good(grove_status status, const grove_error *error) {
    return status == GROVE_OK || bench_fails("read_csv", error->message);
}

static bool learn(const grove_table *table, grove_schema **schema) {
    grove_error error;
    return good(grove_schema_guess(table, NULL, schema, &error), &error) &&
           good(grove_schema_fit(*schema, table, NULL, grove_table_rows(table), &error), &error);
}

static bool encode(const grove_table *table, const grove_schema *schema) {
    grove_dataset *dataset = NULL;
    grove_error error;
    bool encoded = good(grove_schema_encode(schema, table, NULL, &dataset, &error), &error);
    grove_dataset_free(dataset);
    return encoded;
}

static bool read_table(const reading *r, grove_table **table) {
    grove_error error;
    return good(grove_table_read_csv(r->path, NULL, table, &error), &error);
}

static bool read_and_encode(job *job) {
    reading *r = job->state;
    grove_table *table = NULL;
    bool done = read_table(r, &table) && encode(table, r->schema);
    grove_table_free(table);
    return done;
}

static bool read_learn_and_encode(job *job) {
    reading *r = job->state;
    grove_table *table = NULL;
    grove_schema *schema = NULL;
    bool done = read_table(r, &table) && learn(table, &schema) && encode(table, schema);
    grove_schema_free(schema);
    grove_table_free(table);
    return done;
}

static bool only_read(job *job) {
    grove_table *table = NULL;
    bool done = read_table(job->state, &table);
    grove_table_free(table);
    return done;
}

/* ---- workloads ------------------------------------------------------------------------------- */

static void end_reading(job *job) {
    reading *r = job->state;
    grove_schema_free(r->schema);
    if (r->ours) {
        remove(r->path);
    }
    free(r);
}

/* GROVE_BENCH_CSV names the file, so that others can read the same; it is made if it is missing. */
static bool prepare(job *job, bool (*step)(struct job *job)) {
    reading *r = calloc(1, sizeof *r);
    const char *wanted = getenv("GROVE_BENCH_CSV");
    grove_table *table = NULL;
    if (!r) {
        return bench_fails("reading", "out of memory");
    }
    job->state = r;
    job->step = step;
    job->end = end_reading;
    r->ours = !wanted;
    if (wanted) {
        snprintf(r->path, sizeof r->path, "%s", wanted);
    } else {
        snprintf(r->path, sizeof r->path, "/tmp/grove-bench-%ld.csv", (long)getpid());
    }
    bool there = wanted && access(r->path, R_OK) == 0;
    bool made = (there || write_file(r->path)) && read_table(r, &table) && learn(table, &r->schema);
    grove_table_free(table);
    return made;
}

bool bench_read_csv(job *job) {
    return prepare(job, only_read);
}

bool bench_encode_csv(job *job) {
    return prepare(job, read_and_encode);
}

bool bench_learn_csv(job *job) {
    return prepare(job, read_learn_and_encode);
}
