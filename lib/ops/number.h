/* SPDX-License-Identifier: MIT
 *
 * ops/number.h - the check of an attribute that is one number: what the rooms with such a number
 * share.
 */
#ifndef GROVE_OPS_NUMBER_H
#define GROVE_OPS_NUMBER_H

#include <math.h>

#include "room.h"

/* Neither infinite nor NaN, also once it is a grove_real. */
static inline bool grove_want_number(grove_shaping *shaping, double number, const char *what) {
    return isfinite((grove_real)number) ||
           grove_refuse(shaping, GROVE_BAD_ARGUMENT, "%s must be a finite number, as a %s", what,
                        sizeof(grove_real) == sizeof(double) ? "double" : "float");
}

#endif
