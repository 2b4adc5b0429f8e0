/* SPDX-License-Identifier: MIT
 *
 * ops/chance.h - the random words of ops that do something to each element with some probability.
 *
 * The word of element i is number i of the Philox numbers of (graph's seed, stream, training run):
 * whatever the tiles and threads, it is the same one, and each run has other words. A stream is the
 * index that the op's node gets, known before anything else of it; so no two nodes share their
 * words. Its top bit keeps it apart from the streams that parameters begin with. The low half of
 * the run counts as the step; the high half, 0 in the first four thousand million runs, goes into
 * the key.
 */
#ifndef GROVE_OPS_CHANCE_H
#define GROVE_OPS_CHANCE_H

#include "base/random.h"
#include "room.h"

/* Words come in blocks of four; a chunk of them is drawn before it is used, so that the loop that
 * uses it has no branch. */
enum { GROVE_CHANCE_BLOCK = 4, GROVE_CHANCE_CHUNK = GROVE_CHANCE_BLOCK * GROVE_RANDOM_BLOCKS };

typedef struct grove_chance {
    size_t first; /* the element that words[0] is for */
    size_t stop;  /* the words reach to before this element */
    uint32_t words[GROVE_CHANCE_CHUNK];
} grove_chance;

static inline bool grove_want_stream(grove_shaping *s, int64_t stream) {
    return (stream >= 0 && stream <= INT32_MAX) ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "its stream must be the index of a node");
}

/* A word is below it with the probability, in steps of 2^-32, rounded down. */
static inline uint32_t grove_chance_threshold(double probability) {
    return (uint32_t)(probability * 0x1p32);
}

/* The words from element i on, as many as a chunk has, but none from `end` on. Tiles may begin
 * within a block. */
GROVE_KERNEL void grove_chance_draw(const grove_call *call, int64_t stream, size_t i, size_t end,
                                    grove_chance *chance) {
    const uint64_t seed = call->seed + (call->run >> 32) * 0x9E3779B97F4A7C15u;
    const uint32_t own = (uint32_t)stream | 0x80000000u;
    chance->first = i - i % GROVE_CHANCE_BLOCK;
    chance->stop =
        end - chance->first < GROVE_CHANCE_CHUNK ? end : chance->first + GROVE_CHANCE_CHUNK;
    grove_random_blocks(seed, own, (uint32_t)call->run, chance->first / GROVE_CHANCE_BLOCK,
                        chance->words);
}

#endif
