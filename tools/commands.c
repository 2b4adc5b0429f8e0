/* SPDX-License-Identifier: MIT
 *
 * commands.c - the commands: what they are called, what they take and what they do, in words. Their
 * options are in option_table.c.
 */
#include "options.h"

const command commands[COMMANDS] = {
    [COMMAND_TRAIN] = {"train", "DATA.csv", 1, 1,
                       "learn to predict a column of a table, and write a model", NULL,
                       "grove train trees.csv --label group --out trees.safetensors"},
    [COMMAND_EVALUATE] = {"evaluate", "MODEL DATA.csv", 2, 2,
                          "tell how well a model predicts the rows of a table", NULL,
                          "grove evaluate trees.safetensors test.csv --json"},
    [COMMAND_PREDICT] =
        {"predict", "MODEL DATA.csv", 2, 2, "predict the rows of a table ('-': standard input)",
         NULL, "cut -d, -f1-5 new.csv | grove predict trees.safetensors - --out answers.csv"},
    [COMMAND_INSPECT] =
        {"inspect", "MODEL|DATA.csv", 1, 1, "show what is in a model, or in the columns of a table",
         "Options of input are for a table; a model says itself what its columns are.",
         "grove inspect trees.safetensors"},
    [COMMAND_GRADCHECK] =
        {"gradcheck", "MODEL DATA.csv", 2, 2, "hold the gradients of a model against differences",
         "The loss is the model's scalar 'loss', or else the cross-entropy of its 'probabilities'. "
         "Exit code 5: a gradient is wrong, zero, not finite, or cannot be judged.",
         "grove gradcheck trees.safetensors trees.csv --rows 16"},
    [COMMAND_EMBED] =
        {"embed", "MODEL [DATA.csv]", 1, 2, "write the vectors of a column's values, or of rows",
         "The first two of a column are those of what training did not see, '(unknown)', and of "
         "the empty cell, '(missing)'; then come the values, the most frequent first. A layer is "
         "run as in predict, without dropout.",
         "grove embed trees.safetensors --column species --out species.txt\n"
         "grove embed trees.safetensors trees.csv --layer mlp.0 --out rows.csv"},
    [COMMAND_NEAREST] =
        {"nearest", "MODEL COLUMN VALUE", 3, 3, "tell which values' vectors are nearest to one's",
         "Sorted by the cosine of the angle between the vectors, with their distance and how many "
         "training rows had the value. With --layer COLUMN is DATA.csv and VALUE a LINE of it: "
         "then "
         "rows are told, not values. An empty VALUE is the empty cell. A VALUE that begins with "
         "a dash stands behind '--'.",
         "grove nearest trees.safetensors species 'species 12' --top 5\n"
         "grove nearest trees.safetensors trees.csv 12 --layer mlp.0"},
    [COMMAND_TRANSFORM] =
        {"transform", "MODEL DATA.csv", 2, 2, "write a table with vectors in place of categories",
         "A categorical column NAME of the model becomes the columns NAME_1, NAME_2... of its "
         "vectors' numbers; every other column stays as it is. DATA.csv may be '-', standard "
         "input.",
         "grove transform trees.safetensors trees.csv --out numbers.csv"},
    [COMMAND_SPLIT] = {"split", "DATA.csv", 1, 1,
                       "write the parts of a table for training and validation",
                       "Cells are written as they were read. DATA.csv may be '-', standard input.",
                       "grove split trees.csv --label group --out-train a.csv --out-valid b.csv"},
    [COMMAND_CV] =
        {"cv", "DATA.csv", 1, 1, "cross-validate: how good is what train makes of this table?",
         "Each of K folds is tested on once, by a model that was trained on the others as grove "
         "train would. Intervals are Student's t with the variance of Nadeau and Bengio (2003), "
         "since the training rows of the rounds are mostly the same.",
         "grove cv trees.csv --label group --folds 10"},
    [COMMAND_REPORT] =
        {"report", "MODEL DATA.csv", 2, 2, "write a page that shows how good a model is, and why",
         "One page of HTML that holds all it needs and asks for nothing from elsewhere: measures "
         "beside two baselines, learning curves, classes, ROC and precision-recall, calibration, "
         "rare and unknown categories, what each column is good for, the learned vectors as "
         "pictures, and the rows that were most wrong. Its numbers are those of evaluate --full.",
         "grove report trees.safetensors test.csv --out report.html"},
    [COMMAND_CALIBRATE] =
        {"calibrate", "MODEL DATA.csv", 2, 2, "make a model as sure as it is right",
         "Divides the logits by the one number, the temperature, that makes the log loss of these "
         "rows least. They should be rows that the model was not trained on. The answers stay; "
         "predict and evaluate need not be told.",
         "grove calibrate trees.safetensors valid.csv --out calibrated.safetensors"},
    [COMMAND_COMPARE] =
        {"compare", "DATA.csv", 1, 1,
         "compare a column's table with one-hot, hashed and composed ones",
         "The same network is trained on the same rows from the same seed, with the vectors of one "
         "column multiplied by one-hot rows, looked up (the embedding), hashed into fewer rows, "
         "and "
         "put together of two small tables by quotient and remainder. The network is a plain one "
         "(mlp) unless --architecture says otherwise. With --softmax the losses of a label of very "
         "many classes are compared instead: what a step costs, bias and spread of the estimate "
         "over draws, what was learned.",
         "grove compare trees.csv --label group --column species --out compare.html\n"
         "grove compare sites.csv --label species --softmax --samples 64,512"},
    [COMMAND_LANGUAGE] =
        {"language", "LINES", 1, 1, "learn which letter, or word, comes next in lines of text",
         "A line is a sample. The loss is the mean of -log p over all letters (or words) and line "
         "ends, in nats, beside that of a bigram model. grove evaluate MODEL LINES tells it of "
         "other lines, grove embed MODEL LINES writes a vector for each line, grove nearest MODEL "
         "letter a (or: word) which letters have vectors that are alike. LINES may be '-', "
         "standard input.",
         "grove language names.txt --out names.safetensors"},
    [COMMAND_GENERATE] =
        {"generate", "MODEL", 1, 1, "make up text, and count how much of it passes a check",
         "MODEL is one that grove language wrote. The same seed makes the same samples, for any "
         "number of threads.",
         "grove generate names.safetensors --n 20 --temperature 0.8\n"
         "grove generate sums.safetensors --n 1000 --check 'python3 is_true.py'"},
    [COMMAND_AUTOENCODER] =
        {"autoencoder", "DATA.csv", 1, 1, "learn a vector for each row of a table, without labels",
         "Each row is squeezed through a few numbers, the code, from which all its cells are to be "
         "restored; in training some of them are hidden. grove embed MODEL DATA.csv --layer code "
         "writes the codes of rows, grove evaluate tells how well each column is restored, grove "
         "predict the error of each row: odd ones have large ones. A column that the code is not "
         "to know of, a label, say, is left out by --ignore.",
         "grove autoencoder trees.csv --ignore group --out codes.safetensors\n"
         "grove embed codes.safetensors trees.csv --layer code --out codes.csv"},
};
