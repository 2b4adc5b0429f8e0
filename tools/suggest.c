/* SPDX-License-Identifier: MIT */
#include "suggest.h"

#include <stdio.h>
#include <string.h>

#include "grove/data_table.h"

/* A word is near when at most a third of its characters are wrong, or two of a short one; nothing
 * is near one that would have to be replaced as a whole. */
void consider(suggestion *s, const char *word) {
    const grove_cell wanted = {s->wanted, strlen(s->wanted)}, other = {word, strlen(word)};
    size_t longer = wanted.length > other.length ? wanted.length : other.length;
    size_t most = longer / 3 > 2 ? longer / 3 : 2;
    size_t distance = grove_cell_distance(wanted, other);
    if (distance <= most && distance < longer && (!s->nearest || distance < s->distance)) {
        s->nearest = word;
        s->distance = distance;
    }
}

const char *in_words(char text[SUGGESTION_SIZE], const suggestion *s, const char *prefix) {
    text[0] = '\0';
    if (s->nearest) {
        snprintf(text, SUGGESTION_SIZE, "; did you mean '%s%.60s'?", prefix, s->nearest);
    }
    return text;
}
