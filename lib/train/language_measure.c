/* SPDX-License-Identifier: MIT
 *
 * language_measure.c - what a language model makes of lines: how likely they are, vectors; and the
 * baseline of bigrams.
 */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "language_feed.h"

enum { MEASURED = 128 }; /* pieces at a time */

grove_status grove_measure_encoded(const grove_language *l, const grove_encoded *e, int threads,
                                   grove_allocator *allocator, double *loss, grove_error *error) {
    const grove_plan_options how = {.batch = (int64_t)grove_batch_of(MEASURED, e->piece_count),
                                    .threads = threads,
                                    .allocator = *allocator};
    grove_feeder f;
    grove_status status = grove_feeder_open(&f, l, allocator, &l->loss, 1, &how, error);
    if (status != GROVE_OK) {
        return status;
    }
    double sum = 0;
    size_t told = 0;
    for (size_t i = 0; i < e->piece_count && status == GROVE_OK; i += f.batch) {
        const size_t count = grove_batch_of(f.batch, e->piece_count - i),
                     own = grove_feed(&f, e, NULL, i, count);
        status = grove_run(f.plan) == GROVE_OK ? GROVE_OK : grove_plan_mistake(f.plan, error);
        sum += (double)own * grove_scalar(f.plan, l->loss);
        told += own;
    }
    *loss = sum / (double)told;
    grove_feeder_close(&f);
    return status;
}

static grove_allocator memory_of(const grove_language *l) {
    return grove_graph_allocator(l->graph);
}

grove_status grove_language_measure(const grove_language *language, const grove_schema *schema,
                                    grove_line_rows rows, int threads, grove_language_score *score,
                                    grove_error *error) {
    grove_allocator memory = memory_of(language);
    grove_encoded e;
    grove_error_clear(error);
    *score = (grove_language_score){.loss = (double)NAN};
    grove_status status =
        grove_encode_lines(schema, rows, language->how.places, &memory, &e, error);
    if (status == GROVE_OK && e.piece_count > 0) {
        status = grove_measure_encoded(language, &e, threads, &memory, &score->loss, error);
        score->units = e.count - 1;
        score->unknown = e.unknown;
        score->pieces = e.piece_count;
    }
    if (e.allocator.resize) {
        grove_encoded_free(&e);
    }
    return status;
}

grove_status grove_bigram_loss(const grove_schema *schema, grove_line_rows train,
                               grove_line_rows rows, const grove_allocator *allocator, double *loss,
                               grove_error *error) {
    const grove_allocator memory = grove_allocator_or_default(allocator);
    const size_t ids = (size_t)grove_schema_ids(schema, 0);
    grove_encoded known = {0}, asked = {0};
    size_t cells = 0;
    double *counts = grove_multiply(ids, ids + 1, &cells)
                         ? grove_alloc_zero(&memory, cells, sizeof *counts)
                         : NULL;
    grove_status status = counts ? GROVE_OK : grove_fail_memory(error, cells * sizeof *counts);
    status = status ? status : grove_encode_lines(schema, train, 1 << 20, &memory, &known, error);
    status = status ? status : grove_encode_lines(schema, rows, 1 << 20, &memory, &asked, error);
    double sum = 0;
    if (status == GROVE_OK) {
        double *sums = counts + ids * ids;
        for (size_t i = 1; i < known.count; i++) {
            counts[(size_t)known.ids[i - 1] * ids + (size_t)known.ids[i]]++;
            sums[known.ids[i - 1]]++;
        }
        for (size_t i = 1; i < asked.count; i++) {
            const size_t before = (size_t)asked.ids[i - 1];
            sum -= log((counts[before * ids + (size_t)asked.ids[i]] + 1) /
                       (sums[before] + (double)ids));
        }
        *loss = sum / (double)(asked.count - 1);
    }
    grove_encoded_free(&known);
    grove_encoded_free(&asked);
    grove_release(&memory, counts);
    return status;
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* hidden [places, width] of a row whose piece has `count` units, the end mark left out where it is
 * the last of several. */
static void sum_up(const grove_language *l, const grove_real *hidden, size_t count, float *vector) {
    const size_t width = grove_language_width(l);
    const size_t first = l->how.kind == GROVE_LANGUAGE_GRU ? count - 1 : 0;
    for (size_t k = 0; k < width; k++) {
        double sum = 0;
        for (size_t t = first; t < count; t++) {
            sum += (double)hidden[t * width + k];
        }
        vector[k] = (float)(sum / (double)(count - first));
    }
}

static grove_status fill_vectors(grove_feeder *f, const grove_encoded *e, float *vectors,
                                 grove_error *error) {
    const size_t width = grove_language_width(f->language), row = f->places * width;
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < e->piece_count && status == GROVE_OK; i += f->batch) {
        const size_t count = grove_batch_of(f->batch, e->piece_count - i);
        grove_feed(f, e, NULL, i, count);
        status = grove_run(f->plan) == GROVE_OK ? GROVE_OK : grove_plan_mistake(f->plan, error);
        const grove_real *hidden =
            status == GROVE_OK ? grove_value(f->plan, f->language->hidden) : NULL;
        for (size_t r = 0; r < count && hidden; r++) {
            const grove_piece *p = &e->pieces[i + r];
            /* The place that reads the last unit is the one that tells the end mark. */
            sum_up(f->language, hidden + r * row, p->end - p->begin, vectors + p->line * width);
        }
    }
    return status;
}

grove_status grove_language_vectors(const grove_language *language, const grove_schema *schema,
                                    grove_line_rows rows, int threads, float *vectors,
                                    grove_error *error) {
    grove_allocator memory = memory_of(language);
    grove_encoded e = {0};
    grove_feeder f;
    grove_error_clear(error);
    grove_status status =
        grove_encode_lines(schema, rows, language->how.places, &memory, &e, error);
    if (status == GROVE_OK && e.piece_count > 0) {
        const grove_plan_options how = {.batch = (int64_t)grove_batch_of(MEASURED, e.piece_count),
                                        .threads = threads,
                                        .allocator = memory};
        status = grove_feeder_open(&f, language, &memory, &language->hidden, 1, &how, error);
        if (status == GROVE_OK) {
            status = fill_vectors(&f, &e, vectors, error);
            grove_feeder_close(&f);
        }
    }
    grove_encoded_free(&e);
    return status;
}
