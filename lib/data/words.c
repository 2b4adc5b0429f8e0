/* SPDX-License-Identifier: MIT
 *
 * Cells into pieces. (Word pairs and parts of words as in fastText: Joulin et al. 2017, "Bag of
 * tricks for efficient text classification"; Bojanowski et al. 2017, "Enriching word vectors with
 * subword information".) */
#include "words.h"

#include <string.h>

#include "lower.h"

enum { WORD_BYTES = 64, SHORTEST_PART = 3, LONGEST_PART = 5 };

/* ---- values of a bag ------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool grove_pieces_of_bag(grove_cell cell, char split, grove_piece_taker take, void *user) {
    const char *at = cell.bytes, *end = at + cell.length;
    bool going_on = true;
    while (at < end && going_on) {
        const char *next = memchr(at, split, (size_t)(end - at)), *last = next ? next : end;
        const char *behind = next ? next + 1 : end;
        while (at < last && is_blank(*at)) {
            at++;
        }
        while (last > at && is_blank(last[-1])) {
            last--;
        }
        going_on =
            at == last || take(user, (grove_cell){at, (size_t)(last - at)}, GROVE_PIECE_WORD);
        at = behind;
    }
    return going_on;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* A byte within a character of several. */
static bool continues(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Moves *at over the next word and copies its beginning; 0 where there is none. */
static size_t next_word(const char **at, const char *end, char word[WORD_BYTES]) {
    size_t length = 0;
    while (*at < end && !is_in_word(**at)) {
        ++*at;
    }
    for (; *at < end && is_in_word(**at); ++*at) {
        if (length < WORD_BYTES) {
            word[length++] = **at;
        }
    }
    return length;
}

size_t grove_count_words(grove_cell cell) {
    char word[WORD_BYTES];
    const char *at = cell.bytes, *end = at + cell.length;
    size_t count = 0;
    while (next_word(&at, end, word) > 0) {
        count++;
    }
    return count;
}

/* Every run of 3 to 5 characters of "<word>", a '#' before it. */
static bool take_parts(const char *word, size_t length, grove_piece_taker take, void *user) {
    char text[WORD_BYTES + 3], part[WORD_BYTES + 4] = "#";
    size_t size = length + 2;
    text[0] = '<';
    memcpy(text + 1, word, length);
    text[length + 1] = '>';
    for (size_t begin = 0; begin < size; begin++) {
        size_t characters = 0;
        for (size_t end = begin; end < size && characters < LONGEST_PART && !continues(text[begin]);
             characters++) {
            for (end++; end < size && continues(text[end]);) {
                end++;
            }
            if (characters + 1 >= SHORTEST_PART) {
                memcpy(part + 1, text + begin, end - begin);
                if (!take(user, (grove_cell){part, end - begin + 1}, GROVE_PIECE_PART)) {
                    return false;
                }
            }
        }
    }
    return true;
}

bool grove_pieces_of_text(grove_cell cell, const grove_column_form *form, grove_piece_taker take,
                          void *user) {
    char pair[2 * WORD_BYTES + 1], *const word = pair + WORD_BYTES + 1;
    const char *at = cell.bytes, *end = at + cell.length;
    size_t before = 0, length;
    bool going_on = true;
    while (going_on && (length = next_word(&at, end, word)) > 0) {
        if (!form->keep_case) {
            grove_lower(word, length, form->ascii_case);
        }
        going_on = take(user, (grove_cell){word, length}, GROVE_PIECE_WORD);
        if (going_on && before > 0 && !form->no_pairs) {
            char *first = word - before - 1; /* the word before stands right in front of this one */
            word[-1] = ' ';
            going_on = take(user, (grove_cell){first, before + 1 + length}, GROVE_PIECE_WORD);
        }
        if (going_on && !form->no_parts) {
            going_on = take_parts(word, length, take, user);
        }
        memmove(word - length - 1, word, length);
        before = length;
    }
    return going_on;
}
