/* SPDX-License-Identifier: MIT
 *
 * transform.c - grove transform: a table whose categories have become the numbers of their vectors,
 * for models of other programs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

/* A column of the table. Of one with vectors, each is written once as text, "0.5,-1", when its
 * value is met for the first time: many rows have the same. */
typedef struct source {
    bool replaced;
    vector_table vectors;
    char **texts; /* [vectors.count] */
    int64_t unknown;
} source;

typedef struct transform {
    const options *o;
    const grove_model *model;
    grove_table *table;
    source *sources; /* [columns] */
    size_t columns;
    bool no_memory;
} transform;

static int no_memory(void) {
    return complain("transform", EXIT_RUN_TIME, "out of memory");
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_source(transform *t, size_t categorical) {
    char why[500];
    const grove_schema *schema = grove_model_schema(t->model);
    size_t column = (size_t)grove_schema_categorical(schema, categorical);
    const char *name = grove_schema_name(schema, column);
    int found = grove_table_find(t->table, name);
    if (found < 0) {
        snprintf(why, sizeof why, "%.200s has no column '%.80s', whose vectors the model has",
                 grove_table_source(t->table), name);
        return complain("transform", EXIT_BAD_DATA, why);
    }
    source *s = &t->sources[found];
    int code = open_vectors("transform", t->model, column, &s->vectors);
    if (code == EXIT_DONE) {
        s->texts = calloc(s->vectors.count, sizeof *s->texts);
        s->replaced = true;
    }
    return code != EXIT_DONE || s->texts ? code : no_memory();
}

static int open_sources(transform *t) {
    const grove_schema *schema = grove_model_schema(t->model);
    int code = EXIT_DONE;
    t->columns = grove_table_columns(t->table);
    t->sources = calloc(t->columns + 1, sizeof *t->sources);
    if (!t->sources) {
        return no_memory();
    }
    for (size_t i = 0; i < grove_schema_categoricals(schema) && code == EXIT_DONE; i++) {
        code = open_source(t, i);
    }
    return code;
}

static void close_transform(transform *t) {
    for (size_t c = 0; c < t->columns && t->sources; c++) {
        for (size_t id = 0; t->sources[c].texts && id < t->sources[c].vectors.count; id++) {
            free(t->sources[c].texts[id]);
        }
        free(t->sources[c].texts);
    }
    free(t->sources);
    grove_table_free(t->table);
}

/* ---- the header ------------------------------------------------------------------------------ */

/* "NAME_1" for the first number of a vector. To be freed; NULL when memory is short. */
static char *number_name(const char *name, size_t k) {
    size_t size = strlen(name) + 24;
    char *text = malloc(size);
    if (text) {
        snprintf(text, size, "%s_%zu", name, k + 1);
    }
    return text;
}

/* All names of the new table, in order. False when memory is short; to be freed in any case. */
static bool make_names(const transform *t, char **names) {
    bool good = true;
    for (size_t c = 0; c < t->columns; c++) {
        const char *name = grove_table_name(t->table, c);
        const source *s = &t->sources[c];
        for (size_t k = 0; k < (s->replaced ? s->vectors.width : 1); k++) {
            *names = s->replaced ? number_name(name, k) : strdup(name);
            good = *names++ && good;
        }
    }
    return good;
}

/* No two names alike: a column that is there may be called "region_1" already. */
static int check_names(const transform *t, char **names, size_t count) {
    char why[500];
    grove_cell *sorted = calloc(count, sizeof *sorted);
    if (!sorted) {
        return no_memory();
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = cell_of(names[i]);
    }
    grove_cell twin = find_twin(sorted, count);
    free(sorted);
    if (!twin.bytes) {
        return EXIT_DONE;
    }
    snprintf(why, sizeof why,
             "%.200s: a column is called '%.80s' already, as a number of a vector would be",
             grove_table_source(t->table), twin.bytes);
    return complain("transform", EXIT_BAD_DATA, why);
}

static int write_header(const transform *t, grove_atomic_file *file) {
    size_t count = 0;
    for (size_t c = 0; c < t->columns; c++) {
        count += t->sources[c].replaced ? t->sources[c].vectors.width : 1;
    }
    char **names = calloc(count + 1, sizeof *names);
    bool good = names && make_names(t, names);
    int code = good ? check_names(t, names, count) : no_memory();
    for (size_t i = 0; i < count && code == EXIT_DONE; i++) {
        grove_atomic_write(file, ",", i > 0);
        grove_csv_write_cell(cell_of(names[i]), ',', to_atomic_file, file);
    }
    grove_atomic_write(file, "\n", 1);
    for (size_t i = 0; i < count && names; i++) {
        free(names[i]);
    }
    free(names);
    return code;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The numbers of a vector, separated. NULL when memory is short. */
static char *vector_text(const vector_table *v, size_t id) {
    enum { NUMBER = 32 };
    char *text = malloc(v->width * NUMBER + 1);
    size_t used = 0;
    for (size_t k = 0; k < v->width && text; k++) {
        if (k > 0) {
            text[used++] = ',';
        }
        grove_format_float(text + used, (float)v->numbers[id * v->width + k]);
        used += strlen(text + used);
    }
    return text;
}

static void write_vector(transform *t, source *s, grove_cell cell, grove_atomic_file *file) {
    size_t id = (size_t)grove_schema_id(s->vectors.schema, s->vectors.column, cell);
    s->unknown += id == 0;
    if (!s->texts[id]) {
        s->texts[id] = vector_text(&s->vectors, id);
    }
    if (s->texts[id]) {
        grove_atomic_write(file, s->texts[id], strlen(s->texts[id]));
    } else {
        t->no_memory = true;
    }
}

static void write_row(transform *t, size_t row, grove_atomic_file *file) {
    for (size_t c = 0; c < t->columns; c++) {
        grove_cell cell = grove_table_cell(t->table, row, c);
        source *s = &t->sources[c];
        grove_atomic_write(file, ",", c > 0);
        if (s->replaced) {
            write_vector(t, s, cell, file);
        } else if (t->columns == 1 && cell.length == 0) {
            grove_atomic_write(file, "\"\"", 2); /* an empty line would be no row */
        } else {
            grove_csv_write_cell(cell, ',', to_atomic_file, file);
        }
    }
    grove_atomic_write(file, "\n", 1);
}

static void report_unknown_values(const transform *t) {
    for (size_t c = 0; c < t->columns; c++) {
        if (t->sources[c].unknown > 0) {
            fprintf(stderr, "grove transform: %" PRId64 " of %zu cells of '", t->sources[c].unknown,
                    grove_table_rows(t->table));
            print_plain(stderr, grove_table_name(t->table, c));
            fprintf(stderr, "' hold what training did not see; they get the vector of "
                            "'(unknown)'\n");
        }
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

static int write_table(transform *t) {
    grove_error error = {0};
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, t->o->out ? t->o->out : "-", &error); /* its mistake sticks */
    int code = write_header(t, &file);
    for (size_t row = 0; row < grove_table_rows(t->table) && code == EXIT_DONE; row++) {
        write_row(t, row, &file);
        code = t->no_memory ? no_memory() : EXIT_DONE;
    }
    if (code != EXIT_DONE) {
        grove_atomic_abort(&file);
        return code;
    }
    if (grove_atomic_commit(&file, &error) != GROVE_OK) {
        return complain("transform", EXIT_RUN_TIME, error.message);
    }
    report_unknown_values(t);
    return EXIT_DONE;
}

static int run_model(const options *o, const grove_model *model) {
    transform t = {.o = o, .model = model};
    if (!grove_model_schema(model)) {
        return complain("transform", EXIT_BAD_MODEL,
                        "the model does not say what its columns are; models written by grove "
                        "train do");
    }
    int code = read_table("transform", o->files[1], o, &t.table);
    if (code == EXIT_DONE) {
        code = open_sources(&t);
    }
    if (code == EXIT_DONE) {
        code = write_table(&t);
    }
    close_transform(&t);
    return code;
}

int run_transform(const options *o) {
    grove_model *model;
    int code = read_model("transform", o->files[0], &model);
    if (code == EXIT_DONE && o->out) {
        code = check_output("transform", o->out);
    }
    if (code == EXIT_DONE) {
        code = run_model(o, model);
    }
    grove_model_free(model);
    return code;
}
