#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove autoencoder: codes of rows without a label, and what evaluate, predict and embed do with it.
import csv
import io
import os

import cli
from cli import case, good, near, no_leftovers, read, refused, table, text_of, write

SMALL = ["--hidden", "32", "--code", "8", "--epochs", "8", "--batch", "32", "--quiet"]


def made(folder, data, *options, name="codes.safetensors"):
    model = os.path.join(folder, name)
    told = good("autoencoder", data, "--out", model, "--json", *SMALL, *options).json()
    return told, model


@case
def every_column_is_told(folder):
    data, other = table(folder, rows=600), table(folder, name="new.csv", rows=200, seed=5)
    told, model = made(folder, data, "--ignore", "group")
    assert (told["rows"], told["validation_rows"], told["code"]) == (540, 60, 8), told
    assert [c["column"] for c in told["columns"]] == ["species", "region", "height", "trunk"], told
    by = {c["column"]: c for c in told["columns"]}
    assert by["region"]["error"] < by["region"]["baseline_error"], by
    assert by["region"]["accuracy"] > by["region"]["baseline_accuracy"], by
    assert by["height"]["type"] == "numeric" and by["height"]["accuracy"] is None, by
    near(sum(c["error"] for c in told["columns"]), min(told["validation_loss"]), 1e-4)
    seen = good("evaluate", model, other, "--json").json()
    assert seen["rows"] == 200 and seen["error"] < seen["baseline_error"], seen
    near(sum(c["error"] for c in seen["columns"]), seen["error"], 1e-5)
    words = good("evaluate", model, other).out
    assert words.startswith("rows 200\n\ncolumn") and "\nall " in words, words
    words = good("autoencoder", data, "--ignore", "group", "--out", model, *SMALL).out
    assert "on rows that were not trained on:\ncolumn" in words and "model written" in words, words
    no_leftovers(folder)


@case
def codes_and_errors_of_rows(folder):
    """The same rows, the same codes; a row that contradicts itself has the largest error."""
    lines = ["a,b,x"] + ["a%d,b%d,%d" % (i % 6, i % 6, 10 * (i % 6) + i % 3) for i in range(400)]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    _, model = made(folder, data, "--epochs", "40", "--patience", "40", "--rate", "0.01")
    odd = write(os.path.join(folder, "odd.csv"), text_of(lines[:21] + ["a1,b4,20"] + lines[:1:-1]))
    out = os.path.join(folder, "errors.csv")
    good("predict", model, odd, "--out", out)
    rows = list(csv.DictReader(io.StringIO(read(out).decode())))
    assert list(rows[0]) == ["error", "error.a", "error.b", "error.x"], rows[0]
    errors = [float(row["error"]) for row in rows]
    assert errors.index(max(errors)) == 20, (errors.index(max(errors)), max(errors))
    near(sum(float(rows[20][c]) for c in list(rows[20])[1:]), max(errors), 1e-4)
    mean = good("evaluate", model, odd, "--json").json()["error"]
    near(sum(errors) / len(errors), mean, 1e-4)
    codes = list(csv.reader(io.StringIO(good("embed", model, data, "--layer", "code").out)))
    assert codes[0] == ["code_%d" % (k + 1) for k in range(8)] and len(codes) == 401, codes[0]
    assert codes[1] != codes[2] and codes[1] == codes[7], "rows 1 and 7 have the same cells"
    good("embed", model, data, "--layer", "code", "--format", "npy", "--out",
         os.path.join(folder, "codes.npy"))


@case
def the_same_seed_is_the_same_file(folder):
    data = table(folder, rows=200)
    one = read(made(folder, data)[1])
    assert read(made(folder, data, "--threads", "2")[1]) == one
    assert read(made(folder, data, "--seed", "2")[1]) != one
    assert read(made(folder, data, "--corrupt", "0")[1]) != one
    told, _ = made(folder, data, "--valid-fraction", "0", "--hidden", "none")
    assert told["columns"] is None and told["best_epoch"] == told["epochs"], told


@case
def what_cannot_be_is_refused(folder):
    data, out = table(folder, rows=200), os.path.join(folder, "out")
    _, model = made(folder, data)
    for options, words in [(["--code", "0"], "--code"), (["--corrupt", "1"], "--corrupt"),
                           (["--ignore", "nothing"], "nothing"), (["--label", "group"], "label")]:
        refused(3 if options[1] == "nothing" else 2, words, "autoencoder", data, "--out", out,
                *options)
    refused(2, "--out MODEL is missing", "autoencoder", data)
    many = write(os.path.join(folder, "many.csv"),
                 text_of(["id,x"] + ["v%d,%d" % (i % 10500, i) for i in range(21000)]))
    refused(3, "column 'id' has 10502 values to be restored, and an autoencoder takes up to 10000",
            "autoencoder", many, "--out", out, "--valid-fraction", "0")
    for command in ("report", "calibrate"):
        refused(4, "this is an autoencoder, of rows without a label", command, model, data, "--out",
                out)
    refused(4, "this is an autoencoder", "gradcheck", model, data)
    refused(2, "--json", "predict", model, data, "--out", out, "--json")
    refused(2, "--full is for models that predict a label", "evaluate", model, data, "--full")
    refused(2, "--uncertainty is for models", "predict", model, data, "--out", out, "--uncertainty")
    short = write(os.path.join(folder, "short.csv"), "species\noak\n")
    refused(3, "region", "predict", model, short, "--out", out)
    no_leftovers(folder)


cli.main()
