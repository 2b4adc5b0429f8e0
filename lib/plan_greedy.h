/* SPDX-License-Identifier: MIT
 * lib/plan_greedy.h - places in the block for results whose lives are all known. */
#ifndef GROVE_LIB_PLAN_GREEDY_H
#define GROVE_LIB_PLAN_GREEDY_H

#include <stddef.h>
#include <stdint.h>

/* What lives from one place of the plan to another, both included. */
typedef struct grove_life {
    int32_t birth, death;
    size_t bytes, offset;
} grove_life;

/* Sets the offset of each: no two that live at the same time share a byte. Returns where the last
 * one ends. order, placed: room for `count` pointers each. The time goes with count squared. */
size_t grove_plan_greedy(grove_life *lives, size_t count, grove_life **order, grove_life **placed);

#endif
