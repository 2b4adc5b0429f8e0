/* SPDX-License-Identifier: MIT
 *
 * pages.h - what is made of the tables of commands and options when grove is built: manual pages
 * and completions for shells. Each prints to stdout.
 */
#ifndef TOOLS_PAGES_H
#define TOOLS_PAGES_H

#include "option_table.h"

void print_overview_page(const char *version);
void print_command_page(const char *version, const command *c);

void print_bash_completion(void);
void print_zsh_completion(void);
void print_fish_completion(void);

#endif
