/* SPDX-License-Identifier: MIT
 * data/words.h - what a cell of a bag or of text is made of. */
#ifndef GROVE_DATA_WORDS_H
#define GROVE_DATA_WORDS_H

#include "grove/data_form.h"

/* What a piece is; pieces of one sort count together. */
enum { GROVE_PIECE_WORD, GROVE_PIECE_PART };

/* Takes a piece; false ends the walk. */
typedef bool (*grove_piece_taker)(void *user, grove_cell piece, int sort);

/* The values between the split characters, blanks around them dropped, empty ones passed over. */
bool grove_pieces_of_bag(grove_cell cell, char split, grove_piece_taker take, void *user);

/* Words, pairs of neighbours ("crude oil") and parts of words ("#<cru" and "#rude", '<' and '>'
 * being the word's ends) as the form asks for. A word is a run of letters and digits of ASCII, and
 * of all bytes of longer characters; of a very long one the beginning. */
bool grove_pieces_of_text(grove_cell cell, const grove_column_form *form, grove_piece_taker take,
                          void *user);

/* How many words there are. */
size_t grove_count_words(grove_cell cell);

#endif
