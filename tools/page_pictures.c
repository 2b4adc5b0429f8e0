/* SPDX-License-Identifier: MIT
 *
 * page_pictures.c - what the page draws: curves, and the vectors of columns in two dimensions.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grove/data_bags.h"
#include "page_data.h"

enum {
    CURVE_POINTS = 160,
    MOST_CURVES = 12,    /* classes that have curves of their own */
    MOST_VECTORS = 1200, /* values of a column in a picture */
    MOST_WORDS = 400,    /* likewise of texts and bags */
    NEIGHBOURS = 8
};

/* To six decimals: a picture wants no more, and the page stays small. */
static json_t *rounded(double x) {
    return isfinite(x) ? json_real(round(x * 1e6) / 1e6) : json_null();
}

/* ---- curves ---------------------------------------------------------------------------------- */

json_t *json_curve_points(const grove_curve_point *points, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list,
                              json_pack("[o, o, o, o]", rounded(points[i].false_positive_rate),
                                        rounded(points[i].recall), rounded(points[i].precision),
                                        rounded(points[i].threshold)));
    }
    return list;
}

static json_t *curve_of(const answers *a, const grove_report *report, size_t class,
                        grove_error *error) {
    static grove_curve_point points[CURVE_POINTS];
    size_t count = 0;
    if (grove_curve_points(a->probabilities, grove_dataset_labels(a->data), a->rows, a->classes,
                           class, CURVE_POINTS, NULL, points, &count, error) != GROVE_OK) {
        return NULL;
    }
    const double support = (double)report->by_class[class].support;
    const size_t label = (size_t)grove_schema_label(a->schema);
    return json_pack("{s:o, s:o, s:o}", "class",
                     json_cell(grove_schema_value(a->schema, label, (int32_t) class)), "share",
                     rounded(support / (double)(a->rows + !a->rows)), "points",
                     json_curve_points(points, count));
}

/* The class with the most rows among those below `before` in that order; SIZE_MAX: none. */
static size_t next_class(const grove_report *report, size_t before) {
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < report->classes; c++) {
        const size_t own = report->by_class[c].support;
        const size_t last = before == SIZE_MAX ? SIZE_MAX : report->by_class[before].support;
        const bool later = before == SIZE_MAX || own < last || (own == last && c > before);
        if (later && (best == SIZE_MAX || own > report->by_class[best].support)) {
            best = c;
        }
    }
    return best;
}

json_t *json_curves(const answers *a, const grove_report *report, grove_error *error) {
    const bool two = a->classes == 2;
    json_t *list = json_array();
    size_t class = two ? 1 : next_class(report, SIZE_MAX);
    for (int told = 0; class != SIZE_MAX && told < (two ? 1 : MOST_CURVES); told++) {
        json_t *curve = curve_of(a, report, class, error);
        if (!curve) {
            json_decref(list);
            return NULL;
        }
        if (json_array_size(json_object_get(curve, "points")) > 0) {
            json_array_append(list, curve);
        }
        json_decref(curve);
        class = two ? SIZE_MAX : next_class(report, class);
    }
    return list;
}

/* ---- vectors --------------------------------------------------------------------------------- */

typedef struct picture {
    const grove_schema *schema;
    size_t column, width, count;
    bool text;                     /* words are shown, no pairs and parts of words */
    int64_t all;                   /* values, or words, that the column has */
    int32_t ids[MOST_VECTORS + 2]; /* [count] */
    grove_real *vectors;           /* [count, width] */
    double *points;                /* [count, 2] */
    double explained[2];
    grove_id *near; /* [count, NEIGHBOURS] */
} picture;

/* Of a text's pieces parts of words begin with '#', and pairs have a blank within. */
static bool is_word(grove_cell piece) {
    return piece.length > 0 && piece.bytes[0] != '#' && !memchr(piece.bytes, ' ', piece.length);
}

/* The unknown and the missing where training had some (of a text they are no words, and would be
 * the largest dot), then the most frequent values: vocabularies
 * stand in that order. */
static void choose_ids(picture *p, int64_t rows) {
    const grove_column_kind kind = grove_schema_kind(p->schema, p->column);
    const size_t most = kind == GROVE_COLUMN_CATEGORICAL ? MOST_VECTORS : MOST_WORDS;
    p->text = kind == GROVE_COLUMN_TEXT;
    for (int32_t id = p->text ? 2 : 0; id < 2; id++) {
        if (grove_schema_count(p->schema, p->column, id) > 0) {
            p->ids[p->count++] = id;
        }
    }
    const size_t special = p->count;
    for (int32_t id = 2; id < rows; id++) {
        const bool wanted = !p->text || is_word(grove_schema_value(p->schema, p->column, id));
        p->all += wanted;
        if (wanted && p->count < most + special) {
            p->ids[p->count++] = id;
        }
    }
}

static grove_status lay_out(picture *p, const grove_real *table, grove_error *error) {
    p->vectors = calloc(p->count * p->width + 1, sizeof *p->vectors);
    p->points = calloc(2 * p->count + 1, sizeof *p->points);
    p->near = calloc(p->count * NEIGHBOURS + 1, sizeof *p->near);
    if (!p->vectors || !p->points || !p->near) {
        return GROVE_NO_MEMORY;
    }
    for (size_t i = 0; i < p->count; i++) {
        memcpy(p->vectors + i * p->width, table + (size_t)p->ids[i] * p->width,
               p->width * sizeof *table);
    }
    grove_status status = grove_principal_components(p->vectors, p->count, p->width, 2, NULL,
                                                     p->points, p->explained, error);
    return status ? status
                  : grove_cosine_neighbours(p->vectors, p->count, p->width, NEIGHBOURS, NULL,
                                            p->near, error);
}

static json_t *json_point(const picture *p, size_t i) {
    json_t *near = json_array();
    for (size_t k = 0; k < NEIGHBOURS; k++) {
        const grove_id other = p->near[i * NEIGHBOURS + k];
        if (other >= 0) {
            json_array_append_new(near, json_integer(other));
        }
    }
    const int32_t id = p->ids[i];
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:b}", "name",
                     json_cell(grove_schema_value(p->schema, p->column, id)), "count",
                     (json_int_t)grove_schema_count(p->schema, p->column, id), "x",
                     rounded(p->points[2 * i]), "y", rounded(p->points[2 * i + 1]), "near", near,
                     "special", id < 2);
}

static json_t *json_picture(const picture *p) {
    json_t *points = json_array();
    json_int_t most = 0;
    for (size_t i = 0; i < p->count; i++) {
        const json_int_t count = grove_schema_count(p->schema, p->column, p->ids[i]);
        most = count > most ? count : most;
        json_array_append_new(points, json_point(p, i));
    }
    const char *name = grove_schema_name(p->schema, p->column);
    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:[o, o], s:I, s:o}", "column",
                     json_cell((grove_cell){name, strlen(name)}), "of", p->text ? "word" : "value",
                     "all", (json_int_t)p->all, "shown", (json_int_t)p->count, "width",
                     (json_int_t)p->width, "explained", rounded(p->explained[0]),
                     rounded(p->explained[1]), "most_count", most, "points", points);
}

/* NULL where the column has no table with a row for each of its values, three or more; hashed ones
 * know no values. */
static const grove_real *table_of(const answers *a, picture *p) {
    char name[512];
    snprintf(name, sizeof name, "table.%s.weight", grove_schema_name(p->schema, p->column));
    grove_tensor table = grove_find(grove_model_graph(a->model), name);
    const grove_shape shape = grove_node_shape(table);
    const int64_t rows = grove_schema_ids(p->schema, p->column);
    if (shape.rank != 2 || shape.dim[0] != rows || rows < 3 ||
        grove_schema_form(p->schema, p->column)->buckets > 0) {
        return NULL;
    }
    p->width = (size_t)shape.dim[1];
    choose_ids(p, rows);
    return grove_parameter_data(table);
}

static grove_status add_picture(const answers *a, size_t column, json_t *list, grove_error *error) {
    picture *p = calloc(1, sizeof *p);
    grove_status status = p ? GROVE_OK : GROVE_NO_MEMORY;
    if (p) {
        *p = (picture){.schema = a->schema, .column = column};
        const grove_real *table = table_of(a, p);
        status = table ? lay_out(p, table, error) : GROVE_OK;
        if (table && status == GROVE_OK) {
            json_array_append_new(list, json_picture(p));
        }
        free(p->vectors);
        free(p->points);
        free(p->near);
    }
    free(p);
    return status;
}

json_t *json_pictures(const answers *a, grove_error *error) {
    const size_t categoricals = grove_schema_categoricals(a->schema);
    json_t *list = json_array();
    for (size_t i = 0; i < categoricals + grove_schema_bags(a->schema); i++) {
        const size_t column =
            (size_t)(i < categoricals ? grove_schema_categorical(a->schema, i)
                                      : grove_schema_bag(a->schema, i - categoricals));
        const grove_status status = add_picture(a, column, list, error);
        if (status != GROVE_OK) {
            json_decref(list);
            error->status = status;
            return NULL;
        }
    }
    return list;
}
