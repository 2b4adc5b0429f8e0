/* SPDX-License-Identifier: MIT
 *
 * plan_greedy.c - the largest first, each at the lowest offset where it meets nobody of its time
 * (greedy by size: Pisarchyk & Lee, "Efficient memory management for deep neural net inference",
 * 2020). Laying out in the order of running leaves holes that a larger result does not fit into;
 * large ones that have been placed leave holes which smaller ones fit into. */
#include "plan_greedy.h"

#include <stdlib.h>
#include <string.h>

static int by_size(const void *left, const void *right) {
    const grove_life *a = *(grove_life *const *)left, *b = *(grove_life *const *)right;
    if (a->bytes != b->bytes) {
        return a->bytes < b->bytes ? 1 : -1;
    }
    return (a > b) - (a < b); /* all lie in one array: as they were born */
}

static size_t lowest_offset(const grove_life *life, grove_life *const *placed, size_t count) {
    size_t offset = 0;
    for (size_t i = 0; i < count && placed[i]->offset < offset + life->bytes; i++) {
        const grove_life *other = placed[i];
        size_t end = other->offset + other->bytes;
        if (other->birth <= life->death && life->birth <= other->death && end > offset) {
            offset = end;
        }
    }
    return offset;
}

size_t grove_plan_greedy(grove_life *lives, size_t count, grove_life **order, grove_life **placed) {
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        order[i] = &lives[i];
    }
    qsort(order, count, sizeof(*order), by_size);
    for (size_t i = 0; i < count; i++) {
        grove_life *life = order[i];
        life->offset = lowest_offset(life, placed, i);
        end = life->offset + life->bytes > end ? life->offset + life->bytes : end;
        size_t at = i; /* placed stays in the order of offsets */
        for (; at > 0 && placed[at - 1]->offset > life->offset; at--) {
        }
        memmove(placed + at + 1, placed + at, (i - at) * sizeof(*placed));
        placed[at] = life;
    }
    return end;
}
