/* SPDX-License-Identifier: MIT
 *
 * grove - train classifiers on tables with categorical columns, from the shell.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "suggest.h"

static int (*const run[COMMANDS])(const options *o) = {
    [COMMAND_TRAIN] = run_train,         [COMMAND_EVALUATE] = run_evaluate,
    [COMMAND_PREDICT] = run_predict,     [COMMAND_INSPECT] = run_inspect,
    [COMMAND_GRADCHECK] = run_gradcheck, [COMMAND_EMBED] = run_embed,
    [COMMAND_NEAREST] = run_nearest,     [COMMAND_TRANSFORM] = run_transform,
    [COMMAND_SPLIT] = run_split,         [COMMAND_CV] = run_cv,
    [COMMAND_REPORT] = run_report,       [COMMAND_CALIBRATE] = run_calibrate,
    [COMMAND_COMPARE] = run_compare,     [COMMAND_LANGUAGE] = run_language,
    [COMMAND_GENERATE] = run_generate,   [COMMAND_AUTOENCODER] = run_autoencoder,
};

static void print_overview(void) {
    printf("Usage: grove COMMAND [OPTIONS] FILES\n"
           "Trains classifiers on tables with categorical columns: CSV in, a model and an honest "
           "report out.\n\nCommands:\n");
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        printf("  %-11s %-18s %s\n", c->name, c->files, c->summary);
    }
    printf(
        "\nOptions:\n"
        "  -h, --help     show this; grove COMMAND --help shows the options of a command\n"
        "  --version      show the version and what it was built with\n"
        "\nResults go to standard output, all else to standard error. Exit codes: 0 done, 1 out "
        "of\n"
        "memory or the output cannot be written, 2 wrong usage, 3 the data file cannot be read or\n"
        "used, 4 the model file cannot be read or used, 5 a demanded result was missed (evaluate\n"
        "--require) or a gradient is wrong (gradcheck), 130 stopped by Ctrl-C with a checkpoint\n"
        "written (train; 128 + the signal's number for others).\n"
        "\nExample:\n"
        "  grove train trees.csv --label group --out trees.safetensors\n"
        "  grove evaluate trees.safetensors test.csv\n"
        "  grove predict trees.safetensors new.csv --out answers.csv\n");
}

static void print_version(void) {
    const char *numbers = sizeof(grove_real) == sizeof(double) ? "double" : "float";
    printf("grove %s\ncompiler: %s\nBLAS: %s\ninstructions: %s\nnumbers: %s\n", grove_version(),
#if defined(__clang__)
           "clang " __clang_version__,
#elif defined(__GNUC__)
           "gcc " __VERSION__,
#else
           "unknown",
#endif
           GROVE_BLAS, grove_level_name(), numbers);
}

static const command *find_command(const char *name) {
    for (const command *c = commands; c < commands + COMMANDS; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

/* Whoever starts us with a standard stream closed would find our files in its place: the report
 * would be written into the model. What cannot be read or written takes the place instead. */
static bool hold_standard_streams(void) {
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
        bool open_already = fcntl(i, F_GETFD) >= 0;
        if (!open_already && open("/dev/null", i == STDIN_FILENO ? O_WRONLY : O_RDONLY) != i) {
            return false;
        }
    }
    return true;
}

/* What was printed has arrived, or the exit code says that it has not. */
static int finish(int code) {
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && code == EXIT_DONE) {
        fprintf(stderr, "grove: the result could not be written to standard output\n");
        code = EXIT_RUN_TIME;
    }
    return code;
}

static int refuse_command(const char *word) {
    char meant[SUGGESTION_SIZE];
    suggestion near = {.wanted = word};
    for (int i = 0; i < COMMANDS && *word != '-'; i++) {
        consider(&near, commands[i].name);
    }
    if (!*word) {
        fprintf(stderr, "grove: which command?\n");
    } else {
        fprintf(stderr, "grove: there is no %s '", *word == '-' ? "option" : "command");
        print_plain(stderr, word);
        fprintf(stderr, "'%s\n", in_words(meant, &near, ""));
    }
    fprintf(stderr, "Try 'grove --help' for more information.\n");
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    static options o; /* its lists are reachable to the end */
    const char *word = argc > 1 ? argv[1] : "";
    if (!hold_standard_streams()) {
        return EXIT_RUN_TIME;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_overview();
        return finish(EXIT_DONE);
    }
    if (strcmp(word, "--version") == 0) {
        print_version();
        return finish(EXIT_DONE);
    }
    const command *command = find_command(word);
    if (!command) {
        return refuse_command(word);
    }
    watch_json_memory();
    if (!parse_options(command, argc - 1, argv + 1, &o)) {
        return finish(EXIT_DONE);
    }
    o.program = argv[0];
    o.words = (const char *const *)argv + 2;
    o.word_count = argc - 2;
    return finish(run[command - commands](&o));
}
