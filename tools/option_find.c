/* SPDX-License-Identifier: MIT
 *
 * option_find.c - finding rows of the table of options, and what they say. */
#include <stdio.h>
#include <string.h>

#include "option_table.h"

bool takes_option(const command *c, const option_row *row) {
    return row->for_commands >> (c - commands) & 1;
}

const option_row *find_option(const command *c, const char *name, size_t length) {
    const option_row *found = NULL;
    int begin_so = 0;
    for (const option_row *row = option_table; row->name; row++) {
        if (takes_option(c, row) && strncmp(row->name, name, length) == 0) {
            if (row->name[length] == '\0') {
                return row;
            }
            found = row;
            begin_so++;
        }
    }
    return begin_so == 1 ? found : NULL;
}

const option_row *find_key(const command *c, char key) {
    for (const option_row *row = option_table; row->name; row++) {
        if (row->key && row->key == key && takes_option(c, row)) {
            return row;
        }
    }
    return NULL;
}

const char *option_help(char text[OPTION_HELP_SIZE], const option_row *row) {
    const char *preset = row->kind == OPTION_SET ? NULL : row->preset;
    const char *otherwise = row->instead ? row->instead : preset;
    if (row->wanted) {
        snprintf(text, OPTION_HELP_SIZE, "%s (required)", row->help);
    } else if (otherwise) {
        snprintf(text, OPTION_HELP_SIZE, "%s (default: %s)", row->help, otherwise);
    } else {
        snprintf(text, OPTION_HELP_SIZE, "%s", row->help);
    }
    return text;
}

const char *option_group_title(enum option_group group) {
    const char *const titles[OPTION_GROUPS] = {"Input", "Model",   "Training",
                                               "Check", "Running", "Output"};
    return titles[group];
}
