/* SPDX-License-Identifier: MIT
 *
 * commands.c - the commands, and one table of options for each: what --help shows is what is read.
 */
#include <argp.h>
#include <stddef.h>

#include "grove/nn.h"
#include "options.h"

/* ---- the tables ------------------------------------------------------------------------------ */

#define GROUP(title, number)                                                                       \
    { .doc = title, .group = number }
#define OPTION(word, key_, argument, text)                                                         \
    { .name = word, .key = key_, .arg = argument, .doc = text }

#define READING                                                                                    \
    OPTION(                                                                                        \
        "separator", KEY_SEPARATOR, "CHAR|auto",                                                   \
        "what stands between cells; \\t is a tab (default: auto, the one of , ; tab and | that "   \
        "gives most of the first lines the same number of cells)"),                                \
        OPTION("comment", KEY_COMMENT, "CHAR",                                                     \
               "pass over lines that begin with it, outside quotes (default: none do)"),           \
        OPTION("skip", KEY_SKIP, "N", "pass over the first N lines (default: 0)"),                 \
        OPTION("decimal", KEY_DECIMAL, "CHAR",                                                     \
               "what stands before the fraction of numbers in the file, a point or a comma "       \
               "(default: .)"),                                                                    \
        OPTION("no-header", KEY_NO_HEADER, NULL,                                                   \
               "the first line is data; columns are called c1, c2..."),                            \
        OPTION("trim", KEY_TRIM, NULL, "drop blanks around cells (default: keep them)")

#define THREADS                                                                                    \
    OPTION("threads", KEY_THREADS, "N",                                                            \
           "threads that work; they change no result (default: what the environment variable "     \
           "GROVE_NUM_THREADS says, else 1); steps of less than a quarter of a millisecond stay "  \
           "on one, unless GROVE_THREADS_FROM, in additions, says otherwise")

#define COMMON                                                                                     \
    OPTION("help", 'h', NULL, "show this and end"), {                                              \
        .name = "usage", .key = KEY_USAGE, .flags = OPTION_HIDDEN                                  \
    }

static const struct argp_option train_options[] = {
    GROUP("Input:", 1),
    OPTION("label", KEY_LABEL, "COLUMN", "the column to predict (required)"),
    OPTION("valid", KEY_VALID, "FILE", "validate on these rows (default: a part of DATA)"),
    OPTION("valid-fraction", KEY_VALID_FRACTION, "P",
           "validate on this share of DATA, drawn class by class (default: 0.1)"),
    OPTION("categorical", KEY_CATEGORICAL, "A,B",
           "these columns are categories (default: guessed); a name with a comma stands in quotes"),
    OPTION("numeric", KEY_NUMERIC, "A,B", "these columns are numbers (default: guessed)"),
    OPTION("ignore", KEY_IGNORE, "A,B", "leave these columns out"),
    OPTION(
        "min-count", KEY_MIN_COUNT, "N",
        "values in fewer training rows are taken as unknown (default: 2, or 1 for a column where "
        "that would cost more than 5 % of its cells)"),
    READING,
    GROUP("Model:", 2),
    OPTION("hidden", KEY_HIDDEN, "N,N", "units of the hidden layers, or none (default: 128,64)"),
    OPTION("embedding-dim", KEY_EMBEDDING_DIM, "N|auto",
           "numbers in each embedding vector (default: auto, " GROVE_EMBEDDING_WIDTH_RULE ")"),
    OPTION("dropout", KEY_DROPOUT, "P", "share of hidden units dropped in training (default: 0.1)"),
    GROUP("Training:", 3),
    OPTION("epochs", KEY_EPOCHS, "N", "passes over the training rows, at most (default: 30)"),
    OPTION("patience", KEY_PATIENCE, "N",
           "stop after N epochs without a better validation loss (default: 5)"),
    OPTION("batch", KEY_BATCH, "N", "rows in a step (default: 256)"),
    OPTION("optimizer", KEY_OPTIMIZER, "NAME", "adam, adamw, sgd or adagrad (default: adam)"),
    OPTION("rate", KEY_RATE, "R",
           "learning rate (default: 0.001 for adam and adamw, 0.01 for sgd and adagrad)"),
    OPTION("weight-decay", KEY_WEIGHT_DECAY, "D",
           "of weights, not of biases and tables (default: 0.01 for adamw, else 0)"),
    OPTION("unknown-share", KEY_UNKNOWN_SHARE, "P",
           "show this share of the categories as unknown in training (default: 0.01)"),
    OPTION("seed", KEY_SEED, "N", "same seed, same file, byte for byte (default: 1)"),
    THREADS,
    OPTION("check-finite", KEY_CHECK_FINITE, NULL,
           "stop at the first number that is NaN or infinite, and tell which op made it, of what "
           "(default: stop when the loss is none)"),
    GROUP("Output:", 4),
    OPTION("out", KEY_OUT, "MODEL", "the model file to write (required)"),
    OPTION("json", KEY_JSON, NULL, "print the result as one JSON object"),
    OPTION("profile", KEY_PROFILE, NULL,
           "also tell where the time of the training steps went, op by op, and what memory was "
           "used (default: nothing is counted)"),
    OPTION("progress", KEY_PROGRESS, "KIND",
           "auto, bar, lines or none (default: auto, a bar on a terminal, else a line an epoch)"),
    OPTION("quiet", 'q', NULL, "the same as --progress=none"),
    COMMON,
    {0},
};

static const struct argp_option evaluate_options[] = {
    GROUP("Input:", 1),
    READING,
    THREADS,
    GROUP("Output:", 4),
    OPTION("full", KEY_FULL, NULL,
           "fifteen measures with 95 % intervals beside a baseline, classes one by one, the most "
           "frequent mistakes (default: accuracy, log loss, ROC AUC)"),
    OPTION("json", KEY_JSON, NULL, "print the result as one JSON object"),
    COMMON,
    {0},
};

static const struct argp_option predict_options[] = {
    GROUP("Input:", 1),
    READING,
    THREADS,
    GROUP("Output:", 4),
    OPTION("out", KEY_OUT, "FILE", "write here, whole or not at all (default: standard output)"),
    OPTION("json", KEY_JSON, NULL, "write one JSON object instead of CSV"),
    COMMON,
    {0},
};

static const struct argp_option inspect_options[] = {
    GROUP("Input:", 1),
    OPTION("label", KEY_LABEL, "COLUMN", "data: the column to predict"),
    OPTION("categorical", KEY_CATEGORICAL, "A,B", "data: these columns are categories"),
    OPTION("numeric", KEY_NUMERIC, "A,B", "data: these columns are numbers"),
    OPTION("ignore", KEY_IGNORE, "A,B", "data: leave these columns out"),
    READING,
    GROUP("Output:", 4),
    OPTION("json", KEY_JSON, NULL, "print the result as one JSON object"),
    COMMON,
    {0},
};

static const struct argp_option gradcheck_options[] = {
    GROUP("Input:", 1),
    OPTION("rows", KEY_ROWS, "N", "check on a batch of N rows, drawn by the seed (default: 16)"),
    READING,
    GROUP("Check:", 2),
    OPTION("samples", KEY_SAMPLES, "N|all",
           "components checked of each parameter, drawn by the seed (default: 100)"),
    OPTION("tolerance", KEY_TOLERANCE, "T",
           "the relative error that is allowed and demanded (default: derived, component by "
           "component, from the rounding of the loss and from how differences converge)"),
    OPTION("step", KEY_STEP, "H",
           "the first, largest step of the differences, as a share of max(|x|, 1); smaller ones "
           "follow (default: 0.5, or 0.03125 where numbers are doubles)"),
    OPTION("training", KEY_TRAINING, NULL,
           "check the training form: dropout drops, the same in each evaluation"),
    OPTION("seed", KEY_SEED, "N", "draws rows and components (default: 1)"),
    THREADS,
    GROUP("Output:", 4),
    OPTION("json", KEY_JSON, NULL, "print the result as one JSON object"),
    COMMON,
    {0},
};

static const struct argp_option embed_options[] = {
    GROUP("Input:", 1),
    OPTION("column", KEY_COLUMN, "NAME", "the vectors of this column's values"),
    OPTION("layer", KEY_LAYER, "NAME",
           "the vectors that this layer makes of the rows of DATA.csv; the name of a node, as "
           "grove inspect shows it"),
    READING,
    THREADS,
    GROUP("Output:", 4),
    OPTION("out", KEY_OUT, "FILE",
           "write here, whole or not at all (default: standard output); of tsv the folder, which "
           "is made"),
    OPTION("format", KEY_FORMAT, "KIND",
           "of a column word2vec, tsv or npy (default: word2vec), of a layer csv or npy (default: "
           "csv). word2vec: text, '_' for blanks in names; tsv: vectors.tsv and metadata.tsv for "
           "the embedding projector, with value, count and norm; npy: the numbers alone, as "
           "NumPy's float32; csv: columns NAME_1, NAME_2..."),
    COMMON,
    {0},
};

static const struct argp_option nearest_options[] = {
    GROUP("Output:", 4),
    OPTION("top", KEY_TOP, "N", "tell the N nearest, at most (default: 10)"),
    OPTION("json", KEY_JSON, NULL, "print the result as one JSON object"),
    COMMON,
    {0},
};

static const struct argp_option transform_options[] = {
    GROUP("Input:", 1),
    READING,
    GROUP("Output:", 4),
    OPTION("out", KEY_OUT, "FILE", "write here, whole or not at all (default: standard output)"),
    COMMON,
    {0},
};

const command commands[] = {
    {"train", "DATA.csv", 1, 1, "learn to predict a column of a table, and write a model",
     "Example: grove train trees.csv --label group --out trees.safetensors", train_options,
     run_train},
    {"evaluate", "MODEL DATA.csv", 2, 2, "tell how well a model predicts the rows of a table",
     "Example: grove evaluate trees.safetensors test.csv --json", evaluate_options, run_evaluate},
    {"predict", "MODEL DATA.csv", 2, 2, "predict the rows of a table ('-': standard input)",
     "Example: cut -d, -f1-5 new.csv | grove predict trees.safetensors - --out answers.csv",
     predict_options, run_predict},
    {"inspect", "MODEL|DATA.csv", 1, 1, "show what is in a model, or in the columns of a table",
     "Example: grove inspect trees.safetensors", inspect_options, run_inspect},
    {"gradcheck", "MODEL DATA.csv", 2, 2, "hold the gradients of a model against differences",
     "The loss is the model's scalar 'loss', or else the cross-entropy of its 'probabilities'. "
     "Exit code 5: a gradient is wrong, zero, not finite, or cannot be judged.\n\n"
     "Example: grove gradcheck trees.safetensors trees.csv --rows 16",
     gradcheck_options, run_gradcheck},
    {"embed", "MODEL [DATA.csv]", 1, 2, "write the vectors of a column's values, or of rows",
     "The first two of a column are those of what training did not see, '(unknown)', and of the "
     "empty cell, '(missing)'; then come the values, the most frequent first. A layer is run as in "
     "predict, without dropout.\n\n"
     "Example: grove embed trees.safetensors --column species --out species.txt\n"
     "         grove embed trees.safetensors trees.csv --layer mlp.0 --out rows.csv",
     embed_options, run_embed},
    {"nearest", "MODEL COLUMN VALUE", 3, 3, "tell which values' vectors are nearest to one's",
     "Sorted by the cosine of the angle between the vectors, with their distance and how many "
     "training rows had the value. An empty VALUE is the empty cell. A VALUE that begins with a "
     "dash stands behind '--'.\n\n"
     "Example: grove nearest trees.safetensors species 'species 12' --top 5",
     nearest_options, run_nearest},
    {"transform", "MODEL DATA.csv", 2, 2, "write a table with vectors in place of categories",
     "A categorical column NAME of the model becomes the columns NAME_1, NAME_2... of its vectors' "
     "numbers; every other column stays as it is. DATA.csv may be '-', standard input.\n\n"
     "Example: grove transform trees.safetensors trees.csv --out numbers.csv",
     transform_options, run_transform},
    {0},
};
