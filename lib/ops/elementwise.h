/* SPDX-License-Identifier: MIT
 *
 * ops/elementwise.h - the loops of all ops that go element by element. Inputs and result may be the
 * same memory (GROVE_IN_PLACE), so nothing here is `restrict`.
 */
#ifndef GROVE_OPS_ELEMENTWISE_H
#define GROVE_OPS_ELEMENTWISE_H

#include <tgmath.h> /* sqrt is sqrtf where grove_real is float */

#include "base/functions.h"
#include "room.h"

/* out[i] = expression of x = in0[i], for the items begin..end-1. */
#define GROVE_MAP(call, begin, end, x, expression)                                                 \
    do {                                                                                           \
        const grove_real *in0_ = grove_reals(call, 0);                                             \
        grove_real *out_ = grove_out(call);                                                        \
        for (size_t i_ = begin; i_ < end; i_++) {                                                  \
            const grove_real x = in0_[i_];                                                         \
            out_[i_] = (grove_real)(expression);                                                   \
        }                                                                                          \
    } while (0)

/* out[i] = expression of a = in0[i] and b = in1[i], both of the result's shape. */
#define GROVE_MAP2(call, begin, end, a, b, expression)                                             \
    do {                                                                                           \
        const grove_real *in0_ = grove_reals(call, 0), *in1_ = grove_reals(call, 1);               \
        grove_real *out_ = grove_out(call);                                                        \
        for (size_t i_ = begin; i_ < end; i_++) {                                                  \
            const grove_real a = in0_[i_], b = in1_[i_];                                           \
            out_[i_] = (grove_real)(expression);                                                   \
        }                                                                                          \
    } while (0)

/* How an operand is read where shapes broadcast: number `at` of `period` comes next, and after the
 * last one the first again. */
typedef struct grove_operand {
    const grove_real *from;
    size_t period, at;
} grove_operand;

/* Numbers that a short operand is copied out to: loops over it are long then, and it stays in the
 * first cache. */
enum { GROVE_COPIES = 1024 };

/* copies = x [count] from number `first` on, again and again; whole rounds, or as many as `items`
 * need. Returns how many. */
GROVE_KERNEL size_t grove_copy_rounds(const grove_real *x, size_t count, size_t first, size_t items,
                                      grove_real *copies) {
    size_t all = GROVE_COPIES / count * count, done = count;
    all = items < all ? items : all;
    memcpy(copies, x + first, (count - first) * sizeof *x);
    memcpy(copies + count - first, x, first * sizeof *x);
    while (done < all) {
        size_t more = done < all - done ? done : all - done;
        memcpy(copies + done, copies, more * sizeof *x);
        done += more;
    }
    return all;
}

/* Input `position`, for the items begin..end-1; copies [GROVE_COPIES] may be used. */
GROVE_KERNEL grove_operand grove_operand_of(const grove_call *call, int position, size_t begin,
                                            size_t end, grove_real *copies) {
    size_t count = call->in[position]->count, items = end - begin;
    const grove_real *x = grove_reals(call, position);
    if (count == call->out->count) {
        return (grove_operand){.from = x + begin, .period = items};
    }
    if (count > GROVE_COPIES / 2 || count >= items) {
        return (grove_operand){.from = x, .period = count, .at = begin % count};
    }
    size_t period = grove_copy_rounds(x, count, begin % count, items, copies);
    return (grove_operand){.from = copies, .period = period};
}

/* How many of the next `left` items can be done in one loop: no operand starts anew in them. */
GROVE_KERNEL size_t grove_span(const grove_operand *a, const grove_operand *b, size_t left) {
    size_t until_a = a->period - a->at, until_b = b->period - b->at;
    size_t until = until_a < until_b ? until_a : until_b;
    return until < left ? until : left;
}

GROVE_KERNEL void grove_advance(grove_operand *operand, size_t span) {
    operand->at += span;
    operand->at = operand->at == operand->period ? 0 : operand->at;
}

/* The same with broadcasting: one of the two may be repeated over the leading axes it lacks. */
#define GROVE_MAP2_BROADCAST(call, begin, end, a, b, expression)                                   \
    do {                                                                                           \
        grove_real copies_[GROVE_COPIES];                                                          \
        grove_operand x0_ = grove_operand_of(call, 0, begin, end, copies_);                        \
        grove_operand x1_ = grove_operand_of(call, 1, begin, end, copies_);                        \
        for (size_t i_ = begin; i_ < end;) {                                                       \
            const grove_real *in0_ = x0_.from + x0_.at, *in1_ = x1_.from + x1_.at;                 \
            grove_real *out_ = grove_out(call) + i_;                                               \
            size_t span_ = grove_span(&x0_, &x1_, end - i_);                                       \
            for (size_t k_ = 0; k_ < span_; k_++) {                                                \
                const grove_real a = in0_[k_], b = in1_[k_];                                       \
                out_[k_] = (grove_real)(expression);                                               \
            }                                                                                      \
            grove_advance(&x0_, span_);                                                            \
            grove_advance(&x1_, span_);                                                            \
            i_ += span_;                                                                           \
        }                                                                                          \
    } while (0)

/* Costs of an element, in additions, for functions that are worth many. */
static inline size_t grove_cost_of_exp(const grove_call *call) {
    (void)call;
    return 16;
}

#endif
