/* SPDX-License-Identifier: MIT
 *
 * gradient_sample.c - drawing components; rows of tables that a batch names.
 */
#include "gradient_sample.h"

#include "base/random.h"

void grove_mark_reached(grove_tensor loss, bool *reaches) {
    for (int32_t i = 0; i <= loss.index; i++) {
        reaches[i] = i == loss.index;
    }
    for (int32_t i = loss.index; i >= 0; i--) {
        grove_tensor node = grove_node_at(loss.graph, i);
        for (int k = 0; k < grove_node_inputs(node) && reaches[i]; k++) {
            reaches[grove_node_input(node, k).index] = true;
        }
    }
}

static int reads(grove_tensor reader, grove_tensor parameter) {
    int times = 0;
    for (int k = 0; k < grove_node_inputs(reader); k++) {
        times += grove_node_input(reader, k).index == parameter.index;
    }
    return times;
}

/* An op that takes ids beside a table reads the rows they name. (Offsets of bags are ids, too: that
 * names a few rows more than are read, and they are then found to be zero.) */
int grove_row_readers(grove_tensor parameter, grove_tensor loss, const bool *reaches,
                      grove_tensor readers[GROVE_MOST_READERS]) {
    int count = 0;
    for (int32_t i = parameter.index + 1; i <= loss.index; i++) {
        grove_tensor reader = grove_node_at(loss.graph, i);
        if (!reaches[i] || !reads(reader, parameter)) {
            continue;
        }
        int before = count;
        for (int k = 0; k < grove_node_inputs(reader); k++) {
            grove_tensor input = grove_node_input(reader, k);
            if (grove_node_type(input) == GROVE_ID && count < GROVE_MOST_READERS) {
                readers[count++] = input;
            }
        }
        if (count == before || count == GROVE_MOST_READERS) {
            return -1;
        }
    }
    return count ? count : -1;
}

void grove_mark_rows(const grove_id *ids, size_t count, size_t width, bool *marks, size_t size) {
    for (size_t i = 0; i < count; i++) {
        size_t begin = ids[i] >= 0 ? (size_t)ids[i] * width : size;
        for (size_t k = 0; k < width && begin < size; k++) {
            marks[begin + k] = true;
        }
    }
}

/* Selection sampling (Knuth, volume 2, algorithm S): each position is taken with the probability
 * still wanted / still to come, which takes exactly as many as are wanted. */
size_t grove_draw_positions(const bool *marks, bool mark, size_t size, size_t wanted, uint64_t seed,
                            const char *name, size_t *positions) {
    uint32_t stream = (uint32_t)grove_hash_name(name), words[4];
    size_t to_come = 0, taken = 0;
    for (size_t i = 0; i < size; i++) {
        to_come += marks[i] == mark;
    }
    for (size_t i = 0; i < size && taken < wanted; i++) {
        if (marks[i] == mark) {
            grove_random_block(seed, stream, mark, i, words);
            double chance = (double)(wanted - taken) / (double)to_come--;
            if (grove_unit53(words[0], words[1]) < chance) {
                positions[taken++] = i;
            }
        }
    }
    return taken;
}
