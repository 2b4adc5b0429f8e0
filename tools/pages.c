/* SPDX-License-Identifier: MIT
 *
 * pages - prints manual pages and completions; run when grove is built, on the building machine,
 * and not installed.
 *
 *     pages VERSION man | man:COMMAND | bash | zsh | fish
 */
#include "pages.h"

#include <stdio.h>
#include <string.h>

static bool print_page(const char *version, const char *what) {
    const struct {
        const char *shell;
        void (*print)(void);
    } completions[] = {{"bash", print_bash_completion},
                       {"zsh", print_zsh_completion},
                       {"fish", print_fish_completion}};
    if (strcmp(what, "man") == 0) {
        print_overview_page(version);
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(what, completions[i].shell) == 0) {
            completions[i].print();
            return true;
        }
    }
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        if (strncmp(what, "man:", 4) == 0 && strcmp(what + 4, c->name) == 0) {
            print_command_page(version, c);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv) {
    if (argc != 3 || !print_page(argv[1], argv[2])) {
        fprintf(stderr, "pages VERSION man | man:COMMAND | bash | zsh | fish\n");
        return EXIT_USAGE;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_RUN_TIME;
}
