/* SPDX-License-Identifier: MIT
 *
 * man.c - the manual pages grove(1) and grove-COMMAND(1), in the macros of man(7). They bear no
 * date, so that the same source gives the same bytes.
 */
#include <stdio.h>

#include "pages.h"

/* ---- troff ----------------------------------------------------------------------------------- */

/* A backslash is \e, a dash that can be typed is \-, and a quote mark stays the one of ASCII; a
 * line may not begin with a point or a quote mark: that would be a macro. */
static void put_text(const char *text) {
    bool line_begins = true;
    for (; *text; text++) {
        if (line_begins && (*text == '.' || *text == '\'')) {
            printf("\\&");
        }
        line_begins = *text == '\n';
        switch (*text) {
        case '\\':
            printf("\\e");
            break;
        case '-':
            printf("\\-");
            break;
        case '\'':
            printf("\\(aq");
            break;
        case '^':
            printf("\\(ha");
            break;
        case '~':
            printf("\\(ti");
            break;
        default:
            putchar(*text);
        }
    }
}

static void put_line(const char *text) {
    put_text(text);
    putchar('\n');
}

static void put_sentence(const char *text) {
    char first[2] = {(char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]),
                     '\0'};
    put_text(first);
    put_text(text + 1);
    printf(".\n");
}

static void put_title(const char *name, const char *suffix, const char *version) {
    printf(".\\\" Made of the table of options; changes belong there.\n");
    printf(".TH GROVE%s", *suffix ? "\\-" : "");
    for (; *suffix; suffix++) {
        putchar(*suffix - 'a' + 'A');
    }
    printf(" 1 \"\" \"%s %s\" \"User Commands\"\n.nh\n.ad l\n", name,
           version); /* words that are typed are not cut */
}

static void put_entry(const char *tag, const char *text) {
    printf(".TP\n.B ");
    put_line(tag);
    put_line(text);
}

/* Lines of a shell, as they are. */
static void put_example(const char *lines) {
    printf(".PP\n.nf\n.RS 4\n");
    put_line(lines);
    printf(".RE\n.fi\n");
}

/* ---- what pages share ------------------------------------------------------------------------ */

static void put_exit_codes(void) {
    printf(".SH EXIT STATUS\n");
    put_entry("0", "Done.");
    put_entry("1", "Memory is short, or the output cannot be written.");
    put_entry("2", "Wrong usage: an option or an argument is missing, unknown or not possible.");
    put_entry("3", "The data file cannot be read, or is not what it should be.");
    put_entry("4", "The model file cannot be read, or is not what it should be.");
    put_entry("5", "A demanded result was missed (evaluate \\-\\-require), or a gradient is wrong "
                   "(gradcheck).");
    put_entry("130", "Stopped by Ctrl-C, with a checkpoint written (train); 128 and the signal's "
                     "number for SIGTERM and SIGHUP.");
}

static void put_environment(void) {
    printf(".SH ENVIRONMENT\n");
    put_entry("GROVE_NUM_THREADS", "How many threads work where --threads does not say it, from 1 "
                                   "to 1024. Threads change no result.");
    put_entry("GROVE_THREADS_FROM",
              "How many additions a step must be worth for threads to share it; 0: every step.");
    put_entry("GROVE_CPU",
              "The instructions that are used at most: baseline, v2, v3 or v4, the levels of "
              "x86-64; on 64-bit Arm baseline or neon, which are the products of matrices "
              "(default: what the processor has).");
}

static void put_see_also(const command *but) {
    printf(".SH SEE ALSO\n");
    if (but) {
        printf(".BR grove (1),\n");
    }
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        if (c != but) {
            printf(".BR grove\\-%s (1),\n", c->name);
        }
    }
    printf(".BR grove\\-model (5)\n");
}

/* ---- grove(1) -------------------------------------------------------------------------------- */

void print_overview_page(const char *version) {
    put_title("grove", "", version);
    printf(".SH NAME\ngrove \\- train classifiers on tables with categorical columns\n");
    printf(".SH SYNOPSIS\n.B grove\n.I COMMAND\n.RI [ OPTION ...]\n.I FILES\n");
    printf(".br\n.B grove\n.BR \\-\\-help | \\-\\-version\n");
    printf(".SH DESCRIPTION\n");
    put_line("Tables go in as CSV, a model and an honest report come out. Results go to standard "
             "output, all else to standard error. An option may stand as --opt=value or --opt "
             "value, before or behind the files, and may be cut short where no other begins so; "
             "behind -- only files follow. As a table, - is standard input.");
    printf(".SH COMMANDS\n");
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf(".TP\n.BI \"grove %s \" \"", c->name);
        put_text(c->files);
        printf("\"\n");
        put_sentence(c->summary);
        printf("See\n.BR grove\\-%s (1).\n", c->name);
    }
    put_exit_codes();
    put_environment();
    printf(".SH FILES\n");
    put_line("What is read and written is named in the command, and nothing else is: there are no "
             "settings in a home folder. A model is one file, described in");
    printf(".BR grove\\-model (5).\nAn output is written whole or not at all.\n");
    printf(".SH EXAMPLES\n");
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        put_example(c->example);
    }
    put_see_also(NULL);
}

/* ---- grove-COMMAND(1) ------------------------------------------------------------------------ */

static void put_option(const option_row *row) {
    char help[OPTION_HELP_SIZE];
    printf(".TP\n");
    if (row->key) {
        printf(".BR \\-%c \", \" ", row->key);
    } else {
        printf(row->argument ? ".BI " : ".B ");
    }
    printf("\\-\\-");
    put_text(row->name);
    if (row->argument) {
        printf("= ");
        put_text(row->argument);
    }
    putchar('\n');
    put_line(option_help(help, row));
}

static void put_options(const command *c) {
    printf(".SH OPTIONS\n");
    for (int group = 0; group < OPTION_GROUPS; group++) {
        bool first = true;
        for (const option_row *row = option_table; row->name; row++) {
            if ((int)row->group == group && takes_option(c, row)) {
                if (first) {
                    printf(".SS %s\n", option_group_title(row->group));
                }
                first = false;
                put_option(row);
            }
        }
    }
}

void print_command_page(const char *version, const command *c) {
    put_title("grove", c->name, version);
    printf(".SH NAME\ngrove\\-%s \\- ", c->name);
    put_line(c->summary);
    printf(".SH SYNOPSIS\n.B grove %s\n.RI [ OPTION ...]\n.I ", c->name);
    put_line(c->files);
    printf(".SH DESCRIPTION\n");
    put_sentence(c->summary);
    if (c->more) {
        printf(".PP\n");
        put_line(c->more);
    }
    put_options(c);
    put_exit_codes();
    printf(".SH EXAMPLES\n");
    put_example(c->example);
    put_see_also(c);
}
