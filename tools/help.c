/* SPDX-License-Identifier: MIT
 *
 * help.c - what --help shows of a command.
 */
#include <stdio.h>
#include <string.h>

#include "common.h"
#include "option_table.h"

enum { WIDTH = 79, HELP_COLUMN = 29 };

/* Prints the words of a text from column `at`, lines but the first indented. */
static void print_wrapped(const char *text, int at, int indent) {
    bool first = true;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (!first && at + 1 + length > WIDTH) {
            printf("\n%*s", indent, "");
            at = indent;
            first = true;
        }
        at += printf("%s%.*s", first ? "" : " ", length, text);
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_option(const option_row *row) {
    char help[OPTION_HELP_SIZE];
    int at = row->key ? printf("  -%c, ", row->key) : printf("%6s", "");
    at +=
        printf("--%s%s%s", row->name, row->argument ? "=" : "", row->argument ? row->argument : "");
    if (at + 2 > HELP_COLUMN) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", HELP_COLUMN - at, "");
    print_wrapped(option_help(help, row), HELP_COLUMN, HELP_COLUMN);
}

static void print_group(const command *c, enum option_group group) {
    bool first = true;
    for (const option_row *row = option_table; row->name; row++) {
        if (row->group == group && takes_option(c, row)) {
            if (first) {
                printf("\n%s:\n", option_group_title(group));
            }
            first = false;
            print_option(row);
        }
    }
}

static void print_example(const char *lines) {
    const char *before = "Example: ";
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        printf("%9s%.*s\n", before, length, lines);
        before = "";
        lines += length + (lines[length] == '\n');
    }
}

void print_help(const command *c) {
    printf("Usage: grove %s [OPTION...] %s\n", c->name, c->files);
    printf("%c%s.\n", c->summary[0] - 'a' + 'A', c->summary + 1);
    for (int group = 0; group < OPTION_GROUPS; group++) {
        print_group(c, (enum option_group)group);
    }
    putchar('\n');
    if (c->more) {
        print_wrapped(c->more, 0, 0);
        putchar('\n');
    }
    print_example(c->example);
}
