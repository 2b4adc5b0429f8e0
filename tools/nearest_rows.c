/* SPDX-License-Identifier: MIT
 *
 * nearest_rows.c - grove nearest --layer: rows of a table of which a layer makes almost the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "page_data.h"
#include "unknown.h"

enum { SHOWN_CELLS = 6 };

typedef struct neighbour {
    size_t row;
    double cosine, distance; /* NaN: one of the two has no direction */
} neighbour;

typedef struct rows {
    float *numbers; /* [rows, width] */
    size_t filled;
    size_t width;
} rows;

static void keep(void *user, const grove_real *values, size_t count) {
    rows *r = user;
    for (size_t i = 0; i < count * r->width; i++) {
        r->numbers[r->filled++] = (float)values[i];
    }
}

static int find_row(const layer *l, const char *text, size_t *row) {
    char why[300];
    double line = 0;
    const bool good = grove_parse_number(text, strlen(text), &line);
    for (*row = 0; good && *row < l->a.rows; (*row)++) {
        if ((double)grove_table_line(l->a.table, *row) == line) {
            return EXIT_DONE;
        }
    }
    snprintf(why, sizeof why, "no row of %.150s begins on %s '%.40s'; the first is on %s %zu",
             grove_table_source(l->a.table), grove_table_unit(l->a.table), text,
             grove_table_unit(l->a.table), grove_table_line(l->a.table, 0));
    return complain(l->command, EXIT_USAGE, why);
}

static neighbour measure(const rows *r, size_t one, size_t other) {
    const float *a = r->numbers + one * r->width, *b = r->numbers + other * r->width;
    double product = 0, squares = 0, of_a = 0, of_b = 0;
    for (size_t k = 0; k < r->width; k++) {
        const double x = (double)a[k], y = (double)b[k];
        product += x * y;
        squares += (x - y) * (x - y);
        of_a += x * x;
        of_b += y * y;
    }
    const double norms = sqrt(of_a) * sqrt(of_b);
    return (neighbour){other, norms > 0 ? product / norms : (double)NAN, sqrt(squares)};
}

/* The largest cosine first, those without one last; then the least distance, then the row. */
static int compare(const void *a, const void *b) {
    const neighbour *x = a, *y = b;
    const double p = isnan(x->cosine) ? -2 : x->cosine, q = isnan(y->cosine) ? -2 : y->cosine;
    if (p != q) {
        return p > q ? -1 : 1;
    }
    if (x->distance != y->distance) {
        return x->distance < y->distance ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void print_row(const layer *l, size_t row) {
    for (size_t c = 0, told = 0; c < grove_table_columns(l->a.table) && told < SHOWN_CELLS; c++) {
        const grove_cell cell = grove_table_cell(l->a.table, row, c);
        char text[24];
        snprintf(text, sizeof text, "%.*s", (int)(cell.length < 20 ? cell.length : 20), cell.bytes);
        printf("%s", told++ ? ", " : "  ");
        print_plain(stdout, text);
    }
    printf("\n");
}

static void print_rows(const options *o, const layer *l, size_t one, const neighbour *list,
                       size_t count) {
    printf("nearest to the row on %s %s, by the %zu numbers of '%s':\n",
           grove_table_unit(l->a.table), o->files[2], l->width, o->layer);
    print_row(l, one);
    printf("\n%8s  cosine  distance\n", grove_table_unit(l->a.table));
    for (size_t i = 0; i < count; i++) {
        printf("%8zu  ", grove_table_line(l->a.table, list[i].row));
        if (isnan(list[i].cosine)) {
            printf("%6s", "none");
        } else {
            printf("%6.3f", list[i].cosine);
        }
        printf("  %8.3f", list[i].distance);
        print_row(l, list[i].row);
    }
}

static int print_object(const options *o, const layer *l, size_t one, const neighbour *list,
                        size_t count) {
    json_t *neighbours = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(neighbours,
                              json_pack("{s:I, s:o, s:o, s:o}", "line",
                                        (json_int_t)grove_table_line(l->a.table, list[i].row),
                                        "cosine", json_number(list[i].cosine), "distance",
                                        json_number(list[i].distance), "cells",
                                        json_row(&l->a, list[i].row)));
    }
    return print_json(l->command,
                      json_pack("{s:i, s:s, s:I, s:I, s:o, s:o}", "schema", 1, "layer", o->layer,
                                "line", (json_int_t)grove_table_line(l->a.table, one), "width",
                                (json_int_t)l->width, "columns", json_shown_columns(&l->a),
                                "neighbours", neighbours));
}

static int tell(const options *o, const layer *l, const rows *r, size_t one) {
    neighbour *list = calloc(l->a.rows, sizeof *list);
    size_t count = 0;
    if (!list) {
        return complain(l->command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t other = 0; other < l->a.rows; other++) {
        if (other != one) {
            list[count++] = measure(r, one, other);
        }
    }
    qsort(list, count, sizeof *list, compare);
    count = count < (size_t)o->top ? count : (size_t)o->top;
    int code = EXIT_DONE;
    if (o->json) {
        code = print_object(o, l, one, list, count);
    } else {
        print_rows(o, l, one, list, count);
    }
    free(list);
    return code;
}

int nearest_rows(const options *o, const grove_model *model) {
    layer l;
    rows r = {NULL, 0, 0};
    size_t one = 0;
    int code = open_layer("nearest", o, model, &l);
    code = code == EXIT_DONE ? find_row(&l, o->files[2], &one) : code;
    if (code == EXIT_DONE) {
        r.width = l.width;
        r.numbers = calloc(l.a.rows * l.width + 1, sizeof *r.numbers);
        code = r.numbers ? run_layer(&l, keep, &r)
                         : complain(l.command, EXIT_RUN_TIME, "out of memory");
    }
    code = code == EXIT_DONE ? tell(o, &l, &r, one) : code;
    if (code == EXIT_DONE) {
        report_unknown(l.command, &l.a);
    }
    free(r.numbers);
    close_layer(&l);
    return code;
}
