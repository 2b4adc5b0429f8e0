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
    EXIT_MISSED = 5     /* a demanded result was missed; a gradient is wrong */
};

/* A list of names, "a,b,c". */
typedef struct names {
    const char **items;
    size_t count;
} names;

/* A list of sizes, "128,64". */
typedef struct sizes {
    int64_t items[16];
    int count;
} sizes;

/* Cuts the next name off *text, which becomes NULL behind the last one. A name in quotes may hold
 * commas, and quotes written twice. NULL where there is none. */
char *next_name(char **text);

bool is_same_file(const char *a, const char *b);
/* Is that the file which the table is read from? And is the table in a database? */
bool is_read_from(const char *file, const char *table);
bool is_database(const char *table);
/* Would a plan take what the environment says of threads? 0: as many as it says. */
bool plan_takes_threads(int threads);

enum { MOST_OPTIONS = 200 }; /* rows of option_table.c */

/* What was asked for: a field for each row of option_table.c, which says what may be in it. */
typedef struct options {
    const char *files[3];
    int file_count;
    const char *label, *out, *valid, *optimizer, *progress;
    double valid_fraction; /* below 0: not given */
    double word_dropout;
    double rate;                                                         /* 0: to be chosen */
    double dropout, table_dropout, unknown_share, weight_decay, average; /* below 0: likewise */
    long epochs, batch, embedding_dim, patience;                         /* 0: likewise */
    const char *architecture, *crosses;                                  /* "auto": likewise */
    const char *effort;
    long members;           /* 0: to be chosen */
    long boost;             /* stages; 0: there is no boosting */
    double boost_rate;      /* of each searched step, to 1 */
    long corrective_epochs; /* of each stage; 0: none; below: to be chosen */
    const char *refit;
    double time_limit;    /* seconds; 0: none */
    long cross_buckets;   /* 0: likewise */
    double cross_dropout; /* below 0: likewise */
    const char *numbers;  /* "auto": likewise */
    sizes hidden;         /* a count of -1: likewise */
    long seed, threads, min_count;
    names require; /* of evaluate: "accuracy>=0.9" */
    names categorical, numeric, ignore, na_values, bag, text;
    const char *schema;                 /* a file that is read, by inspect written; NULL: none */
    const struct schema_wishes *wishes; /* what it says, see schema_file.h */
    long max_vocab, hash_above;         /* 0: no limit, and nothing is hashed */
    long max_bad_rows;
    bool uncertainty; /* of predict */
    bool json, trim, no_header, check_finite, profile, full;
    char separator;   /* 0: guessed */
    char label_split; /* between several labels of a row; 0: not given */
    double threshold; /* of evaluate and predict; 0: not given */
    char comment;     /* 0: none */
    const char *decimal;
    long skip;
    long rows, samples;     /* of gradcheck; samples below 0: all */
    double tolerance, step; /* likewise; 0: derived */
    bool training;
    long top;                     /* of nearest */
    long top_classes;             /* of predict; 0: all */
    const char *checkpoint, *log; /* of train; NULL: not given */
    double checkpoint_every;      /* seconds; below 0: not given */
    bool resume, keep_checkpoint;
    bool stream;              /* of train */
    double max_memory;        /* bytes; 0: no limit */
    const char *cache;        /* NULL: not given */
    const char *program;      /* as it was called, and the words behind the command */
    const char *const *words; /* [word_count] */
    int word_count;
    const char *column, *layer, *format; /* of embed; NULL: not given */
    const char *split, *split_out;
    const char *out_train, *out_valid, *out_test; /* of split */
    const char *title;                            /* of report; NULL: not given */
    const char *baseline;                         /* of train: "logistic" or "none" */
    sizes buckets;                                /* of compare; none: chosen */
    long hashes;                                  /* likewise */
    const char *group, *predictions;              /* of cv */
    const char *weight_column, *class_weight;     /* NULL: not given */
    const char *task, *loss;                      /* loss NULL: not given */
    names unknown;                                /* of evaluate and predict */
    const char *softmax, *sampler;                /* of very many classes */
    bool compares_losses; /* --softmax of compare */
    sizes sample_counts;  /* --samples of compare; none: chosen */
    long drawn_classes;                           /* --samples of train and cv */
    double huber_delta;                           /* 0: not given */
    long folds, repeats;                          /* likewise */
    bool bayesian;                                /* of train */
    long draws;                                   /* likewise, with it */
    double prior, kl_weight, kl_warm_up;
    const char *units, *language_kind;            /* of language */
    long context, language_hidden, layers, heads; /* likewise; 0: chosen */
    long n, top_k, max_length, check_jobs;        /* of generate */
    double temperature, check_timeout;
    const char *prompt, *known, *check;
    bool no_cache;
    long code;      /* of autoencoder */
    double corrupt; /* likewise */
    bool given[MOST_OPTIONS]; /* by row of option_table.c: is it among the words? */
} options;

/* A new command is a word here, a row of commands.c and a line of grove.c. */
#define COMMAND_LIST(X)                                                                            \
    X(TRAIN)                                                                                       \
    X(EVALUATE)                                                                                    \
    X(PREDICT)                                                                                     \
    X(INSPECT)                                                                                     \
    X(GRADCHECK)                                                                                   \
    X(EMBED) X(NEAREST) X(TRANSFORM) X(SPLIT) X(CV) X(REPORT) X(CALIBRATE) X(COMPARE) X(LANGUAGE)  \
        X(GENERATE) X(AUTOENCODER)

enum command_id {
#define COMMAND_ID(word) COMMAND_##word,
    COMMAND_LIST(COMMAND_ID)
#undef COMMAND_ID
        COMMANDS
};

typedef struct command {
    const char *name;
    const char *files; /* "DATA.csv" */
    int min_files, max_files;
    const char *summary; /* one line */
    const char *more;    /* a paragraph, or NULL */
    const char *example; /* lines of a shell */
} command;

extern const command commands[COMMANDS];

/* Fills in the options of a command, its defaults first. On a mistake prints one line and "try
 * --help" to stderr and ends the program with EXIT_USAGE. False where help was asked for, and
 * printed to stdout. Lists live as long as the program. */
bool parse_options(const command *command, int argc, char **argv, options *o);

/* Prints "grove train: sentence" and "Try ..." to stderr, and ends the program with EXIT_USAGE. */
_Noreturn void usage_error(const command *command, const char *format, ...);

/* Ends the program where options contradict each other; fills in what hangs on others. */
void check_options(const command *command, options *o);

/* Is it among the words of the command? */
bool option_is_given(const options *o, const char *name);
/* The first option that is given of those that say how a table is read, or NULL. */
const char *option_of_tables(const options *o);
/* Ends the program where an option would say nothing beside the others. */
void check_idle(const command *command, const options *o);

/* Prints what --help shows, to stdout. */
void print_help(const command *command);

int run_train(const options *o);
int run_evaluate(const options *o);
int run_predict(const options *o);
int run_inspect(const options *o);
int run_gradcheck(const options *o);
int run_embed(const options *o);
int run_nearest(const options *o);
int run_transform(const options *o);
int run_split(const options *o);
int run_cv(const options *o);
int run_report(const options *o);
int run_calibrate(const options *o);
int run_compare(const options *o);
int run_language(const options *o);
int run_generate(const options *o);
int run_autoencoder(const options *o);

#endif
