/* SPDX-License-Identifier: MIT
 *
 * options.c - reading the options of a command; parser and --help both come from the tables of
 * commands.c (argp).
 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* All of these end the program through argp_error, which prints "try --help". */

static long whole(struct argp_state *state, const char *option, const char *text, long least,
                  long most) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) {
        argp_error(state, "--%s takes a whole number from %ld to %ld, not '%s'", option, least,
                   most, text);
    }
    return value;
}

static double number(struct argp_state *state, const char *option, const char *text, double least,
                     double most) {
    double value = 0;
    bool good = grove_parse_number(text, strlen(text), &value) && value >= least && value <= most;
    if (!good) {
        char low[32], high[32];
        argp_error(state, "--%s takes a number from %s to %s, not '%s'", option,
                   grove_format_number(low, least), grove_format_number(high, most), text);
    }
    return value;
}

static void *must_have(struct argp_state *state, void *memory) {
    if (!memory) {
        argp_failure(state, EXIT_RUN_TIME, 0, "out of memory");
    }
    return memory;
}

/* Adds to the list: an option that is given twice counts twice. */
static void list(struct argp_state *state, const char *option, const char *text, names *to) {
    size_t most = to->count + strlen(text) + 1;
    char *rest = must_have(state, strdup(text));
    to->items = must_have(state, realloc(to->items, most * sizeof *to->items));
    to->items[to->count] = rest; /* held from here on: argp_error ends the program */
    while (rest) {
        char *name = next_name(&rest);
        if (!name) {
            argp_error(state, "--%s takes names of columns, separated by commas, not '%s'", option,
                       text);
        }
        to->items[to->count++] = name;
    }
}

static void sizes(struct argp_state *state, const char *text, options *o) {
    o->hidden_count = 0;
    if (strcmp(text, "none") == 0) {
        return;
    }
    for (const char *next = text; next;) {
        char one[24];
        size_t length = strcspn(next, ","), most = sizeof o->hidden / sizeof *o->hidden;
        snprintf(one, sizeof one, "%.*s", (int)(length < sizeof one ? length : sizeof one), next);
        if ((size_t)o->hidden_count == most) {
            argp_error(state, "--hidden takes at most %zu layers, not '%s'", most, text);
        }
        o->hidden[o->hidden_count++] = whole(state, "hidden", one, 1, 1 << 20);
        next = next[length] ? next + length + 1 : NULL;
    }
}

static int choice(struct argp_state *state, const char *option, const char *text,
                  const char *const *words) {
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    char all[128] = "";
    for (int i = 0; words[i]; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
    }
    argp_error(state, "--%s takes one of %s, not '%s'", option, all, text);
    return 0;
}

static char one_character(struct argp_state *state, const char *option, const char *text) {
    if (strlen(text) != 1 || strchr("\"\r\n", text[0])) {
        argp_error(state, "--%s takes one character, and no quote, not '%s'", option, text);
    }
    return text[0];
}

/* 0: to be guessed. */
static char separator(struct argp_state *state, const char *text) {
    if (strcmp(text, "auto") == 0) {
        return '\0';
    }
    bool tab = strcmp(text, "\\t") == 0 || strcmp(text, "tab") == 0;
    if (!tab && (strlen(text) != 1 || strchr("\"\r\n", text[0]))) {
        argp_error(state, "--separator takes one character, or auto, not '%s'", text);
    }
    return tab ? '\t' : text[0];
}

/* ---- the parser ------------------------------------------------------------------------------ */

typedef struct parse {
    const command *command;
    options *o;
} parse;

static const char *const optimizers[] = {"adam", "adamw", "sgd", "adagrad", NULL};
static const char *const decimals[] = {".", ",", NULL};
static const char *const formats[] = {"word2vec", "tsv", "npy", "csv", NULL};
static const char *const progresses[] = {"auto", "bar", "lines", "none", NULL};

static bool set_input(struct argp_state *state, int key, char *text, options *o) {
    switch (key) {
    case KEY_LABEL:
        o->label = text;
        return true;
    case KEY_VALID:
        o->valid = text;
        return true;
    case KEY_VALID_FRACTION:
        o->valid_fraction = number(state, "valid-fraction", text, 0, 0.9);
        return true;
    case KEY_CATEGORICAL:
        list(state, "categorical", text, &o->categorical);
        return true;
    case KEY_NUMERIC:
        list(state, "numeric", text, &o->numeric);
        return true;
    case KEY_IGNORE:
        list(state, "ignore", text, &o->ignore);
        return true;
    case KEY_MIN_COUNT:
        o->min_count = whole(state, "min-count", text, 1, 1000000000);
        return true;
    case KEY_SEPARATOR:
        o->separator = separator(state, text);
        return true;
    case KEY_COMMENT:
        o->comment = one_character(state, "comment", text);
        return true;
    case KEY_SKIP:
        o->skip = whole(state, "skip", text, 0, 1000000000);
        return true;
    case KEY_DECIMAL:
        o->decimal = ".,"[choice(state, "decimal", text, decimals)];
        return true;
    case KEY_NO_HEADER:
        return o->no_header = true;
    case KEY_TRIM:
        return o->trim = true;
    default:
        return false;
    }
}

static bool set_training(struct argp_state *state, int key, char *text, options *o) {
    switch (key) {
    case KEY_HIDDEN:
        sizes(state, text, o);
        return true;
    case KEY_EMBEDDING_DIM:
        o->embedding_dim =
            strcmp(text, "auto") == 0 ? 0 : whole(state, "embedding-dim", text, 1, 4096);
        return true;
    case KEY_DROPOUT:
        o->dropout = number(state, "dropout", text, 0, 0.99);
        return true;
    case KEY_EPOCHS:
        o->epochs = whole(state, "epochs", text, 1, 1000000);
        return true;
    case KEY_PATIENCE:
        o->patience = whole(state, "patience", text, 1, 1000000);
        return true;
    case KEY_BATCH:
        o->batch = whole(state, "batch", text, 1, 1 << 24);
        return true;
    case KEY_OPTIMIZER:
        o->optimizer = optimizers[choice(state, "optimizer", text, optimizers)];
        return true;
    case KEY_RATE:
        o->rate = number(state, "rate", text, 1e-12, 1000);
        return true;
    case KEY_WEIGHT_DECAY:
        o->weight_decay = number(state, "weight-decay", text, 0, 1000);
        return true;
    case KEY_UNKNOWN_SHARE:
        o->unknown_share = number(state, "unknown-share", text, 0, 0.9);
        return true;
    default:
        return false;
    }
}

static bool set_check(struct argp_state *state, int key, char *text, options *o) {
    switch (key) {
    case KEY_ROWS:
        o->rows = whole(state, "rows", text, 1, 1 << 20);
        return true;
    case KEY_SAMPLES:
        o->samples = strcmp(text, "all") == 0 ? -1 : whole(state, "samples", text, 1, 1 << 30);
        return true;
    case KEY_TOLERANCE:
        o->tolerance = number(state, "tolerance", text, 1e-15, 1);
        return true;
    case KEY_STEP:
        o->step = number(state, "step", text, 1e-12, 1000);
        return true;
    case KEY_TRAINING:
        return o->training = true;
    case KEY_COLUMN:
    case KEY_LAYER:
        *(key == KEY_COLUMN ? &o->column : &o->layer) = text;
        return true;
    case KEY_FORMAT:
        o->format = formats[choice(state, "format", text, formats)];
        return true;
    case KEY_TOP:
        o->top = whole(state, "top", text, 1, 1000000);
        return true;
    default:
        return false;
    }
}

static bool set_rest(struct argp_state *state, int key, char *text, options *o) {
    switch (key) {
    case KEY_SEED:
        o->seed = whole(state, "seed", text, 0, INT32_MAX);
        return true;
    case KEY_THREADS:
        o->threads = whole(state, "threads", text, 1, 1024);
        return true;
    case KEY_CHECK_FINITE:
        return o->check_finite = true;
    case KEY_OUT:
        o->out = text;
        return true;
    case KEY_JSON:
        return o->json = true;
    case KEY_PROFILE:
        return o->profile = true;
    case KEY_FULL:
        return o->full = true;
    case KEY_PROGRESS:
        o->progress = (enum progress_kind)choice(state, "progress", text, progresses);
        return true;
    case 'q':
        o->progress = PROGRESS_NONE;
        return true;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP); /* ends the program with 0 */
        return true;
    case KEY_USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return true;
    default:
        return false;
    }
}

static void check_train(struct argp_state *state, options *o) {
    if (!o->label) {
        argp_error(state, "--label COLUMN is missing: which column is to be predicted?");
    }
    if (!o->out) {
        argp_error(state, "--out MODEL is missing: where is the model to be written?");
    } else if (strcmp(o->out, "-") == 0 || strcmp(o->out, "/dev/stdout") == 0) {
        argp_error(state, "--out must name a file: standard output is for the report");
    }
    if (o->valid && o->valid_fraction >= 0) {
        argp_error(state, "--valid and --valid-fraction exclude each other: one of them says which "
                          "rows to validate on");
    }
    if (o->valid && strcmp(o->valid, "-") == 0 && strcmp(o->files[0], "-") == 0) {
        argp_error(state, "standard input cannot be both the data and the rows of --valid");
    }
    if (o->profile && o->check_finite) {
        argp_error(state,
                   "--profile and --check-finite exclude each other: the time of looking for "
                   "bad numbers would be counted as that of the ops");
    }
    o->valid_fraction = o->valid_fraction < 0 ? 0.1 : o->valid_fraction;
}

/* Said at once, and with its value; a plan would refuse it later on. */
static void check_threads(struct argp_state *state, const options *o) {
    if (!plan_takes_threads(2)) {
        argp_error(state,
                   "GROVE_THREADS_FROM is '%s'; it must be a whole number, of the additions that "
                   "steps must be worth for threads to share them",
                   getenv("GROVE_THREADS_FROM"));
    }
    if (o->threads == 0 && !plan_takes_threads(0)) {
        argp_error(state,
                   "GROVE_NUM_THREADS is '%s'; it must be a whole number from 1 to 1024, or "
                   "--threads say how many",
                   getenv("GROVE_NUM_THREADS"));
    }
}

static void check_all(struct argp_state *state, const command *c, options *o) {
    if (o->file_count < c->min_files) {
        argp_error(state, "an argument is missing: grove %s %s", c->name, c->files);
    }
    if (o->comment && o->comment == o->separator) {
        argp_error(state, "--comment and --separator cannot be the same character");
    }
    if (o->decimal && o->decimal == o->separator) {
        argp_error(state, "--decimal and --separator cannot be the same character");
    }
    if (c->run == run_train) {
        check_train(state, o);
    }
    bool one_thread = c->run == run_inspect || c->run == run_nearest || c->run == run_transform;
    if (!one_thread) {
        check_threads(state, o);
    }
    for (int i = 0; o->out && i <= o->file_count; i++) {
        const char *input = i < o->file_count ? o->files[i] : o->valid;
        if (input && is_same_file(o->out, input)) {
            argp_error(state, "--out '%s' would write over '%s', which is read", o->out, input);
        }
    }
}

static error_t parse_one(int key, char *text, struct argp_state *state) {
    parse *p = state->input;
    if (key == ARGP_KEY_ARG) {
        if (p->o->file_count >= p->command->max_files) {
            argp_error(state, "'%s' is one argument too many: grove %s %s", text, p->command->name,
                       p->command->files);
        }
        p->o->files[p->o->file_count++] = text;
        return 0;
    }
    if (key == ARGP_KEY_END) {
        check_all(state, p->command, p->o);
        return 0;
    }
    bool known = set_input(state, key, text, p->o) || set_training(state, key, text, p->o) ||
                 set_check(state, key, text, p->o) || set_rest(state, key, text, p->o);
    return known ? 0 : ARGP_ERR_UNKNOWN;
}

void parse_options(const command *command, int argc, char **argv, options *o) {
    char doc[512], name[64];
    parse p = {.command = command, .o = o};
    *o = (options){.valid_fraction = -1,
                   .weight_decay = -1,
                   .epochs = 30,
                   .patience = 5,
                   .batch = 256,
                   .hidden = {128, 64},
                   .hidden_count = 2,
                   .dropout = 0.1,
                   .unknown_share = 0.01,
                   .optimizer = "adam",
                   .seed = 1,
                   .rows = 16,
                   .samples = 100,
                   .top = 10};
    snprintf(doc, sizeof doc, "%s.\v%s\n", command->summary, command->more);
    snprintf(name, sizeof name, "grove %s", command->name);
    struct argp argp = {
        .options = command->table, .parser = parse_one, .args_doc = command->files, .doc = doc};
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = name;
    if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &p) != 0) {
        fprintf(stderr, "%s: out of memory\n", name);
        exit(EXIT_RUN_TIME);
    }
}
