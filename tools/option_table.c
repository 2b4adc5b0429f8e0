/* SPDX-License-Identifier: MIT */
#include "grove/nn.h"
#include "option_row.h"

const option_row option_table[MOST_OPTIONS] = {
    {ROW(FOR_NETWORKS, "label", "COLUMN"), COLUMN(label), .help = "the column to predict",
     .wanted = "which column is to be predicted?"},
    {ROW(FOR_INSPECT, "label", "COLUMN"), COLUMN(label), .help = "the column to predict"},
    {ROW(FOR_GUESSES, "label-split", "CHAR"), CHARACTER(label_split),
     .help =
         "a row has any number of labels, also none, with CHAR between them, as in 'red;round': "
         "each class is learned as a question of its own; \\t is a tab",
     .instead = "a row has one label"},
    {ROW(FOR_SPLIT, "label", "COLUMN"), COLUMN(label),
     .help = "the parts have the same mix of this column's values"},
    {ROW(FOR_CV, "folds", "K"), WHOLE(folds, 2, 1000), .preset = "10",
     .help = "parts that are tested on in turn"},
    {ROW(FOR_CV, "repeats", "N"), WHOLE(repeats, 1, 1000), .preset = "1",
     .help = "deal the folds N times anew"},
    {ROW(FOR_CV, "group", "COLUMN"), COLUMN(group),
     .help = "rows with the same value here stay in one fold; it is no feature"},
    {ROW(FOR_TRAIN, "valid", "FILE"), A_FILE(valid), .help = "validate on these rows",
     .instead = "a part of DATA"},
    {ROW(FOR_TRAIN | FOR_COMPARE | FOR_SPLIT, "valid-fraction", "P"),
     NUMBER(valid_fraction, 0, 0.9), .preset = "-1", .help = "validate on this share of DATA",
     .instead = "0.1"},
    {ROW(FOR_CV, "valid-fraction", "P"), NUMBER(valid_fraction, 0, 0.9), .preset = "-1",
     .help = "validate on this share of each round's training rows", .instead = "0.1"},
    {ROW(FOR_TRAIN | FOR_SPLIT, "split", "HOW"), TEXT(split),
     .help = "how the share is drawn: stratified, class by class; group:COLUMN, whole groups; "
             "time:COLUMN, the last rows. Or who says: column:COLUMN or file:FILE, a word train, "
             "valid or test for each row; column:COLUMN=VALUE validates on rows of that value. "
             "The column is no feature, unless --categorical or --numeric name it",
     .instead = "stratified"},
    {ROW(FOR_GUESSES, "categorical", "A,B"), COLUMNS(categorical),
     .help = "these columns are categories; a name with a comma stands in quotes",
     .instead = "guessed"},
    {ROW(FOR_GUESSES, "numeric", "A,B"), COLUMNS(numeric), .help = "these columns are numbers",
     .instead = "guessed"},
    {ROW(FOR_GUESSES, "bag", "A,B=CHAR"), COLUMNS(bag),
     .help =
         "cells of these columns hold several values, with ; or CHAR between them; \\t is a tab"},
    {ROW(FOR_GUESSES, "text", "A,B"), COLUMNS(text),
     .help = "these columns are texts, of which words, pairs of words and parts of words count",
     .instead = "guessed"},
    {ROW(FOR_GUESSES, "ignore", "A,B"), COLUMNS(ignore), .help = "leave these columns out"},
    {ROW(FOR_NETWORKS, "schema", "FILE"), A_FILE(schema),
     .help = "what the columns mean, as inspect --schema writes it and a person edits it; columns "
             "that it leaves out are guessed, and the lists above go before it"},
    {ROW(FOR_GUESSES, "na-values", "A,B"), COLUMNS(na_values),
     .help = "cells that are missing besides the empty one, in all columns without a --schema of "
             "their own",
     .instead = "none"},
    {ROW(FOR_GUESSES, "max-vocab", "N"), WHOLE(max_vocab, 1, INT32_MAX),
     .help = "the N most frequent values of a column have a row in its table, the others are taken "
             "as unknown",
     .instead = "all that are frequent enough"},
    {ROW(FOR_GUESSES, "hash-above", "N"), WHOLE(hash_above, 1, INT32_MAX - 2),
     .help = "the values of a column that has more than N share N rows of its table by a hash; so "
             "a new "
             "value has one, too",
     .instead = "none is"},
    {ROW(FOR_NETWORKS, "min-count", "N"), WHOLE(min_count, 1, 1e9),
     .help = "values in fewer training rows are taken as unknown",
     .instead = "2, or 1 for a column where that would cost more than 5 % of its cells"},
    {ROW(FOR_TRAIN, "unknown", "POLICY"), COLUMNS(unknown),
     .help = "what predict and others do where their own --unknown does not say; kept in the model",
     .instead = "unknown"},
    {ROW(FOR_EVALUATE | FOR_REPORT | FOR_PREDICT | FOR_CALIBRATE | FOR_EMBED, "unknown", "POLICY"),
     COLUMNS(unknown),
     .help =
         "what is made of cells that training did not see: unknown, a row that learned from rare "
         "values; error: refused; missing: an empty cell. COLUMN=POLICY,... for single columns",
     .instead = "as the model says, else unknown"},
    {ROW(FOR_EVALUATE | FOR_PREDICT, "threshold", "P"), NUMBER(threshold, 1e-6, 1),
     .help = "of models that tell several classes a row: the probability from which on a class is "
             "answered",
     .instead = "0.5"},
    {ROW(FOR_GRADCHECK, "rows", "N"), WHOLE(rows, 1, 1 << 20), .preset = "16",
     .help = "check on a batch of N rows, drawn by the seed"},
    {ROW(FOR_EMBED, "column", "NAME"), COLUMN(column),
     .help = "the vectors of this column's values"},
    {ROW(FOR_COMPARE, "column", "NAME"), COLUMN(column),
     .help = "the categorical column whose table takes several forms",
     .wanted = "which column's table is to take several forms?"},
    {ROW(FOR_EMBED, "layer", "NAME"), TEXT(layer),
     .help = "the vectors that this layer makes of the rows of DATA.csv; the name of a node, as "
             "grove inspect shows it"},
    {ROW(FOR_TABLES, "separator", "CHAR|auto"), CHARACTER(separator), OR_WORD("auto", 0),
     .help = "what stands between cells; \\t is a tab",
     .instead = "auto, the one of , ; tab and | that gives most of the first lines the same number "
                "of cells"},
    {ROW(FOR_TABLES, "comment", "CHAR"), CHARACTER(comment),
     .help = "pass over lines that begin with it, outside quotes", .instead = "none do"},
    {ROW(FOR_TABLES, "skip", "N"), WHOLE(skip, 0, 1e9), .preset = "0",
     .help = "pass over the first N lines"},
    {ROW(FOR_TABLES, "decimal", "CHAR"), CHOICE(decimal, ".", ","), .preset = ".",
     .help = "what stands before the fraction of numbers in the file, a point or a comma"},
    {ROW(FOR_TABLES, "max-bad-rows", "N"), WHOLE(max_bad_rows, 0, 1e9), .preset = "0",
     .help = "pass over up to N rows that have too many or too few cells, and tell of them"},
    {ROW(FOR_TABLES, "no-header", NULL), FLAG(no_header),
     .help = "the first line is data; columns are called c1, c2..."},
    {ROW(FOR_TABLES, "trim", NULL), FLAG(trim), .help = "drop blanks around cells",
     .instead = "keep them"},

    {ROW(FOR_FITS, "effort", "LEVEL"), CHOICE(effort, "low", "medium", "high"), .preset = "low",
     .group = GROUP_TRAINING,
     .help = "low: one model; medium: settings are tried on the validation rows first, those that "
             "are not given; high: also several models are joined into one"},
    {ROW(FOR_FITS, "members", "N|auto"), WHOLE(members, 1, 64), OR_WORD("auto", 0),
     .preset = "auto", .group = GROUP_TRAINING,
     .help = "models that are trained one by one and joined: the answer is their mean",
     .instead = "auto: 8 for --effort high, else 1"},
    {ROW(FOR_FITS, "refit", "WHEN"), CHOICE(refit, "auto", "yes", "no"), .preset = "auto",
     .group = GROUP_TRAINING,
     .help =
         "once the best number of epochs is known, train anew for as many on all rows, those for "
         "validation too; what is told of them was measured before",
     .instead =
         "auto: where a row more counts, and the part for validation was drawn from DATA and "
         "is not written by --split-out"},
    {ROW(FOR_FITS, "time-limit", "SECONDS"), NUMBER(time_limit, 0.001, 1e9),
     .group = GROUP_TRAINING,
     .help = "end the training then, with the best model so far (of cv: that of each fold); so the "
             "same seed may give another model",
     .instead = "none"},
    {ROW(FOR_NETWORKS, "architecture", "NAME"),
     CHOICE(architecture, "auto", "mlp", "resnet", "transformer", "wide-deep"), .preset = "auto",
     .group = GROUP_MODEL,
     .help =
         "mlp, dense layers; resnet, blocks with a way around them; transformer, columns attend "
         "to each other; wide-deep, mlp beside a linear model of crosses of columns",
     .instead = "auto: wide-deep where columns have many rare values, else mlp"},
    {ROW(FOR_NETWORKS, "crosses", "A*B,A*C"), TEXT(crosses), .preset = "auto", .group = GROUP_MODEL,
     .help = "of wide-deep: two to four categorical columns whose values together are a category "
             "of its own; or none",
     .instead = "auto: all pairs"},
    {ROW(FOR_NETWORKS, "cross-buckets", "N|auto"), WHOLE(cross_buckets, 1, 1 << 28),
     OR_WORD("auto", 0), .preset = "auto", .group = GROUP_MODEL,
     .help = "rows of the table that all crosses share by a hash",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "cross-dropout", "P|auto"), NUMBER(cross_dropout, 0, 0.99),
     OR_WORD("auto", -1), .preset = "auto", .group = GROUP_MODEL,
     .help = "share of the crosses dropped in training", .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "hidden", "N,N|auto"), SIZES(hidden, 1, 1 << 20), OR_WORD("auto", -1),
     .preset = "auto", .group = GROUP_MODEL, .help = "units of the hidden layers, or none",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "embedding-dim", "N|auto"), WHOLE(embedding_dim, 1, 4096),
     OR_WORD("auto", 0), .group = GROUP_MODEL, .help = "numbers in each embedding vector",
     .instead = "auto, " GROVE_EMBEDDING_WIDTH_RULE},
    {ROW(FOR_NETWORKS, "numbers", "FORM"), CHOICE(numbers, "auto", "standard", "bins", "periodic"),
     .preset = "auto", .group = GROUP_MODEL,
     .help = "what is given of numbers: standard, distances from the mean in standard deviations; "
             "bins, also a learned vector for the bin; periodic, also one read off learned waves",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_COMPARE, "buckets", "N,N|auto"), SIZES(buckets, 1, INT32_MAX), OR_WORD("auto", -1),
     .preset = "auto", .group = GROUP_MODEL,
     .help = "rows of the hashed tables, one model for each",
     .instead = "auto: a half, an eighth and a 32nd of the column's values"},
    {ROW(FOR_COMPARE, "hashes", "K"), WHOLE(hashes, 1, 16), .preset = "2", .group = GROUP_MODEL,
     .help = "rows that each value has in a hashed table; their sum is its vector"},
    {ROW(FOR_NETWORKS, "dropout", "P|auto"), NUMBER(dropout, 0, 0.99), OR_WORD("auto", -1),
     .preset = "auto", .group = GROUP_MODEL, .help = "share of hidden units dropped in training",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "table-dropout", "P|auto"), NUMBER(table_dropout, 0, 0.99),
     OR_WORD("auto", -1), .preset = "auto", .group = GROUP_MODEL,
     .help = "share of the numbers of embedding vectors dropped in training",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "word-dropout", "P"), NUMBER(word_dropout, 0, 0.99), .preset = "0.8",
     .group = GROUP_MODEL, .help = "share of the words of a text dropped in training"},

    {ROW(FOR_NETWORKS, "epochs", "N|auto"), WHOLE(epochs, 1, 1e6), OR_WORD("auto", 0),
     .preset = "auto", .group = GROUP_TRAINING, .help = "passes over the training rows, at most",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "patience", "N|auto"), WHOLE(patience, 1, 1e6), OR_WORD("auto", 0),
     .preset = "auto", .group = GROUP_TRAINING,
     .help = "stop after N epochs without a better validation loss",
     .instead = "auto: a fifth of the epochs, 5 at least"},
    {ROW(FOR_NETWORKS, "batch", "N|auto"), WHOLE(batch, 1, 1 << 24), OR_WORD("auto", 0),
     .preset = "auto", .group = GROUP_TRAINING, .help = "rows in a step",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "optimizer", "NAME"),
     CHOICE(optimizer, "auto", "adam", "adamw", "sgd", "adagrad"), .preset = "auto",
     .group = GROUP_TRAINING, .help = "adam, adamw, sgd or adagrad", .instead = "auto: adam"},
    {ROW(FOR_NETWORKS, "rate", "R|auto"), NUMBER(rate, 1e-12, 1000), OR_WORD("auto", 0),
     .preset = "auto", .group = GROUP_TRAINING, .help = "learning rate",
     .instead = "auto: 0.002 for adam and adamw, 0.01 for sgd and adagrad"},
    {ROW(FOR_NETWORKS, "weight-decay", "D|auto"), NUMBER(weight_decay, 0, 1000),
     OR_WORD("auto", -1), .preset = "auto", .group = GROUP_TRAINING,
     .help = "of weights, not of biases and tables", .instead = "auto: 0.01 for adamw, else 0"},
    {ROW(FOR_NETWORKS, "average", "D|auto"), NUMBER(average, 0, 0.999999), OR_WORD("auto", -1),
     .preset = "auto", .group = GROUP_TRAINING,
     .help = "the model is a running average of the weights, which keeps this share of itself in "
             "each step; 0: the weights as they are",
     .instead = "auto: chosen from the data"},
    {ROW(FOR_NETWORKS, "unknown-share", "P|auto"), NUMBER(unknown_share, 0, 0.9),
     OR_WORD("auto", -1), .preset = "auto", .group = GROUP_TRAINING,
     .help = "show this share of the categories as unknown in training", .instead = "auto: 0.01"},

    {ROW(FOR_NETWORKS, "task", "KIND"),
     CHOICE(task, "auto", "classification", "regression", "multilabel"), .preset = "auto",
     .group = GROUP_TRAINING,
     .help = "whether the label holds a class, a number, or several classes with ; or the sign of "
             "--label-split between them: auto, classification, regression or multilabel",
     .instead = "auto: regression where it is all numbers, more than 20 distinct ones that are not "
                "written like codes"},
    {ROW(FOR_FITS, "loss", "NAME"), CHOICE(loss, "mse", "mae", "huber"), .group = GROUP_TRAINING,
     .help = "of labels that are numbers: mse, squared errors, which learns means; mae, absolute "
             "ones, medians; huber, squared nearby and absolute far off",
     .instead = "mse"},
    {ROW(FOR_FITS, "huber-delta", "D"), NUMBER(huber_delta, 1e-6, 1e6), .group = GROUP_TRAINING,
     .help = "where huber changes over, in standard deviations of the label", .instead = "1"},
    {ROW(FOR_FITS, "weight-column", "COLUMN"), COLUMN(weight_column), .group = GROUP_TRAINING,
     .help = "how much each row counts, in training and in measures: numbers from 0 up; it is no "
             "feature",
     .instead = "all count alike"},
    {ROW(FOR_FITS, "class-weight", "balanced|FILE"), TEXT(class_weight), .group = GROUP_TRAINING,
     .help = "how much rows of each class count in the losses of training and validation: "
             "balanced, all alike, or as a CSV file with the columns class and weight says. Of "
             "several labels a row, how much a class counts in rows that have it; balanced: as "
             "much as in those that lack it",
     .instead = "all count alike"},

    {ROW(FOR_TRAIN, "baseline", "KIND"), CHOICE(baseline, "logistic", "none"), .preset = "logistic",
     .group = GROUP_TRAINING,
     .help =
         "also train logistic regression (of numbers linear) on the same columns, without bags and "
         "texts, and keep it in the model, for evaluate --full to tell beside it; or none"},

    {ROW(FOR_GRADCHECK, "samples", "N|all"), WHOLE(samples, 1, 1 << 30), OR_WORD("all", -1),
     .preset = "100", .group = GROUP_CHECK,
     .help = "components checked of each parameter, drawn by the seed"},
    {ROW(FOR_GRADCHECK, "tolerance", "T"), NUMBER(tolerance, 1e-15, 1), .group = GROUP_CHECK,
     .help = "the relative error that is allowed and demanded",
     .instead = "derived, component by component, from the rounding of the loss and from how "
                "differences converge"},
    {ROW(FOR_GRADCHECK, "step", "H"), NUMBER(step, 1e-12, 1000), .group = GROUP_CHECK,
     .help = "the first, largest step of the differences, as a share of max(|x|, 1); smaller ones "
             "follow",
     .instead = "0.5, or 0.03125 where numbers are doubles"},
    {ROW(FOR_GRADCHECK, "training", NULL), FLAG(training), .group = GROUP_CHECK,
     .help = "check the training form: dropout drops, the same in each evaluation"},

    {ROW(FOR_NETWORKS | FOR_SPLIT, "seed", "N"), WHOLE(seed, 0, INT32_MAX), .preset = "1",
     .group = GROUP_RUN, .help = "same seed, same result, byte for byte"},
    {ROW(FOR_GRADCHECK, "seed", "N"), WHOLE(seed, 0, INT32_MAX), .preset = "1", .group = GROUP_RUN,
     .help = "draws rows and components"},
    {ROW(FOR_THREADS, "threads", "N"), WHOLE(threads, 1, 1024), .group = GROUP_RUN,
     .help = "threads that work; they change no result; steps of less than a quarter of a "
             "millisecond stay on one, unless GROVE_THREADS_FROM, in additions, says otherwise",
     .instead = "what the environment variable GROVE_NUM_THREADS says, else 1"},
    {ROW(FOR_FITS, "check-finite", NULL), FLAG(check_finite), .group = GROUP_RUN,
     .help = "stop at the first number that is NaN or infinite, and tell which op made it, of what",
     .instead = "stop when the loss is none"},

    {ROW(FOR_TRAIN, "max-memory", "SIZE"), BYTES(max_memory, 1 << 20, 1e15), .group = GROUP_RUN,
     .help = "tell beforehand what memory will be needed, about, and refuse to begin where that is "
             "more: 500M, 2G (K, M and G are 2^10, 2^20 and 2^30 bytes). A table that is too large "
             "is streamed",
     .instead = "no limit"},
    {ROW(FOR_TRAIN, "stream", NULL), FLAG(stream), .group = GROUP_RUN,
     .help = "do not hold the table in memory: read it again and again, write its rows to a file "
             "without a name in TMPDIR, 4 bytes a cell, and train on blocks of it in random order, "
             "with the rows of 64 blocks shuffled together. Rows for validation are drawn by a "
             "hash of their number. Not with --split, --split-out, --weight-column and "
             "--class-weight",
     .instead = "only where --max-memory asks for it"},
    {ROW(FOR_TRAIN, "cache", "FILE"), A_FILE(cache), .group = GROUP_RUN,
     .help = "--stream, with the rows kept in this file; it is used again where data and columns "
             "are the same, and else written anew"},
    {ROW(FOR_TRAIN, "resume", NULL), FLAG(resume), .group = GROUP_RUN,
     .help = "go on where the checkpoint says; the model is the same, byte for byte, as if nothing "
             "had happened. Options that change it must be what they were; only --epochs and "
             "--patience may be larger"},

    {ROW(FOR_TRAIN | FOR_CALIBRATE, "out", "MODEL"), A_FILE(out), .group = GROUP_OUTPUT,
     .help = "the model file to write", .wanted = "where is the model to be written?"},
    {ROW(FOR_INSPECT, "schema", "FILE"), A_FILE(schema), .group = GROUP_OUTPUT,
     .help = "write what the columns mean as JSON, to be edited and given to train --schema",
     .instead = "none"},
    {ROW(FOR_REPORT, "out", "PAGE.html"), A_FILE(out), .group = GROUP_OUTPUT,
     .help = "the page to write, whole or not at all",
     .wanted = "where is the page to be written?"},
    {ROW(FOR_COMPARE, "out", "PAGE.html"), A_FILE(out), .group = GROUP_OUTPUT,
     .help = "also write a page with charts, whole or not at all", .instead = "none"},
    {ROW(FOR_REPORT, "title", "TEXT"), TEXT(title), .group = GROUP_OUTPUT,
     .help = "what stands at its head", .instead = "the name of MODEL's file"},
    {ROW(FOR_TRAIN, "checkpoint", "FILE"), A_FILE(checkpoint), .group = GROUP_OUTPUT,
     .help = "write a checkpoint here after each epoch, and remove it when MODEL is written",
     .instead = "only when stopped by Ctrl-C, SIGTERM or SIGHUP, beside MODEL: "
                "*.ckpt.safetensors"},
    {ROW(FOR_TRAIN, "checkpoint-every", "SECONDS"), NUMBER(checkpoint_every, 0, 1e9),
     .preset = "-1", .group = GROUP_OUTPUT,
     .help = "write it when so much time has passed, also within an epoch",
     .instead = "after each epoch"},
    {ROW(FOR_TRAIN, "keep-checkpoint", NULL), FLAG(keep_checkpoint), .group = GROUP_OUTPUT,
     .help = "keep that of the last epoch, so that --resume with more --epochs can go on from it"},
    {ROW(FOR_TRAIN, "log", "FILE"), A_FILE(log), .group = GROUP_OUTPUT,
     .help = "write a JSON object for each epoch and split, a line each: epoch, step, split, loss, "
             "metrics, lr, seconds, rows",
     .instead = "none"},
    {ROW(FOR_SPLIT, "out-train", "FILE"), A_FILE(out_train), .group = GROUP_OUTPUT,
     .help = "write the training rows here"},
    {ROW(FOR_SPLIT, "out-valid", "FILE"), A_FILE(out_valid), .group = GROUP_OUTPUT,
     .help = "write the rows for validation here"},
    {ROW(FOR_SPLIT, "out-test", "FILE"), A_FILE(out_test), .group = GROUP_OUTPUT,
     .help = "write the rows for a test here"},
    {ROW(FOR_TRAIN | FOR_SPLIT, "split-out", "FILE"), A_FILE(split_out), .group = GROUP_OUTPUT,
     .help = "write which row is in which part, to be read by --split file:FILE"},
    {ROW(FOR_CV, "predictions", "FILE"), A_FILE(predictions), .group = GROUP_OUTPUT,
     .help = "write for each row what the model said that was trained without it"},
    {ROW(FOR_ONE_FILE, "out", "FILE"), A_FILE(out), .group = GROUP_OUTPUT,
     .help = "write here, whole or not at all", .instead = "standard output"},
    {ROW(FOR_EMBED, "out", "FILE"), A_FILE(out), .group = GROUP_OUTPUT,
     .help = "write here, whole or not at all; of tsv the folder, which is made",
     .instead = "standard output"},
    {ROW(FOR_EMBED, "format", "KIND"), CHOICE(format, "word2vec", "tsv", "npy", "csv"),
     .group = GROUP_OUTPUT,
     .help = "of a column word2vec, tsv or npy, of a layer csv or npy. word2vec: text, '_' for "
             "blanks in names; tsv: vectors.tsv and metadata.tsv for the embedding projector, with "
             "value, count and norm; npy: the numbers alone, as NumPy's float32; csv: columns "
             "NAME_1, NAME_2...",
     .instead = "word2vec, of a layer csv"},
    {ROW(FOR_NEAREST, "top", "N"), WHOLE(top, 1, 1e6), .preset = "10", .group = GROUP_OUTPUT,
     .help = "tell the N nearest, at most"},
    {ROW(FOR_EVALUATE, "full", NULL), FLAG(full), .group = GROUP_OUTPUT,
     .help = "fifteen measures with 95 % intervals beside two baselines, classes one by one, the "
             "most frequent mistakes, how sure and how right, rare categories, what each column is "
             "good for; of several labels a row, sixteen measures, classes and columns; of "
             "numbers seven, errors on rare categories, columns",
     .instead = "accuracy, log loss, ROC AUC"},
    {ROW(FOR_EVALUATE, "require", "METRIC>=VALUE"), LIST(require), .group = GROUP_OUTPUT,
     .help = "end with exit code 5 where this is missed; METRIC<=VALUE of losses; several with "
             "commas between, or given again. Metrics are those of --full"},
    {ROW(FOR_RESULTS, "json", NULL), FLAG(json), .group = GROUP_OUTPUT,
     .help = "print the result as one JSON object"},
    {ROW(FOR_PREDICT, "uncertainty", NULL), FLAG(uncertainty), .group = GROUP_OUTPUT,
     .help = "also tell how unsure each answer is: its entropy, in nats; of a model of several "
             "(train --members) also what they disagree about, mutual_information, or of numbers "
             "their standard deviation, deviation"},
    {ROW(FOR_PREDICT, "json", NULL), FLAG(json), .group = GROUP_OUTPUT,
     .help = "write one JSON object instead of CSV"},
    {ROW(FOR_TRAIN, "profile", NULL), FLAG(profile), .group = GROUP_OUTPUT,
     .help = "also tell where the time of the training steps went, op by op, and what memory was "
             "used",
     .instead = "nothing is counted"},
    {ROW(FOR_CV | FOR_COMPARE, "progress", "KIND"),
     CHOICE(progress, "auto", "bar", "lines", "none"), .preset = "none", .group = GROUP_OUTPUT,
     .help = "of the epochs: auto, bar, lines or none"},
    {ROW(FOR_TRAIN, "progress", "KIND"), CHOICE(progress, "auto", "bar", "lines", "none"),
     .preset = "auto", .group = GROUP_OUTPUT, .help = "auto, bar, lines or none",
     .instead = "auto, a bar on a terminal, else a line an epoch"},
    {ROW(FOR_NETWORKS, "quiet", NULL), SETS(progress), .preset = "none", .key = 'q',
     .group = GROUP_OUTPUT, .help = "the same as --progress=none"},
    {ROW(FOR_ALL, "help", NULL), .kind = OPTION_HELP, .key = 'h', .group = GROUP_OUTPUT,
     .help = "show this and end"},
    {0},
};
