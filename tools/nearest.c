/* SPDX-License-Identifier: MIT
 *
 * nearest.c - grove nearest: the values whose learned vectors lie next to that of one value.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "vectors.h"

typedef struct neighbour {
    size_t id;
    double cosine; /* NaN where one of the two vectors is zero: it has no direction */
    double distance;
} neighbour;

/* ---- who is asked for ------------------------------------------------------------------------ */

static bool is_word(const char *value, const vector_table *t, size_t id) {
    grove_cell name = vector_name(t, id);
    return strlen(value) == name.length && memcmp(value, name.bytes, name.length) == 0;
}

static int refuse_value(const vector_table *t, const char *value) {
    char near[NAMES_SIZE], why[800];
    grove_cell *names = calloc(t->count, sizeof *names);
    if (!names) {
        return complain("nearest", EXIT_RUN_TIME, "out of memory");
    }
    for (size_t id = 0; id < t->count; id++) {
        names[id] = vector_name(t, id);
    }
    nearest_names(near, names, t->count, cell_of(value), 3);
    free(names);
    snprintf(why, sizeof why, "training did not see '%.80s' in the column '%.80s'; near names: %s",
             value, grove_schema_name(t->schema, t->column), near);
    return complain("nearest", EXIT_USAGE, why);
}

/* A value of the column; or "(unknown)", "(missing)", and "" for the empty cell. */
static int find_value(const vector_table *t, const char *value, size_t *id) {
    *id = (size_t)grove_schema_id(t->schema, t->column, cell_of(value));
    if (*id == 0 && is_word(value, t, 1)) {
        *id = 1;
    }
    return *id > 0 || is_word(value, t, 0) ? EXIT_DONE : refuse_value(t, value);
}

/* ---- who is near ----------------------------------------------------------------------------- */

static neighbour measure(const vector_table *t, size_t one, size_t other) {
    const grove_real *a = t->numbers + one * t->width, *b = t->numbers + other * t->width;
    double product = 0, squares = 0;
    for (size_t k = 0; k < t->width; k++) {
        double difference = (double)a[k] - (double)b[k];
        product += (double)a[k] * (double)b[k];
        squares += difference * difference;
    }
    double norms = vector_norm(t, one) * vector_norm(t, other);
    return (neighbour){other, norms > 0 ? product / norms : NAN, sqrt(squares)};
}

/* The largest cosine first, those without one last; then the least distance, then the id. */
static int compare(const void *a, const void *b) {
    const neighbour *x = a, *y = b;
    double p = isnan(x->cosine) ? -2 : x->cosine, q = isnan(y->cosine) ? -2 : y->cosine;
    if (p != q) {
        return p > q ? -1 : 1;
    }
    if (x->distance != y->distance) {
        return x->distance < y->distance ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

/* All others, sorted, of rows that training had: the row of an empty cell that never came is still
 * what chance made it. NULL when memory is short. */
static neighbour *sort_all(const vector_table *t, size_t id, size_t *count) {
    neighbour *all = malloc(t->count * sizeof *all);
    *count = 0;
    for (size_t other = 0; other < t->count && all; other++) {
        if (other != id && vector_count(t, other) > 0) {
            all[(*count)++] = measure(t, id, other);
        }
    }
    if (all) {
        qsort(all, *count, sizeof *all, compare);
    }
    return all;
}

/* ---- telling --------------------------------------------------------------------------------- */

enum { SHOWN = 84 };

/* Names are cut at a character, so that a line stays one. */
static const char *shown(char text[SHOWN], const vector_table *t, size_t id) {
    enum { MOST = SHOWN - 4 };
    grove_cell name = vector_name(t, id);
    size_t length = name.length < MOST ? name.length : MOST;
    while (length < name.length && length > 0 && (name.bytes[length] & 0xC0) == 0x80) {
        length--;
    }
    snprintf(text, SHOWN, "%.*s%s", (int)length, name.bytes, length < name.length ? "..." : "");
    return text;
}

static void print_text(const vector_table *t, size_t id, const neighbour *list, size_t count) {
    char text[SHOWN], number[40];
    int width = width_of("value");
    for (size_t i = 0; i < count; i++) {
        int own = width_of(shown(text, t, list[i].id));
        width = own > width ? own : width;
    }
    printf("nearest to '");
    print_plain(stdout, shown(text, t, id));
    printf("' (%s training rows), by the %zu numbers of its vector\n\n",
           with_commas(number, vector_count(t, id)), t->width);
    print_padded("value", width);
    printf("  cosine  distance       count\n");
    for (size_t i = 0; i < count; i++) {
        print_padded(shown(text, t, list[i].id), width);
        if (isnan(list[i].cosine)) {
            printf("  %6s", "none");
        } else {
            printf("  %6.3f", list[i].cosine);
        }
        printf("  %8.3f  %10s\n", list[i].distance,
               with_commas(number, vector_count(t, list[i].id)));
    }
}

static json_t *json_value(const vector_table *t, size_t id) {
    grove_cell name = vector_name(t, id);
    return json_text(name.bytes, name.length);
}

static int print_object(const vector_table *t, size_t id, const neighbour *list, size_t count) {
    const char *column = grove_schema_name(t->schema, t->column);
    json_t *neighbours = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(neighbours,
                              json_pack("{s:o, s:o, s:o, s:I}", "value", json_value(t, list[i].id),
                                        "cosine", json_number(list[i].cosine), "distance",
                                        json_number(list[i].distance), "count",
                                        (json_int_t)vector_count(t, list[i].id)));
    }
    return print_json("nearest",
                      json_pack("{s:i, s:o, s:o, s:I, s:I, s:o}", "schema", 1, "column",
                                json_text(column, strlen(column)), "value", json_value(t, id),
                                "count", (json_int_t)vector_count(t, id), "width",
                                (json_int_t)t->width, "neighbours", neighbours));
}

/* ---- the command ----------------------------------------------------------------------------- */

static int tell(const options *o, const vector_table *t, size_t id) {
    size_t count;
    neighbour *list = sort_all(t, id, &count);
    if (!list) {
        return complain("nearest", EXIT_RUN_TIME, "out of memory");
    }
    count = count < (size_t)o->top ? count : (size_t)o->top;
    int code = EXIT_DONE;
    if (o->json) {
        code = print_object(t, id, list, count);
    } else {
        print_text(t, id, list, count);
    }
    free(list);
    return code;
}

int run_nearest(const options *o) {
    grove_model *model;
    vector_table table;
    size_t id = 0;
    int code = read_model("nearest", o->files[0], &model);
    if (code == EXIT_DONE && o->layer) {
        code = nearest_rows(o, model);
        grove_model_free(model);
        return code;
    }
    if (code == EXIT_DONE) {
        code = find_vectors("nearest", model, o->files[1], &table);
    }
    if (code == EXIT_DONE) {
        code = find_value(&table, o->files[2], &id);
    }
    if (code == EXIT_DONE) {
        code = tell(o, &table, id);
    }
    grove_model_free(model);
    return code;
}
