/* SPDX-License-Identifier: MIT
 *
 * language_feed.c - lays pieces of lines into batches.
 */
#include "language_feed.h"

#include "base/error.h"
#include "base/memory.h"

void grove_feeder_close(grove_feeder *f) {
    grove_plan_free(f->plan);
    grove_release(f->allocator, f->units);
    grove_release(f->allocator, f->next);
}

grove_status grove_plan_mistake(grove_plan *plan, grove_error *error) {
    const grove_error *mistake = grove_plan_error(plan);
    return mistake->status == GROVE_OK
               ? GROVE_OK
               : grove_fail(error, mistake->status, "language model: %s", mistake->message);
}

grove_status grove_feeder_open(grove_feeder *f, const grove_language *l, grove_allocator *allocator,
                               const grove_tensor *outputs, int count,
                               const grove_plan_options *how, grove_error *error) {
    *f = (grove_feeder){.language = l,
                        .allocator = allocator,
                        .batch = (size_t)how->batch,
                        .places = (size_t)l->how.places,
                        .window = (size_t)l->how.window};
    f->units =
        grove_alloc_zero(allocator, f->batch * (f->window - 1 + f->places), sizeof *f->units);
    f->next = grove_alloc_zero(allocator, f->batch * f->places, sizeof *f->next);
    f->plan = f->units && f->next ? grove_plan_new(l->graph, outputs, count, how) : NULL;
    if (!f->plan) {
        grove_feeder_close(f);
        return grove_fail_memory(error, f->batch * f->places * sizeof *f->next);
    }
    grove_bind(f->plan, l->units, f->units);
    grove_bind(f->plan, l->next, f->next);
    const grove_status status = grove_plan_mistake(f->plan, error);
    if (status != GROVE_OK) {
        grove_feeder_close(f);
    }
    return status;
}

/* Place t of the piece is told from the units before it; before the line there are end marks. */
static void lay_piece(const grove_feeder *f, const grove_encoded *e, const grove_piece *p,
                      size_t row) {
    const size_t width = f->window - 1 + f->places;
    for (size_t j = 0; j < width; j++) {
        const size_t at = p->begin + j, back = f->window; /* the unit is ids[at - back] */
        const bool inside = at >= p->first + back && at - back < p->end;
        f->units[row * width + j] = inside ? e->ids[at - back] : GROVE_END_MARK;
    }
    for (size_t t = 0; t < f->places; t++) {
        const size_t at = p->begin + t;
        f->next[row * f->places + t] = at < p->end ? e->ids[at] : GROVE_NO_UNIT;
    }
}

/* Pieces order[0...count) (NULL: from `start` on); rows behind them are empty. Returns how many
 * units are to be told. */
size_t grove_feed(const grove_feeder *f, const grove_encoded *e, const size_t *order, size_t start,
                  size_t count) {
    const grove_piece none = {0};
    size_t told = 0;
    for (size_t row = 0; row < f->batch; row++) {
        const grove_piece *p =
            row < count ? &e->pieces[order ? order[start + row] : start + row] : &none;
        lay_piece(f, e, p, row);
        told += p->end - p->begin;
    }
    return told;
}

size_t grove_batch_of(size_t wished, size_t pieces) {
    return pieces < wished ? pieces : wished;
}
