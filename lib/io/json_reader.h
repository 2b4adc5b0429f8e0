/* SPDX-License-Identifier: MIT
 * io/json_reader.h - a strict reader of JSON that pulls one token at a time.
 *
 * For headers of known form: the caller says what comes next, and nothing is built but the strings.
 * All memory comes from the arena, so that running out of it is survived and told (jansson then
 * drops characters and may still report success). The first mistake sticks: from then on nothing is
 * taken, loops end, and the caller asks once, at the end:
 *
 *     for (size_t i = 0; grove_json_next(&json, '}', i); i++) {
 *         const char *key = grove_json_string(&json);
 *         grove_json_expect(&json, ':');
 *         ...
 *     }
 *     if (json.wrong) ...
 */
#ifndef GROVE_IO_JSON_READER_H
#define GROVE_IO_JSON_READER_H

#include "../base/memory.h"

typedef struct grove_json {
    const char *text; /* [size], not terminated */
    size_t size, at;
    grove_arena *arena; /* owns the strings */
    const char *wrong;  /* what was expected at byte `at`; NULL while all is well */
    bool no_memory;     /* what went wrong is that the arena had no more */
} grove_json;

/* Takes this mark if it comes next (after white space). */
bool grove_json_take(grove_json *json, char mark);
/* The same where it must come next. */
void grove_json_expect(grove_json *json, char mark);

/* True if the object or array that ends in `close` has another member after `index` of them; takes
 * the comma before it, or the close. */
bool grove_json_next(grove_json *json, char close, size_t index);

/* A string, unescaped, UTF-8, without NUL; "" once something is wrong. */
const char *grove_json_string(grove_json *json);
/* An integer from 0 to INT64_MAX; 0 once something is wrong. */
int64_t grove_json_count(grove_json *json);
/* The text must end here. */
void grove_json_end(grove_json *json);

/* The bytes of the UTF-8 character at text [size]: 1 to 4, or 0 if there is no valid one. */
size_t grove_utf8_length(const char *text, size_t size);

#endif
