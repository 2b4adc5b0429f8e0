/* SPDX-License-Identifier: MIT
 *
 * option_table.h - what options there are: one row each, in option_table.c. The parser, --help, the
 * manual pages and the completions of shells all read these rows, and nothing else says the same.
 *
 * A new option is a row and a field of struct options.
 */
#ifndef TOOLS_OPTION_TABLE_H
#define TOOLS_OPTION_TABLE_H

#include "options.h"

/* Of --help, in this order. */
enum option_group {
    GROUP_INPUT,
    GROUP_MODEL,
    GROUP_TRAINING,
    GROUP_CHECK,
    GROUP_RUN,
    GROUP_OUTPUT
};
enum { OPTION_GROUPS = GROUP_OUTPUT + 1 };

/* What an option takes, and so what type its field has. */
typedef enum option_kind {
    OPTION_FLAG,      /* nothing; bool */
    OPTION_SET,       /* nothing: it means another option's `preset`; const char * */
    OPTION_WHOLE,     /* long, from least to most */
    OPTION_NUMBER,    /* double, from least to most */
    OPTION_BYTES,     /* the same, with K, M or G behind for 2^10, 2^20, 2^30 */
    OPTION_CHOICE,    /* one of words; const char * */
    OPTION_CHARACTER, /* no quote and no line end, "tab" and "\t" are a tab; char */
    OPTION_SIZES,     /* whole numbers from least to most, "N,N"; sizes */
    OPTION_TEXT,      /* const char * */
    OPTION_FILE,      /* the name of one; const char * */
    OPTION_COLUMN,    /* the name of one; const char * */
    OPTION_COLUMNS,   /* "A,B"; names; given twice it takes both lists */
    OPTION_LIST,      /* the same of words that are no columns */
    OPTION_HELP
} option_kind;

/* Sets of commands. */
enum option_commands {
#define COMMAND_BIT(word) FOR_##word = 1 << COMMAND_##word,
    COMMAND_LIST(COMMAND_BIT)
#undef COMMAND_BIT
        FOR_ALL = (1 << COMMANDS) - 1
};

typedef struct option_row {
    const char *name;
    unsigned
        for_commands; /* an option that means another thing elsewhere has a row for that, too */
    char key;         /* of the short form of what takes no argument; 0: none */
    enum option_group group;
    const char *argument; /* "N"; NULL: takes none */
    const char *help;     /* without the default */

    const char *preset; /* the default as it would be written; NULL: the field is 0, false, NULL */
    const char
        *instead; /* said in --help in place of it; NULL: the preset is said, if there is one */
    const char *wanted; /* what is asked of who leaves it out; NULL: it may be left out */

    option_kind kind;
    size_t field; /* its place in struct options */
    double least, most;
    const char *const *words; /* of a choice, ending with NULL */
    const char *word;         /* taken besides what the kind takes, and stands for this number */
    double word_means;
} option_row;

extern const option_row option_table[MOST_OPTIONS]; /* ends with a name of NULL */

/* The row that a command has under a name, or a short key; NULL: none. The name may be cut short
 * where only one row begins so. */
const option_row *find_option(const command *c, const char *name, size_t length);
const option_row *find_key(const command *c, char key);

/* Does the command take it? */
bool takes_option(const command *c, const option_row *row);

/* "the help (default: 5)" */
enum { OPTION_HELP_SIZE = 640 };
const char *option_help(char text[OPTION_HELP_SIZE], const option_row *row);

/* "Input" */
const char *option_group_title(enum option_group group);

#endif
