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

/* The longest run of elements from `i` on, up to `end`, in which an operand of `count` elements
 * that is repeated over leading axes does not start anew (a scalar never does). */
GROVE_KERNEL size_t grove_span(size_t i, size_t end, size_t count) {
    size_t left = end - i;
    if (count <= 1) {
        return left;
    }
    size_t until_anew = count - i % count;
    return until_anew < left ? until_anew : left;
}

/* The same with broadcasting: each operand is repeated over the leading axes it lacks. Each span is
 * one of three plain loops, which compilers vectorise. */
#define GROVE_MAP2_BROADCAST(call, begin, end, a, b, expression)                                   \
    do {                                                                                           \
        size_t na_ = (call)->in[0]->count, nb_ = (call)->in[1]->count;                             \
        for (size_t i_ = begin; i_ < end;) {                                                       \
            size_t sa_ = grove_span(i_, end, na_), sb_ = grove_span(i_, end, nb_);                 \
            size_t span_ = sa_ < sb_ ? sa_ : sb_;                                                  \
            const grove_real *in0_ = grove_reals(call, 0) + i_ % na_;                              \
            const grove_real *in1_ = grove_reals(call, 1) + i_ % nb_;                              \
            grove_real *out_ = grove_out(call) + i_;                                               \
            if (nb_ == 1) {                                                                        \
                const grove_real b = *in1_;                                                        \
                for (size_t k_ = 0; k_ < span_; k_++) {                                            \
                    const grove_real a = in0_[k_];                                                 \
                    out_[k_] = (grove_real)(expression);                                           \
                }                                                                                  \
            } else if (na_ == 1) {                                                                 \
                const grove_real a = *in0_;                                                        \
                for (size_t k_ = 0; k_ < span_; k_++) {                                            \
                    const grove_real b = in1_[k_];                                                 \
                    out_[k_] = (grove_real)(expression);                                           \
                }                                                                                  \
            } else {                                                                               \
                for (size_t k_ = 0; k_ < span_; k_++) {                                            \
                    const grove_real a = in0_[k_], b = in1_[k_];                                   \
                    out_[k_] = (grove_real)(expression);                                           \
                }                                                                                  \
            }                                                                                      \
            i_ += span_;                                                                           \
        }                                                                                          \
    } while (0)

/* Costs of an element, in additions, for functions that are worth many. */
static inline size_t grove_cost_of_exp(const grove_call *call) {
    (void)call;
    return 16;
}

#endif
