/* SPDX-License-Identifier: MIT
 *
 * completion.c - completions for bash, zsh and fish.
 */
#include <stdio.h>
#include <string.h>

#include "pages.h"

static void print_words(const option_row *row) {
    const char *blank = "";
    for (const char *const *word = row->words; word && *word; word++) {
        printf("%s%s", blank, *word);
        blank = " ";
    }
    if (row->word) {
        printf("%s%s", blank, row->word);
    }
}

static bool wants_columns(const option_row *row) {
    return row->kind == OPTION_COLUMN || row->kind == OPTION_COLUMNS;
}

/* ---- bash ------------------------------------------------------------------------------------ */

/* What may stand behind an option: words, files, or nothing that we know. */
static void print_bash_values(const command *c) {
    for (const option_row *row = option_table; row->name; row++) {
        if (!takes_option(c, row) || !row->argument) {
            continue;
        }
        printf("    %s:--%s) ", c->name, row->name);
        if (row->words || row->word) {
            printf("words='");
            print_words(row);
            printf("' ;;\n");
        } else if (row->kind == OPTION_FILE) {
            printf("files=yes ;;\n");
        } else if (wants_columns(row)) {
            printf("columns=yes ;;\n");
        } else {
            printf("return ;;\n");
        }
    }
}

static void print_bash_options(void) {
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("    %s) words='", c->name);
        for (const option_row *row = option_table; row->name; row++) {
            if (takes_option(c, row)) {
                printf("--%s%s ", row->name, row->argument ? "=" : "");
            }
        }
        printf("' ;;\n");
    }
}

/* bash cuts words at '=', so --opt=val comes as three. Names of columns are the cells of the first
 * line of the first file on the line, where it has no quotes. */
static const char bash_begin[] =
    "# Completion of grove for bash.\n"
    "_grove() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} before= words= files= columns= i word\n"
    "    local command=${COMP_WORDS[1]}\n"
    "    COMPREPLY=()\n";
static const char bash_middle[] = "    if [ \"$cur\" = = ]; then\n"
                                  "        cur= before=${COMP_WORDS[COMP_CWORD-1]}\n"
                                  "    elif [ \"${COMP_WORDS[COMP_CWORD-1]}\" = = ]; then\n"
                                  "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
                                  "    else\n"
                                  "        before=${COMP_WORDS[COMP_CWORD-1]}\n"
                                  "    fi\n"
                                  "    case $command:$before in\n";
static const char bash_options[] = "    *)\n"
                                   "        case $cur in\n"
                                   "        -*) case $command in\n";
static const char bash_end[] =
    "            esac ;;\n"
    "        *) files=yes ;;\n"
    "        esac ;;\n"
    "    esac\n"
    "    if [ \"$columns\" ]; then\n"
    "        for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "            word=${COMP_WORDS[i]}\n"
    "            if [ -f \"$word\" ]; then\n"
    "                IFS= read -r words <\"$word\"\n"
    "                break\n"
    "            fi\n"
    "        done\n"
    "        words=${words%$'\\r'}\n"
    "        case $words in *'\"'*) return ;; esac\n"
    "        local IFS=$'\\n'\n"
    "        words=${words//[,;$'\\t'|]/$'\\n'}\n"
    "        while IFS= read -r word; do\n"
    "            case $word in\n"
    "            '') ;;\n"
    "            \"$cur\"*) COMPREPLY+=(\"$(printf %q \"$word\")\") ;;\n"
    "            esac\n"
    "        done <<<\"$words\"\n"
    "        return\n"
    "    fi\n"
    "    if [ \"$files\" ]; then\n"
    "        local IFS=$'\\n'\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
    "        return\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "    case ${COMPREPLY[0]} in *=) compopt -o nospace 2>/dev/null ;; esac\n"
    "}\n"
    "complete -F _grove grove\n";

void print_bash_completion(void) {
    printf("%s    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '",
           bash_begin);
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("%s ", c->name);
    }
    printf("--help --version' -- \"$cur\"))\n        return\n    fi\n%s", bash_middle);
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        print_bash_values(c);
    }
    printf("%s", bash_options);
    print_bash_options();
    printf("%s", bash_end);
}

/* ---- zsh and fish ---------------------------------------------------------------------------- */

/* A text within single quotes; `special` are characters that want a backslash there. */
static void print_quoted(const char *text, const char *special) {
    for (; *text; text++) {
        if (*text == '\'') {
            printf("'\\''");
        } else {
            printf(*text == '\\' || strchr(special, *text) ? "\\%c" : "%c", *text);
        }
    }
}

/* The cells of the first line of the first file on the line, as in bash. */
static const char zsh_columns[] = "_grove_columns() {\n"
                                  "    local word line\n"
                                  "    for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
                                  "        if [[ -f ${(Q)word} ]]; then\n"
                                  "            IFS= read -r line <${(Q)word}\n"
                                  "            [[ $line == *\\\"* ]] && return 1\n"
                                  "            line=${${line%$'\\r'}//[;|$'\\t']/,}\n"
                                  "            compadd -- ${(s:,:)line}\n"
                                  "            return\n"
                                  "        fi\n"
                                  "    done\n"
                                  "    return 1\n"
                                  "}\n";
static const char fish_columns[] =
    "function __grove_columns\n"
    "    set -l words (commandline -opc)\n"
    "    set -q words[3]; or return\n"
    "    for word in $words[3..-1]\n"
    "        if test -f \"$word\"\n"
    "            read -l line <\"$word\"\n"
    "            string match -q '*\"*' -- $line; and return\n"
    "            set line (string replace -ra '[;|\\t]' , -- (string trim -rc \\r -- $line))\n"
    "            string match -v '' -- (string split , -- $line)\n"
    "            return\n"
    "        end\n"
    "    end\n"
    "end\n";

static void print_zsh_option(const option_row *row) {
    printf("            '--%s%s[", row->name, row->argument ? "=" : "");
    print_quoted(row->help, "[]:");
    printf("]");
    if (row->argument) {
        printf(":");
        print_quoted(row->argument, "[]:");
        printf(":");
        if (row->words || row->word) {
            printf("(");
            print_words(row);
            printf(")");
        } else if (row->kind == OPTION_FILE) {
            printf("_files");
        } else if (wants_columns(row)) {
            printf("_grove_columns");
        }
    }
    printf("' \\\n");
}

void print_zsh_completion(void) {
    printf("#compdef grove\n# Completion of grove for zsh.\n%s_grove() {\n    local -a commands\n"
           "    commands=(\n",
           zsh_columns);
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("        '%s:", c->name);
        print_quoted(c->summary, ":");
        printf("'\n");
    }
    printf("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
           "        return\n    fi\n    local command=$words[2]\n    shift words\n"
           "    (( CURRENT-- ))\n    case $command in\n");
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("        %s) _arguments \\\n", c->name);
        for (const option_row *row = option_table; row->name; row++) {
            if (takes_option(c, row)) {
                print_zsh_option(row);
            }
        }
        printf("            '*:file:_files' ;;\n");
    }
    printf("    esac\n}\n_grove \"$@\"\n");
}

void print_fish_completion(void) {
    printf("# Completion of grove for fish.\n%s", fish_columns);
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("complete -c grove -n __fish_use_subcommand -f -a %s -d '", c->name);
        print_quoted(c->summary, "");
        printf("'\n");
        for (const option_row *row = option_table; row->name; row++) {
            if (!takes_option(c, row)) {
                continue;
            }
            printf("complete -c grove -n '__fish_seen_subcommand_from %s' -l %s", c->name,
                   row->name);
            if (row->key) {
                printf(" -s %c", row->key);
            }
            if (row->words || row->word) {
                printf(" -x -a '");
                print_words(row);
                printf("'");
            } else if (wants_columns(row)) {
                printf(" -x -a '(__grove_columns)'");
            } else if (row->argument) {
                printf(row->kind == OPTION_FILE ? " -r -F" : " -x");
            }
            printf(" -d '");
            print_quoted(row->help, "");
            printf("'\n");
        }
    }
}
