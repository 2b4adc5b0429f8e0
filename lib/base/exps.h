/* SPDX-License-Identifier: MIT
 * base/exps.h - the exponentials of many numbers at a time, for softmaxes over wide rows. libm's
 * expf, called number by number, is what such a softmax spends most of its time in. */
#ifndef GROVE_BASE_EXPS_H
#define GROVE_BASE_EXPS_H

#include <stddef.h>

#include "grove/tensor.h"

/* The sum of exp(x[i] - shift), in an order that depends on `count` alone. */
double grove_exps_sum(const grove_real *x, size_t count, grove_real shift);

/* x[i] = factor * exp(x[i] - shift); returns their sum, in the same order. */
double grove_exps(grove_real *x, size_t count, grove_real shift, grove_real factor);

#endif
