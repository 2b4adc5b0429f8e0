/* SPDX-License-Identifier: MIT
 *
 * options.c - reading the options of a command, by the rows of option_table.c.
 */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "option_table.h"
#include "suggest.h"

void usage_error(const command *c, const char *format, ...) {
    char sentence[1024];
    va_list more;
    va_start(more, format);
    vsnprintf(sentence, sizeof sentence, format, more);
    va_end(more);
    complain(c->name, EXIT_USAGE, sentence);
    fprintf(stderr, "Try 'grove %s --help' for more information.\n", c->name);
    exit(EXIT_USAGE);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* One value that is being read. Those of the program itself may lie outside of what users may
 * give: "not given". */
typedef struct reading {
    const command *command;
    const option_row *row;
    const char *text;
    bool is_preset;
} reading;

static bool is_other_word(const reading *r) {
    return r->row->word && strcmp(r->text, r->row->word) == 0;
}

static bool allows(const reading *r, double value) {
    return r->is_preset || (value >= r->row->least && value <= r->row->most);
}

static long whole(const reading *r, const char *text) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || !allows(r, (double)value)) {
        usage_error(r->command, "--%s takes a whole number from %.0f to %.0f%s%s, not '%s'",
                    r->row->name, r->row->least, r->row->most, r->row->word ? ", or " : "",
                    r->row->word ? r->row->word : "", r->text);
    }
    return value;
}

static double number(const reading *r) {
    double value = 0;
    if (!grove_parse_number(r->text, strlen(r->text), &value) || !allows(r, value)) {
        char low[32], high[32];
        usage_error(r->command, "--%s takes a number from %s to %s, not '%s'", r->row->name,
                    grove_format_number(low, r->row->least),
                    grove_format_number(high, r->row->most), r->text);
    }
    return value;
}

/* "500M" */
static double bytes(const reading *r) {
    static const char units[] = "KMG";
    size_t length = strlen(r->text);
    const char *unit = length > 1 ? strchr(units, r->text[length - 1]) : NULL;
    double value = 0, times = 1;
    for (const char *u = units; unit && u <= unit; u++) {
        times *= 1024;
    }
    if (!grove_parse_number(r->text, length - (unit != NULL), &value) ||
        !allows(r, value * times)) {
        usage_error(r->command,
                    "--%s takes a number of bytes from %.0fM up, as 500M or 1.5G, not '%s'",
                    r->row->name, r->row->least / (1 << 20), r->text);
    }
    return value * times;
}

static void *must_have(const command *c, void *memory) {
    if (!memory) {
        exit(complain(c->name, EXIT_RUN_TIME, "out of memory"));
    }
    return memory;
}

/* Adds to the list: an option that is given twice counts twice. */
static void add_names(const reading *r, names *to) {
    size_t most = to->count + strlen(r->text) + 1;
    char *rest = must_have(r->command, strdup(r->text));
    to->items = must_have(r->command, realloc(to->items, most * sizeof *to->items));
    to->items[to->count] = rest; /* held from here on: a mistake ends the program */
    while (rest) {
        char *name = next_name(&rest);
        if (!name) {
            usage_error(r->command, "--%s takes %s, separated by commas, not '%s'", r->row->name,
                        r->row->kind == OPTION_LIST ? r->row->argument : "names of columns",
                        r->text);
        }
        to->items[to->count++] = name;
    }
}

static sizes read_sizes(const reading *r) {
    sizes list = {.count = is_other_word(r) ? (int)r->row->word_means : 0};
    const int most = sizeof list.items / sizeof *list.items;
    const bool is_list = !is_other_word(r) && strcmp(r->text, "none") != 0;
    for (const char *next = is_list ? r->text : NULL; next;) {
        char one[24];
        size_t length = strcspn(next, ",");
        snprintf(one, sizeof one, "%.*s", (int)(length < sizeof one ? length : sizeof one), next);
        if (list.count == most) {
            usage_error(r->command, "--%s takes at most %d layers, not '%s'", r->row->name, most,
                        r->text);
        }
        list.items[list.count++] = whole(r, one);
        next = next[length] ? next + length + 1 : NULL;
    }
    return list;
}

static const char *choice(const reading *r) {
    char all[256] = "", meant[SUGGESTION_SIZE];
    suggestion near = {.wanted = r->text};
    for (const char *const *word = r->row->words; *word; word++) {
        consider(&near, *word);
        if (strcmp(*word, r->text) == 0) {
            return *word;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", *word);
    }
    usage_error(r->command, "--%s takes one of %s, not '%s'%s", r->row->name, all, r->text,
                in_words(meant, &near, ""));
}

static char character(const reading *r) {
    bool tab = strcmp(r->text, "\\t") == 0 || strcmp(r->text, "tab") == 0;
    if (!tab && (strlen(r->text) != 1 || strchr("\"\r\n", r->text[0]))) {
        usage_error(r->command, "--%s takes one character, %s%s, not '%s'", r->row->name,
                    r->row->word ? "or " : "and no quote", r->row->word ? r->row->word : "",
                    r->text);
    }
    return tab ? '\t' : r->text[0];
}

static void set(const reading *r, options *o) {
    void *field = (char *)o + r->row->field;
    switch (r->row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_SET:
        *(const char **)field = r->row->preset;
        break;
    case OPTION_WHOLE:
        *(long *)field = is_other_word(r) ? (long)r->row->word_means : whole(r, r->text);
        break;
    case OPTION_NUMBER:
        *(double *)field = is_other_word(r) ? r->row->word_means : number(r);
        break;
    case OPTION_BYTES:
        *(double *)field = bytes(r);
        break;
    case OPTION_CHOICE:
        *(const char **)field = choice(r);
        break;
    case OPTION_CHARACTER:
        *(char *)field = is_other_word(r) ? (char)r->row->word_means : character(r);
        break;
    case OPTION_SIZES:
        *(sizes *)field = read_sizes(r);
        break;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_COLUMN:
        *(const char **)field = r->text;
        break;
    case OPTION_COLUMNS:
    case OPTION_LIST:
        add_names(r, field);
        break;
    case OPTION_HELP:
        break;
    }
}

/* ---- the parser ------------------------------------------------------------------------------ */

/* Those of the command, and before them those of all: what commands share may look at options that
 * only some of them take. */
static void set_presets(const command *c, options *o) {
    for (int own = 0; own < 2; own++) {
        for (const option_row *row = option_table; row->name; row++) {
            if (row->preset && row->kind != OPTION_SET && (!own || takes_option(c, row))) {
                set(&(reading){c, row, row->preset, true}, o);
            }
        }
    }
}

static _Noreturn void refuse_option(const command *c, const char *word, size_t length) {
    char several[256] = "", asked[64], meant[SUGGESTION_SIZE];
    snprintf(asked, sizeof asked, "%.*s", (int)(length < sizeof asked ? length - 2 : 0), word + 2);
    suggestion near = {.wanted = asked};
    for (const option_row *row = option_table; row->name; row++) {
        if (takes_option(c, row)) {
            consider(&near, row->name);
        }
        if (takes_option(c, row) && strncmp(row->name, word + 2, length - 2) == 0) {
            size_t used = strlen(several);
            snprintf(several + used, sizeof several - used, "%s--%s", used ? ", " : "", row->name);
        }
    }
    if (*several) {
        usage_error(c, "'%.*s' may be each of %s", (int)length, word, several);
    }
    usage_error(c, "there is no option '%.*s'%s", (int)length, word, in_words(meant, &near, "--"));
}

/* "--name", "--name=value", "--name value". Returns how many words it took; 0: help is wanted. */
static int read_long(const command *c, char **words, int left, options *o) {
    size_t length = strcspn(words[0], "=");
    const char *value = words[0][length] ? words[0] + length + 1 : NULL;
    const option_row *row = find_option(c, words[0] + 2, length - 2);
    int taken = 1;
    if (!row) {
        refuse_option(c, words[0], length);
    }
    if (value && !row->argument) {
        usage_error(c, "option '--%s' doesn't allow an argument", row->name);
    }
    if (row->argument && !value) {
        if (left < 2) {
            usage_error(c, "option '--%s' requires an argument, %s", row->name, row->argument);
        }
        value = words[1];
        taken = 2;
    }
    o->given[row - option_table] = true;
    set(&(reading){c, row, value, false}, o);
    return row->kind == OPTION_HELP ? 0 : taken;
}

/* "-q", "-qh". False: help is wanted. */
static bool read_short(const command *c, const char *word, options *o) {
    for (const char *key = word + 1; *key; key++) {
        const option_row *row = find_key(c, *key);
        if (!row) {
            usage_error(c, "there is no option '-%c'%s%s", *key,
                        key[1] || key > word + 1 ? " of " : "",
                        key[1] || key > word + 1 ? word : "");
        }
        if (row->kind == OPTION_HELP) {
            return false;
        }
        o->given[row - option_table] = true;
        set(&(reading){c, row, NULL, false}, o);
    }
    return true;
}

static void add_file(const command *c, const char *word, options *o) {
    if (o->file_count >= c->max_files) {
        usage_error(c, "'%s' is one argument too many: grove %s %s", word, c->name, c->files);
    }
    o->files[o->file_count++] = word;
}

bool parse_options(const command *c, int argc, char **argv, options *o) {
    bool files_only = false;
    *o = (options){.file_count = 0};
    set_presets(c, o);
    for (int i = 1; i < argc;) {
        const char *word = argv[i];
        int taken = 1;
        if (files_only || word[0] != '-' || !word[1]) {
            add_file(c, word, o);
        } else if (strcmp(word, "--") == 0) {
            files_only = true;
        } else {
            taken = word[1] == '-' ? read_long(c, argv + i, argc - i, o) : read_short(c, word, o);
        }
        if (taken == 0) {
            print_help(c);
            return false;
        }
        i += taken;
    }
    check_options(c, o);
    return true;
}
