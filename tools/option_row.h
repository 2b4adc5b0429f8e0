/* SPDX-License-Identifier: MIT
 *
 * option_row.h - the words that rows of option_table.c are written in.
 */
#ifndef TOOLS_OPTION_ROW_H
#define TOOLS_OPTION_ROW_H

#include "option_table.h"

/* ---- the words of choices -------------------------------------------------------------------- */

#define WORDS(...)                                                                                 \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }

/* ---- what an option takes, and the field it goes to: another type does not compile ----------- */

#define AT(member, type) .field = _Generic(((options *)0)->member, type : offsetof(options, member))
#define FLAG(member) .kind = OPTION_FLAG, AT(member, bool)
#define SETS(member) .kind = OPTION_SET, AT(member, const char *)
#define WHOLE(member, low, high)                                                                   \
    .kind = OPTION_WHOLE, AT(member, long), .least = (low), .most = (high)
#define NUMBER(member, low, high)                                                                  \
    .kind = OPTION_NUMBER, AT(member, double), .least = (low), .most = (high)
#define BYTES(member, low, high)                                                                   \
    .kind = OPTION_BYTES, AT(member, double), .least = (low), .most = (high)
#define CHOICE(member, ...)                                                                        \
    .kind = OPTION_CHOICE, AT(member, const char *), .words = WORDS(__VA_ARGS__)
#define CHARACTER(member) .kind = OPTION_CHARACTER, AT(member, char)
#define SIZES(member, low, high)                                                                   \
    .kind = OPTION_SIZES, AT(member, sizes), .least = (low), .most = (high)
#define TEXT(member) .kind = OPTION_TEXT, AT(member, const char *)
#define A_FILE(member) .kind = OPTION_FILE, AT(member, const char *)
#define COLUMN(member) .kind = OPTION_COLUMN, AT(member, const char *)
#define COLUMNS(member) .kind = OPTION_COLUMNS, AT(member, names)
#define LIST(member) .kind = OPTION_LIST, AT(member, names)
#define OR_WORD(text, means) .word = (text), .word_means = (means)

/* Who takes it, its name, what stands for its argument. */
#define ROW(commands, word, argument_)                                                             \
    .for_commands = (commands), .name = word, .argument = argument_

enum {
    FOR_TEXTS = FOR_LANGUAGE | FOR_GENERATE,
    FOR_TABLES = FOR_ALL & ~FOR_TEXTS, /* who reads one */
    FOR_FITS = FOR_TRAIN | FOR_CV,
    FOR_NETWORKS = FOR_FITS | FOR_COMPARE, /* who makes one */
    FOR_GUESSES = FOR_NETWORKS | FOR_INSPECT | FOR_AUTOENCODER,
    FOR_LABELS = FOR_GUESSES & ~FOR_AUTOENCODER, /* bags and texts, too */
    FOR_THREADS = FOR_NETWORKS | FOR_CALIBRATE | FOR_EVALUATE | FOR_REPORT | FOR_PREDICT |
                  FOR_GRADCHECK | FOR_EMBED | FOR_TEXTS | FOR_AUTOENCODER,
    FOR_RESULTS = FOR_NETWORKS | FOR_CALIBRATE | FOR_SPLIT | FOR_EVALUATE | FOR_INSPECT |
                  FOR_GRADCHECK | FOR_NEAREST | FOR_TEXTS | FOR_AUTOENCODER,
    FOR_ONE_FILE = FOR_PREDICT | FOR_TRANSFORM
};

#endif
