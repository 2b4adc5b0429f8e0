/* SPDX-License-Identifier: MIT
 *
 * option_rules.c - what must be there, and what cannot stand beside what.
 */
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "require.h"
#include "schema_file.h"
#include "splits.h"
#include "stream.h"

static bool is(const command *c, enum command_id id) {
    return c == &commands[id];
}

/* A schema may name the label; whether it does shows when it is read. */
static bool says_file(const options *o, const option_row *row) {
    return o->schema && strcmp(row->name, "label") == 0;
}

static void check_wanted(const command *c, const options *o) {
    for (const option_row *row = option_table; row->name; row++) {
        if (takes_option(c, row) && row->wanted && !says_file(o, row) &&
            !*(const char *const *)((const char *)o + row->field)) {
            usage_error(c, "--%s %s is missing: %s", row->name, row->argument, row->wanted);
        }
    }
}

static void check_model_out(const command *c, const options *o) {
    if (strcmp(o->out, "-") == 0 || strcmp(o->out, "/dev/stdout") == 0) {
        usage_error(c, "--out must name a file: standard output is for the report");
    }
}

static void check_train(const command *c, options *o) {
    check_model_out(c, o);
    if (o->valid && o->valid_fraction >= 0) {
        usage_error(c, "--valid and --valid-fraction exclude each other: one of them says which "
                       "rows to validate on");
    }
    if (o->valid && strcmp(o->valid, "-") == 0 && strcmp(o->files[0], "-") == 0) {
        usage_error(c, "standard input cannot be both the data and the rows of --valid");
    }
    if ((o->stream || o->cache) && stream_obstacle(o)) {
        usage_error(c, "%s needs the table whole: it does not go with --stream and --cache",
                    stream_obstacle(o));
    }
    if (o->profile && o->check_finite) {
        usage_error(c, "--profile and --check-finite exclude each other: the time of looking for "
                       "bad numbers would be counted as that of the ops");
    }
}

/* Of a search, and of models to be joined, nothing is kept to go on from. */
static void check_effort(const command *c, const options *o) {
    const bool several = o->members > 1 || (o->members == 0 && strcmp(o->effort, "high") == 0);
    const char *wish = o->resume                  ? "--resume"
                       : o->checkpoint            ? "--checkpoint"
                       : o->keep_checkpoint       ? "--keep-checkpoint"
                       : o->checkpoint_every >= 0 ? "--checkpoint-every"
                                                  : NULL;
    if (several && is(c, COMMAND_TRAIN) && wish) {
        usage_error(c,
                    "%s goes with one model: the training of several to be joined (--members, "
                    "--effort high) has no checkpoints",
                    wish);
    }
    if (several && o->profile) {
        usage_error(c,
                    "--profile tells of one model: not together with --members or --effort high");
    }
    if (strcmp(o->effort, "low") != 0 && o->valid_fraction == 0 && !o->valid) {
        usage_error(c,
                    "--effort %s tries settings on the rows for validation; --valid-fraction 0 "
                    "leaves none",
                    o->effort);
    }
}

static void check_bayesian(const command *c, const options *o) {
    const bool other = strcmp(o->architecture, "auto") != 0 && strcmp(o->architecture, "mlp") != 0;
    const char *wish = o->members > 1                    ? "--members"
                       : strcmp(o->effort, "low") != 0   ? "--effort medium or high"
                       : other                           ? "another --architecture than mlp"
                       : strcmp(o->crosses, "auto") != 0 ? "--crosses"
                       : o->stream || o->cache           ? "--stream and --cache"
                       : o->boost > 0                    ? "--boost"
                                                         : NULL;
    if (o->bayesian && wish) {
        usage_error(c, "--bayesian does not go with %s", wish);
    }
}

static void check_architecture(const command *c, const options *o) {
    const bool crosses = strcmp(o->crosses, "auto") != 0 && strcmp(o->crosses, "none") != 0;
    const bool other =
        strcmp(o->architecture, "auto") != 0 && strcmp(o->architecture, "wide-deep") != 0;
    if (crosses && other) {
        usage_error(c, "--crosses go with --architecture wide-deep, not with %s", o->architecture);
    }
}

/* Its training is another one, of which there is less. */
static void check_boost(const command *c, const options *o) {
    const bool other = strcmp(o->architecture, "auto") != 0 && strcmp(o->architecture, "mlp") != 0;
    const bool several = o->members > 1 || strcmp(o->effort, "low") != 0;
    const char *wish = several                    ? "--members and --effort"
                       : other                    ? "--architecture"
                       : o->stream || o->cache    ? "--stream and --cache"
                       : o->max_memory > 0        ? "--max-memory"
                       : o->resume                ? "--resume"
                       : o->checkpoint            ? "--checkpoint"
                       : o->keep_checkpoint       ? "--keep-checkpoint"
                       : o->checkpoint_every >= 0 ? "--checkpoint-every"
                       : o->profile               ? "--profile"
                                                  : NULL;
    if (wish && o->boost > 0) {
        usage_error(c,
                    "%s %s not go with --boost: that is one model of weak ones, each an mlp, "
                    "trained at once and in memory",
                    wish, strstr(wish, " and ") ? "do" : "does");
    }
}

static void check_softmax(const command *c, const options *o) {
    if (strcmp(o->softmax, "full") != 0 && (o->bayesian || o->boost > 0)) {
        usage_error(c, "--softmax %s is of one plain network: not together with --%s", o->softmax,
                    o->bayesian ? "bayesian" : "boost");
    }
    if (strcmp(o->softmax, "full") != 0 && strcmp(o->architecture, "wide-deep") == 0) {
        usage_error(c,
                    "--softmax %s wants one last layer that makes all logits, and --architecture "
                    "wide-deep adds to them",
                    o->softmax);
    }
    if (strcmp(o->softmax, "full") != 0 && strcmp(o->architecture, "auto") == 0 &&
        strcmp(o->crosses, "auto") != 0 && strcmp(o->crosses, "none") != 0) {
        usage_error(c, "--crosses go with --architecture wide-deep, and that not with --softmax %s",
                    o->softmax);
    }
}

/* Either forms of a column's table are compared, or losses of the label. */
static void check_compare(const command *c, const options *o) {
    static const char *const of_forms[] = {"column", "buckets", "hashes", "architecture",
                                           "crosses"};
    static const char *const of_losses[] = {"samples", "sampler"};
    if (!o->column && !o->compares_losses) {
        usage_error(c, "--column NAME is missing: which column's table is to take several forms? "
                       "(--softmax compares losses of the label)");
    }
    for (size_t i = 0; i < sizeof of_forms / sizeof *of_forms && o->compares_losses; i++) {
        if (option_is_given(o, of_forms[i])) {
            usage_error(c,
                        "--%s and --softmax exclude each other: losses of the label are "
                        "compared, in a plain network",
                        of_forms[i]);
        }
    }
    for (size_t i = 0; i < sizeof of_losses / sizeof *of_losses && !o->compares_losses; i++) {
        if (option_is_given(o, of_losses[i])) {
            usage_error(c, "--%s goes with --softmax", of_losses[i]);
        }
    }
}

static void check_predict(const command *c, const options *o) {
    if (o->top_classes > 0 && o->uncertainty) {
        usage_error(c, "--top and --uncertainty exclude each other: an entropy is of all classes");
    }
}

static void check_refit(const command *c, const options *o) {
    const char *why = o->valid                 ? "--valid has them in a file of their own"
                      : o->valid_fraction == 0 ? "--valid-fraction 0 leaves none"
                      : o->stream || o->cache  ? "rows that are streamed are trained on once"
                                               : NULL;
    if (strcmp(o->refit, "yes") == 0 && why) {
        usage_error(c, "--refit yes trains on the rows for validation, too, and %s", why);
    }
}

static void check_fits(const command *c, const options *o) {
    check_refit(c, o);
    check_softmax(c, o);
    if (o->huber_delta > 0 && (!o->loss || strcmp(o->loss, "huber") != 0)) {
        usage_error(c, "--huber-delta belongs to --loss huber");
    }
    if (o->label_split && strcmp(o->task, "auto") != 0 && strcmp(o->task, "multilabel") != 0) {
        usage_error(c,
                    "--label-split says that a row has several labels, --task %s that it has one",
                    o->task);
    }
    if (o->weight_column && strcmp(o->weight_column, o->label) == 0) {
        usage_error(c, "--weight-column and --label name the same column '%s'", o->label);
    }
}

static void check_split(const command *c, const options *o) {
    const char *mistake = split_mistake(o);
    if (mistake) {
        usage_error(c, "%s", mistake);
    }
    if (is(c, COMMAND_SPLIT) && !o->out_train != !o->out_valid) {
        usage_error(c, "--out-train and --out-valid belong together");
    }
    if (is(c, COMMAND_SPLIT) && !o->out_train && !o->split_out) {
        usage_error(c, "nothing would be written: --out-train A.csv --out-valid B.csv write the "
                       "parts, --split-out FILE which row is in which");
    }
}

static void check_require(const command *c, const options *o) {
    char words[DEMAND_SIZE];
    const char *mistake = demand_mistake(&o->require, words);
    if (mistake) {
        usage_error(c, "%s", mistake);
    }
}

/* No file is written that is read, and none twice. */
static void check_outputs(const command *c, const options *o) {
    static const char *const names[] = {"out",      "split-out",   "out-train",  "out-valid",
                                        "out-test", "predictions", "checkpoint", "log",
                                        "cache",    "schema"};
    const char *outputs[] = {o->out,        o->split_out,
                             o->out_train,  o->out_valid,
                             o->out_test,   o->predictions,
                             o->checkpoint, o->log,
                             o->cache,      is(c, COMMAND_INSPECT) ? o->schema : NULL};
    const int count = sizeof outputs / sizeof *outputs;
    for (int k = 0; k < count; k++) {
        for (int i = 0; outputs[k] && i <= o->file_count + 1; i++) {
            const char *input = i < o->file_count    ? o->files[i]
                                : i == o->file_count ? o->valid
                                : k + 1 < count      ? o->schema
                                                     : NULL;
            if (input && is_read_from(outputs[k], input)) {
                usage_error(c, "--%s '%s' would write over '%s', which is read", names[k],
                            outputs[k], input);
            }
        }
        for (int other = 0; outputs[k] && other < k; other++) {
            if (outputs[other] && (strcmp(outputs[other], outputs[k]) == 0 ||
                                   is_same_file(outputs[other], outputs[k]))) {
                usage_error(c, "--%s and --%s would write the same file '%s'", names[other],
                            names[k], outputs[k]);
            }
        }
    }
}

static void check_nearest(const command *c, const options *o) {
    if (!o->layer && option_of_tables(o)) {
        usage_error(c, "--%s says how a table is read, and only --layer reads one",
                    option_of_tables(o));
    }
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static void check_embed(const command *c, options *o) {
    const char *format = o->format ? o->format : o->layer ? "csv" : "word2vec";
    const bool of_lines = !o->column && !o->layer && o->file_count == 2; /* the model shows it */
    if (!o->column == !o->layer && !of_lines) {
        usage_error(c, "either --column NAME or --layer NAME says what vectors are wanted");
    } else if (o->layer && o->file_count < 2) {
        usage_error(c, "--layer needs a table: grove embed MODEL DATA.csv --layer NAME");
    } else if (o->column && o->file_count > 1) {
        usage_error(c, "the vectors of a column lie in the model: --column takes no DATA.csv");
    } else if (o->column && option_of_tables(o)) {
        usage_error(c, "--%s says how a table is read, and --column takes vectors out of the model",
                    option_of_tables(o));
    } else if (o->column && !is_one_of(format, "word2vec", "tsv", "npy")) {
        usage_error(c, "the vectors of a column are written as --format word2vec, tsv or npy");
    } else if (o->layer && !is_one_of(format, "csv", "csv", "npy")) {
        usage_error(c, "the vectors of rows are written as --format csv or npy");
    } else if (strcmp(format, "tsv") == 0 && (!o->out || strcmp(o->out, "-") == 0)) {
        usage_error(c, "--format tsv needs --out FOLDER: it writes vectors.tsv and metadata.tsv "
                       "there");
    }
    o->format = format;
}

/* Said at once, and with its value; a plan would refuse it later on. */
static void check_threads(const command *c, const options *o) {
    if (!plan_takes_threads(2)) {
        usage_error(c,
                    "GROVE_THREADS_FROM is '%s'; it must be a whole number, of the additions that "
                    "steps must be worth for threads to share them",
                    getenv("GROVE_THREADS_FROM"));
    }
    if (o->threads == 0 && !plan_takes_threads(0)) {
        usage_error(c,
                    "GROVE_NUM_THREADS is '%s'; it must be a whole number from 1 to 1024, or "
                    "--threads say how many",
                    getenv("GROVE_NUM_THREADS"));
    }
}

/* What the file says stands in the options then. */
static void take_schema(const command *c, options *o) {
    int code = o->schema ? read_schema_file(c->name, o) : EXIT_DONE;
    if (code != EXIT_DONE) {
        exit(code);
    }
    if (o->schema && !o->label) {
        usage_error(c,
                    "the schema '%s' has no column of the type label: --label says which column "
                    "is to be predicted",
                    o->schema);
    }
}

static void check_table(const command *c, const options *o) {
    if (o->comment && o->comment == o->separator) {
        usage_error(c, "--comment and --separator cannot be the same character");
    }
    if (o->decimal && *o->decimal == o->separator) {
        usage_error(c, "--decimal and --separator cannot be the same character");
    }
    const char *data = o->file_count > 0 ? o->files[o->file_count - 1] : NULL;
    bool of_csv = o->comment || o->separator || o->skip > 0 || o->no_header || o->trim ||
                  (o->decimal && *o->decimal != '.');
    if (of_csv && is_database(data) && (!o->valid || is_database(o->valid))) {
        usage_error(c, "--separator, --comment, --skip, --decimal, --no-header and --trim are for "
                       "files of CSV; a query says how a database is read");
    }
}

void check_options(const command *c, options *o) {
    if (o->file_count < c->min_files) {
        usage_error(c, "an argument is missing: grove %s %s", c->name, c->files);
    }
    check_table(c, o);
    check_wanted(c, o);
    if (is(c, COMMAND_TRAIN)) {
        check_train(c, o);
    } else if (is(c, COMMAND_CALIBRATE) || is(c, COMMAND_AUTOENCODER)) {
        check_model_out(c, o);
    } else if (is(c, COMMAND_NEAREST)) {
        check_nearest(c, o);
    } else if (is(c, COMMAND_EMBED)) {
        check_embed(c, o);
    }
    if (is(c, COMMAND_PREDICT)) {
        check_predict(c, o);
    }
    if (is(c, COMMAND_COMPARE)) {
        check_compare(c, o);
        check_architecture(c, o);
    }
    if (is(c, COMMAND_TRAIN) || is(c, COMMAND_CV)) {
        check_architecture(c, o);
        check_effort(c, o);
        check_boost(c, o);
        check_bayesian(c, o);
        check_fits(c, o);
    }
    check_idle(c, o);
    check_split(c, o);
    check_require(c, o);
    if (find_option(c, "threads", strlen("threads"))) {
        check_threads(c, o);
    }
    check_outputs(c, o);
    if (is(c, COMMAND_TRAIN) || is(c, COMMAND_CV) || is(c, COMMAND_COMPARE)) {
        take_schema(c, o);
    }
    o->valid_fraction = o->valid_fraction < 0 ? 0.1 : o->valid_fraction;
}
