/* SPDX-License-Identifier: MIT
 *
 * grove/targets.h - what is to be predicted: one of some classes, a number, or any of some classes.
 */
#ifndef GROVE_TARGETS_H
#define GROVE_TARGETS_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, what it is called in options and reports. */
#define GROVE_TARGET_LIST(X) X(CLASS, "classification") X(NUMBER, "regression") X(SET, "multilabel")

typedef enum grove_target_kind {
#define GROVE_TARGET_ENUM(code, name) GROVE_TARGET_##code,
    GROVE_TARGET_LIST(GROVE_TARGET_ENUM)
#undef GROVE_TARGET_ENUM
        GROVE_TARGETS
} grove_target_kind;

/* "classification"...; "" for what is none. */
GROVE_API const char *grove_target_name(grove_target_kind kind);

#ifdef __cplusplus
}
#endif
#endif
