/* SPDX-License-Identifier: MIT
 *
 * split.c - grove split: the parts of a table, each as a table; all of them are written, or none.
 */
#include <stdlib.h>
#include <string.h>

#include "splits.h"

typedef struct part {
    const char *path; /* NULL: not wanted */
    const size_t *rows;
    size_t count;
    grove_atomic_file file;
} part;

static grove_cell name_of(const char *name) {
    return (grove_cell){name, strlen(name)};
}

/* False when memory is short. */
static bool write_part(const options *o, const grove_table *table, part *p) {
    const size_t columns = grove_table_columns(table);
    const char own = grove_table_separator(table), separator = own ? own : ',';
    grove_cell *cells = calloc(columns + 1, sizeof *cells);
    for (size_t c = 0; cells && c < columns; c++) {
        cells[c] = name_of(grove_table_name(table, c));
    }
    if (cells && !o->no_header) {
        grove_csv_write_row(cells, columns, separator, to_atomic_file, &p->file);
    }
    for (size_t i = 0; cells && i < p->count; i++) {
        for (size_t c = 0; c < columns; c++) {
            cells[c] = grove_table_cell(table, p->rows[i], c);
        }
        grove_csv_write_row(cells, columns, separator, to_atomic_file, &p->file);
    }
    free(cells);
    return cells != NULL;
}

static int write_parts(const options *o, const grove_table *table, const grove_split *split) {
    part parts[] = {{.path = o->out_train, .rows = split->train, .count = split->train_count},
                    {.path = o->out_valid, .rows = split->valid, .count = split->valid_count},
                    {.path = o->out_test, .rows = split->test, .count = split->test_count},
                    {.path = o->split_out}};
    enum { PARTS = sizeof parts / sizeof *parts };
    grove_atomic_file *files[PARTS];
    size_t count = 0;
    grove_error error = {0};
    grove_status status = GROVE_OK;
    bool good = true;
    for (int i = 0; i < PARTS; i++) {
        if (parts[i].path) {
            files[count++] = &parts[i].file;
            grove_atomic_begin(&parts[i].file, NULL, parts[i].path, &error); /* it sticks */
        }
        if (parts[i].path && i == PARTS - 1) {
            grove_split_write(split, to_atomic_file, &parts[i].file);
        } else if (parts[i].path) {
            good = good && write_part(o, table, &parts[i]);
        }
    }
    if (good) {
        status = grove_atomic_commit_all(files, count, &error);
    }
    for (size_t i = 0; i < count && !good; i++) {
        grove_atomic_abort(files[i]);
    }
    if (!good || status != GROVE_OK) {
        return complain("split", EXIT_RUN_TIME, good ? error.message : "out of memory");
    }
    return EXIT_DONE;
}

static int report(const options *o, const grove_split *split) {
    char train[40], valid[40];
    if (o->json) {
        json_t *object = json_pack("{s:i, s:o}", "schema", 1, "split", json_split(o, split));
        return print_json("split", object);
    }
    printf("%s rows to train on, %s to validate on",
           with_commas(train, (int64_t)split->train_count),
           with_commas(valid, (int64_t)split->valid_count));
    if (split->test_count > 0) {
        printf(", %s for a test", with_commas(train, (int64_t)split->test_count));
    }
    printf("\n");
    return EXIT_DONE;
}

static int check_outputs(const options *o) {
    const char *paths[] = {o->out_train, o->out_valid, o->out_test, o->split_out};
    int code = EXIT_DONE;
    for (int i = 0; i < 4 && code == EXIT_DONE; i++) {
        code = paths[i] ? check_output("split", paths[i]) : code;
    }
    return code;
}

int run_split(const options *o) {
    grove_table *table = NULL;
    grove_split split = {0};
    grove_error error = {0};
    int code = check_outputs(o);
    if (code == EXIT_DONE) {
        code = read_table("split", o->files[0], o, &table);
    }
    if (code == EXIT_DONE && make_split(o, table, o->label, &split, &error) != GROVE_OK) {
        code = complain("split", code_of_data(error.status), error.message);
    }
    if (code == EXIT_DONE && split.test_count > 0 && !o->out_test && o->out_train) {
        code = complain("split", EXIT_USAGE,
                        "there are rows for a test: --out-test FILE must say where to");
    }
    if (code == EXIT_DONE) {
        code = write_parts(o, table, &split);
    }
    if (code == EXIT_DONE) {
        code = report(o, &split);
    }
    grove_split_free(&split);
    grove_table_free(table);
    return code;
}
