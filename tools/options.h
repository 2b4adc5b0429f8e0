/* SPDX-License-Identifier: MIT
 *
 * options.h - the options of all commands, and the commands.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, the same for every command. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_RUN_TIME = 1, /* memory is short, the output cannot be written */
    EXIT_USAGE = 2,
    EXIT_BAD_DATA = 3,  /* the data file: cannot be read, or not what it should be */
    EXIT_BAD_MODEL = 4, /* the model file: likewise */
    EXIT_MISSED = 5     /* a demanded result was missed: a gradient is wrong */
};

enum progress_kind { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_NONE };

/* Of the options in commands.c; those without a short form have keys beyond all characters. */
enum key {
    KEY_LABEL = 256,
    KEY_OUT,
    KEY_VALID,
    KEY_VALID_FRACTION,
    KEY_EPOCHS,
    KEY_BATCH,
    KEY_HIDDEN,
    KEY_EMBEDDING_DIM,
    KEY_OPTIMIZER,
    KEY_RATE,
    KEY_DROPOUT,
    KEY_WEIGHT_DECAY,
    KEY_UNKNOWN_SHARE,
    KEY_PATIENCE,
    KEY_MIN_COUNT,
    KEY_SEED,
    KEY_THREADS,
    KEY_CHECK_FINITE,
    KEY_JSON,
    KEY_PROFILE,
    KEY_FULL,
    KEY_CATEGORICAL,
    KEY_NUMERIC,
    KEY_IGNORE,
    KEY_PROGRESS,
    KEY_SEPARATOR,
    KEY_COMMENT,
    KEY_SKIP,
    KEY_DECIMAL,
    KEY_NO_HEADER,
    KEY_TRIM,
    KEY_ROWS,
    KEY_SAMPLES,
    KEY_TOLERANCE,
    KEY_STEP,
    KEY_TRAINING,
    KEY_COLUMN,
    KEY_FORMAT,
    KEY_TOP,
    KEY_LAYER,
    KEY_USAGE
};

/* A list of names or sizes, "a,b,c". */
typedef struct names {
    const char **items;
    size_t count;
} names;

/* Cuts the next name off *text, which becomes NULL behind the last one. A name in quotes may hold
 * commas, and quotes written twice. NULL where there is none. */
char *next_name(char **text);

bool is_same_file(const char *a, const char *b);
/* Would a plan take what the environment says of threads? 0: as many as it says. */
bool plan_takes_threads(int threads);

typedef struct options {
    const char *files[3];
    int file_count;
    const char *label, *out, *valid, *optimizer;
    double valid_fraction, rate, dropout, unknown_share;
    double weight_decay; /* below 0: not given */
    long epochs, batch, embedding_dim, seed, threads, patience, min_count;
    int64_t hidden[16];
    int hidden_count;
    names categorical, numeric, ignore;
    enum progress_kind progress;
    bool json, trim, no_header, check_finite, profile, full;
    char separator; /* 0: guessed */
    char comment;   /* 0: none */
    char decimal;
    long skip;
    long rows, samples;     /* of gradcheck; samples below 0: all */
    double tolerance, step; /* likewise; 0: derived */
    bool training;
    long top;                            /* of nearest */
    const char *column, *layer, *format; /* of embed; NULL: not given */
} options;

typedef struct command {
    const char *name;
    const char *files; /* "DATA.csv" */
    int min_files, max_files;
    const char *summary; /* one line */
    const char *more;    /* examples, after the options */
    const void *table;   /* struct argp_option [] */
    int (*run)(const options *o);
} command;

extern const command commands[]; /* ends with a name of NULL */

/* Fills in the options of a command, its defaults first. On a mistake prints one line and "try
 * --help" to stderr and ends the program with EXIT_USAGE; --help prints to stdout and ends it with
 * EXIT_DONE. Lists live as long as the program. */
void parse_options(const command *command, int argc, char **argv, options *o);

int run_train(const options *o);
int run_evaluate(const options *o);
int run_predict(const options *o);
int run_inspect(const options *o);
int run_gradcheck(const options *o);
int run_embed(const options *o);
int run_nearest(const options *o);
int run_transform(const options *o);

#endif
