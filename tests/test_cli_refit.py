#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove train --refit: once the best number of epochs is known, the model is trained anew on all rows.
import os
import signal
import subprocess

import cli
from cli import case, good, no_leftovers, read, refused, table, write

HOW = ["--label", "group", "--hidden", "8", "--batch", "64", "--average", "0.9", "--epochs", "6"]


def trained(folder, name, data, *options):
    model = os.path.join(folder, name)
    told = good("train", data, "--out", model, "--json", "--quiet", *HOW, *options).json()
    return told, model


def answers(model, data):
    return good("predict", model, data).out


@case
def it_is_a_training_on_all_rows(folder):
    """Values, scales, bins, order of rows: all as if there had been no rows for validation."""
    data, other = table(folder, rows=500), table(folder, name="new.csv", rows=90, seed=7)
    long = ["--epochs", "60", "--rate", "0.02"]
    once, first = trained(folder, "once", data, *long, "--refit", "no")
    told, model = trained(folder, "refit", data, *long, "--refit", "yes")
    assert told["best_epoch"] < told["epochs"], told
    epochs = [*long, "--valid-fraction", "0", "--epochs", str(told["best_epoch"])]
    _, whole = trained(folder, "whole", data, *epochs)
    assert answers(model, other) == answers(whole, other) != answers(first, other)
    assert (told["training_rows"], told["refit_rows"], once["refit_rows"]) == (450, 500, None)
    for what in ("validation", "epochs", "best_epoch", "training_loss", "split"):
        assert told[what] == once[what], what
    no_leftovers(folder)


@case
def members_are_refitted(folder):
    data, other = table(folder, rows=300), table(folder, name="new.csv", rows=50, seed=7)
    once, first = trained(folder, "once", data, "--refit", "no", "--members", "2")
    told, model = trained(folder, "refit", data, "--members", "2")
    assert told["refit_rows"] == 300 and told["validation"] == once["validation"], told
    assert answers(model, other) != answers(first, other)
    assert read(model) == read(trained(folder, "again", data, "--members", "2", "--threads", "2")[1])


@case
def numbers_and_weights(folder):
    lines = ["x,kind,w,y"] + ["%d,k%d,%d,%d.5" % (i % 50, i % 7, i % 3, i % 50 + i % 7)
                              for i in range(400)]
    data, model = write(os.path.join(folder, "n.csv"), cli.text_of(lines)), os.path.join(folder, "m")
    told = good("train", data, "--label", "y", "--weight-column", "w", "--out", model, "--json",
                "--epochs", "3").json()
    assert told["refit_rows"] == 400 and told["task"]["kind"] == "regression", told
    data = table(folder, rows=300)
    assert trained(folder, "b", data, "--class-weight", "balanced")[0]["refit_rows"] == 300


@case
def it_is_told(folder):
    data, model = table(folder, rows=300), os.path.join(folder, "m")
    result = good("train", data, "--out", model, *HOW)
    assert "then anew on all 300 rows, for as many epochs as were best" in result.out, str(result)
    assert "now anew on all 300 rows" in result.err, str(result)
    lines = dict(line.split(None, 1) for line in result.out.splitlines() if line)
    assert lines["refit"].startswith("yes ") and "270 rows are few" in lines["refit"], str(result)


@case
def where_it_is_not_chosen(folder):
    """Rows that somebody named, or has written down, are for measuring by."""
    data, valid = table(folder, rows=300), table(folder, name="valid.csv", rows=50, seed=2)
    parts = write(os.path.join(folder, "parts"), "\n".join(["row,part"] + [
        "%d,%s" % (i + 1, "valid" if i % 9 == 0 else "train") for i in range(300)]) + "\n")
    for why, more in (("a file of their own", ["--valid", valid]),
                      ("were named", ["--split", "file:" + parts]),
                      ("are written down", ["--split-out", os.path.join(folder, "s")]),
                      ("there are no rows for validation", ["--valid-fraction", "0"]),
                      ("streamed are trained on once", ["--stream"])):
        told, _ = trained(folder, "m", data, *more)
        setting = told["settings"]["refit"]
        assert setting["value"] == "no" and why in setting["reason"], (more, setting)
        assert told["refit_rows"] is None, told
    told, _ = trained(folder, "m", data, "--split", "file:" + parts, "--refit", "yes")
    assert told["refit_rows"] == 300, told


@case
def where_it_cannot_be(folder):
    data, valid = table(folder, rows=300), table(folder, name="valid.csv", rows=50, seed=2)
    out = write(os.path.join(folder, "out"), "before")
    all_train = write(os.path.join(folder, "parts"), "row,part\n" + "".join(
        "%d,%s\n" % (i + 1, "test" if i == 0 else "train") for i in range(300)))
    for why, more in (("a file of their own", ["--valid", valid]),
                      ("leaves none", ["--valid-fraction", "0"]),
                      ("streamed", ["--stream"])):
        refused(2, ["--refit yes trains on the rows for validation", why], "train", data, "--out",
                out, *HOW, "--refit", "yes", *more)
    refused(3, ["--refit yes", "there are no rows for validation", "--refit no"], "train", data,
            "--out", out, *HOW, "--refit", "yes", "--split", "file:" + all_train)
    refused(2, "auto, yes, no", "train", data, "--out", out, *HOW, "--refit", "maybe")
    assert read(out) == b"before"
    no_leftovers(folder)


@case
def cross_validation_takes_it(folder):
    data = table(folder, rows=300)
    how = ["cv", data, "--folds", "2", "--json", *HOW]
    once = good(*how, "--refit", "no").json()
    again = good(*how).json()
    assert once["metrics"] != again["metrics"]
    for a, b in zip(once["rounds"], again["rounds"]):
        assert (a["epochs"], a["training_rows"]) == (b["epochs"], b["training_rows"])


@case
def stopped_on_the_way(folder):
    """The first training is not lost; the second begins anew, and the model is the same."""
    data, model = table(folder, rows=3000), os.path.join(folder, "m.safetensors")
    train = ["train", data, "--label", "group", "--out", model, "--progress", "lines", "--hidden",
             "8", "--batch", "16", "--epochs", "8"]
    process = subprocess.Popen([cli.GROVE, *train], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "now anew" in line:
            process.send_signal(signal.SIGINT)
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in err and "will begin" in err, err
    assert not os.path.exists(model)
    resumed = good(*train[:1], "--resume", *train[1:])
    assert "epoch  1 of 8: training loss" not in resumed.err.split("now anew")[0], str(resumed)
    bytes_of_it = read(model)
    good(*train)
    assert read(model) == bytes_of_it
    no_leftovers(folder)


cli.main()
