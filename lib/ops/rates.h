/* SPDX-License-Identifier: MIT
 *
 * ops/rates.h - the rates of missed updates, for ops that catch up: a scalar, where the rate never
 * changes; or a list [memory] in which `remember` keeps those of the last updates, that of update u
 * (1, 2...) at (u - 1) mod memory.
 */
#ifndef GROVE_OPS_RATES_H
#define GROVE_OPS_RATES_H

#include "rows.h"

static inline bool grove_want_rates(grove_shaping *s, int position) {
    grove_shape shape = grove_in_shape(s, position);
    if (!grove_want_type(s, position, GROVE_REAL)) {
        return false;
    }
    return shape.rank == 0 || (shape.rank == 1 && shape.dim[0] > 0) ||
           grove_refuse(s, GROVE_BAD_SHAPE,
                        "the rate must be a scalar, or the list of those remembered");
}

/* Are they remembered ones? */
static inline bool grove_rates_change(const grove_call *call, int position) {
    return call->in[position]->rank > 0;
}

/* How many are remembered; 0 where the rate never changes. */
static inline size_t grove_rates_memory(const grove_call *call, int position) {
    return grove_rates_change(call, position) ? call->in[position]->count : 0;
}

/* The rate of the update that came `ago` before the latest one, which is number `step`. */
static inline double grove_rate_ago(const grove_view *rates, grove_id step, size_t ago) {
    const grove_real *numbers = rates->data;
    return (double)numbers[((size_t)step - 1 - ago) % rates->count];
}

/* The most updates that a row missed, of those that ids (input `position`, which was checked) name,
 * or of all; at most the memory's size: grove_minimize sees to it that no row rests for longer. */
static inline size_t grove_longest_rest(const grove_call *call, const grove_id *last, grove_id step,
                                        int position, size_t memory) {
    bool some = call->inputs > position;
    const grove_id *ids = some ? grove_ids(call, position) : NULL;
    size_t count = some ? call->in[position]->count : call->in[0]->dim[0], longest = 0;
    for (size_t i = 0; i < count; i++) {
        bool nobody = some && ids[i] == GROVE_NOBODY;
        int64_t rest = nobody ? 0 : (int64_t)step - last[some ? (size_t)ids[i] : i];
        longest = rest > (int64_t)longest ? (size_t)rest : longest;
    }
    return longest < memory ? longest : memory;
}

#endif
