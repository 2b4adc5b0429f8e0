/* SPDX-License-Identifier: MIT
 *
 * suggest.h - what was meant by a word that is none of those that could stand there.
 */
#ifndef TOOLS_SUGGEST_H
#define TOOLS_SUGGEST_H

/* What word was asked for, and which comes nearest so far; words are looked at one by one. */
typedef struct suggestion {
    const char *wanted;
    const char *nearest; /* NULL: none is near */
    unsigned long distance;
} suggestion;

void consider(suggestion *s, const char *word);

/* "; did you mean '--label'?", or "" where no word was near. */
enum { SUGGESTION_SIZE = 96 };
const char *in_words(char text[SUGGESTION_SIZE], const suggestion *s, const char *prefix);

#endif
