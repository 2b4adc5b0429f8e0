/* SPDX-License-Identifier: MIT
 *
 * language_feed.h - pieces of lines as batches for the graph of a language model.
 */
#ifndef GROVE_TRAIN_LANGUAGE_FEED_H
#define GROVE_TRAIN_LANGUAGE_FEED_H

#include "language.h"
#include "lines.h"

/* A plan with the arrays that are bound to it. */
typedef struct grove_feeder {
    const grove_language *language;
    grove_allocator *allocator;
    grove_plan *plan;
    int32_t *units, *next; /* [batch, window - 1 + places], [batch, places] */
    size_t batch, places, window;
} grove_feeder;

/* how->batch pieces at a time. On failure there is nothing to close. */
grove_status grove_feeder_open(grove_feeder *feeder, const grove_language *language,
                               grove_allocator *allocator, const grove_tensor *outputs, int count,
                               const grove_plan_options *how, grove_error *error);
void grove_feeder_close(grove_feeder *feeder);

/* Lays out pieces order[start...start + count) (NULL: from `start` on); rows behind them are empty.
 * Returns how many units are to be told. */
size_t grove_feed(const grove_feeder *feeder, const grove_encoded *encoded, const size_t *order,
                  size_t start, size_t count);

/* What the plan says went wrong. */
grove_status grove_plan_mistake(grove_plan *plan, grove_error *error);

/* The smaller one. */
size_t grove_batch_of(size_t wished, size_t pieces);

/* The loss over all pieces, nats a unit. */
grove_status grove_measure_encoded(const grove_language *language, const grove_encoded *encoded,
                                   int threads, grove_allocator *allocator, double *loss,
                                   grove_error *error);

#endif
