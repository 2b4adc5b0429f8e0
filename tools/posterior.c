/* SPDX-License-Identifier: MIT */
#include "posterior.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { BINS = 10, MOST_POINTS = 1500 };

/* Of one column. */
typedef struct posterior {
    const grove_schema *schema;
    size_t column;
    const grove_real *rho; /* [rows, width] */
    int64_t rows, width;
} posterior;

typedef struct posterior_bin {
    int64_t values;
    double sum;
} posterior_bin;

static bool find(const grove_schema *schema, const grove_graph *graph, size_t i, posterior *p) {
    char name[560];
    const size_t column = (size_t)grove_schema_categorical(schema, i);
    snprintf(name, sizeof name, "table.%s.rho", grove_schema_name(schema, column));
    const grove_tensor rho = grove_find(graph, name);
    const grove_shape shape = grove_node_shape(rho);
    *p = (posterior){.schema = schema, .column = column};
    if (!grove_is_valid(rho) || shape.rank != 2 ||
        shape.dim[0] != grove_schema_ids(schema, column)) {
        return false;
    }
    p->rho = grove_parameter_data(rho);
    p->rows = shape.dim[0];
    p->width = shape.dim[1];
    return p->rho != NULL;
}

bool is_bayesian(const grove_schema *schema, const grove_graph *graph) {
    posterior p;
    bool found = false;
    for (size_t i = 0; i < grove_schema_categoricals(schema) && !found; i++) {
        found = find(schema, graph, i, &p);
    }
    return found;
}

static double deviation_of(const posterior *p, int64_t id) {
    double sum = 0;
    for (int64_t k = 0; k < p->width; k++) {
        sum += log1p(exp((double)p->rho[id * p->width + k]));
    }
    return sum / (double)p->width;
}

/* 0: no row, 1: 1 to 9, 2: 10 to 99... */
static int bin_of(int64_t count) {
    int bin = count > 0;
    for (; count >= 10 && bin + 1 < BINS; count /= 10) {
        bin++;
    }
    return bin;
}

static void count_up(const posterior *p, posterior_bin bins[BINS]) {
    memset(bins, 0, BINS * sizeof *bins);
    for (int64_t id = 0; id < p->rows; id++) {
        posterior_bin *own = &bins[bin_of(grove_schema_count(p->schema, p->column, (int32_t)id))];
        own->values++;
        own->sum += deviation_of(p, id);
    }
}

static int64_t least_of(int bin) {
    int64_t least = bin > 0;
    for (int i = 1; i < bin; i++) {
        least *= 10;
    }
    return least;
}

/* ---- in JSON --------------------------------------------------------------------------------- */

/* Vocabularies stand in the order of their frequency. */
static json_t *json_points(const posterior *p) {
    json_t *list = json_array();
    for (int64_t id = 0; id < p->rows && id < MOST_POINTS; id++) {
        json_array_append_new(
            list,
            json_pack("[I, f]", (json_int_t)grove_schema_count(p->schema, p->column, (int32_t)id),
                      round(deviation_of(p, id) * 1e6) / 1e6));
    }
    return list;
}

static json_t *json_bins(const posterior *p) {
    posterior_bin bins[BINS];
    json_t *list = json_array();
    count_up(p, bins);
    for (int b = 0; b < BINS; b++) {
        if (bins[b].values > 0) {
            json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:f}", "least",
                                                  (json_int_t)least_of(b), "most",
                                                  (json_int_t)(b ? least_of(b + 1) - 1 : 0),
                                                  "values", (json_int_t)bins[b].values, "deviation",
                                                  bins[b].sum / (double)bins[b].values));
        }
    }
    return list;
}

json_t *json_posteriors(const grove_schema *schema, const grove_graph *graph) {
    json_t *list = json_array();
    posterior p;
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        if (find(schema, graph, i, &p)) {
            const char *name = grove_schema_name(schema, p.column);
            json_array_append_new(list, json_pack("{s:o, s:f, s:o, s:o}", "column",
                                                  json_text(name, strlen(name)), "prior",
                                                  1 / sqrt((double)p.width), "points",
                                                  json_points(&p), "bins", json_bins(&p)));
        }
    }
    return list;
}

/* ---- in words -------------------------------------------------------------------------------- */

static void print_bins(const posterior *p) {
    posterior_bin bins[BINS];
    count_up(p, bins);
    printf("\n%s (a width of %.4f where nothing is known)\n%-20s %10s  %8s\n",
           grove_schema_name(p->schema, p->column), 1 / sqrt((double)p->width), "training rows",
           "values", "width");
    for (int b = 0; b < BINS; b++) {
        char text[96], least[40], most[40], values[40];
        const double mean = bins[b].sum / (double)bins[b].values;
        if (bins[b].values == 0) {
            continue;
        }
        snprintf(text, sizeof text, "%s to %s", with_commas(least, least_of(b)),
                 with_commas(most, least_of(b + 1) - 1));
        printf("%-20s %10s  %8.4f  ", b ? text : "none", with_commas(values, bins[b].values), mean);
        for (int k = 0; k < (int)(30 * mean * sqrt((double)p->width) + 0.5) && k < 60; k++) {
            printf("#");
        }
        printf("\n");
    }
}

void print_posteriors(const grove_schema *schema, const grove_graph *graph) {
    posterior p;
    if (!is_bayesian(schema, graph)) {
        return;
    }
    printf("\nHow wide the distributions of the vectors are: the mean deviation of their numbers, "
           "by how\nmany training rows had the value\n");
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        if (find(schema, graph, i, &p)) {
            print_bins(&p);
        }
    }
}
