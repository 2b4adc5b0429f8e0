#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove train --boost: a sum of weak models, what is told of its stages, and what does not go with it.
import csv
import io
import os

import cli
from cli import case, good, model_bytes, near, no_leftovers, read, refused, table, text_of, write

HOW = ["--boost", "4", "--hidden", "8", "--batch", "64"]


def boosted(folder, data, *options, label="group"):
    model = os.path.join(folder, "m.safetensors")
    told = good("train", data, "--label", label, "--out", model, "--json", "--quiet", *HOW,
                *options).json()
    return told, model


@case
def the_curve_is_told(folder):
    """In the words and the JSON of train, in inspect, and on the page."""
    data, other = table(folder, rows=600), table(folder, name="new.csv", rows=200, seed=9)
    told, model = boosted(folder, data, "--patience", "4", "--refit", "no")
    curve = told["boosting"]
    assert curve["stages"] == told["epochs"] == 4, told
    assert all(len(curve[k]) == 4 for k in ("step", "searched_loss", "training_loss",
                                            "validation_loss")), curve
    valid = curve["validation_loss"]
    assert curve["best_stage"] == told["best_epoch"] == 1 + valid.index(min(valid)), curve
    near(min(valid), told["validation"]["log_loss"], 1e-5)
    assert curve["training_loss"][-1] < curve["training_loss"][0], curve
    assert good("inspect", model, "--json").json()["boosting"] == curve
    assert "Stage 1 is the first weak model alone" in good("inspect", model).out
    words = good("train", data, "--label", "group", "--out", model, "--patience", "4", "--refit",
                 "no", "--progress", "lines", *HOW)
    assert "stage  4 of 4: training loss" in words.err and "epoch" not in words.err, str(words)
    assert "\n    4  " in words.out and "the model ends here" in words.out, words.out
    page = os.path.join(folder, "page.html")
    good("report", model, other, "--out", page)
    assert b'"best_stage":%d' % curve["best_stage"] in read(page)
    measured = good("evaluate", model, other, "--json").json()
    assert measured["accuracy"] > measured["baseline_accuracy"], measured
    vectors = good("embed", model, "--column", "species", "--out", "-").out
    assert vectors.count("\n") > 10
    no_leftovers(folder)


@case
def without_a_corrective_step_the_loss_never_rises(folder):
    data = table(folder, rows=600)
    told, _ = boosted(folder, data, "--corrective-epochs", "0", "--patience", "9")
    losses = told["boosting"]["training_loss"]
    assert all(b <= a + 1e-6 for a, b in zip(losses, losses[1:])), losses
    for one, other in zip(losses, told["boosting"]["searched_loss"]):
        near(one, other, 1e-5)
    half, _ = boosted(folder, data, "--corrective-epochs", "0", "--boost-rate", "0.5")
    near(half["boosting"]["step"][0], told["boosting"]["step"][0] / 2, 1e-5)
    assert half["boosting"]["training_loss"][0] > losses[0], half


@case
def the_same_seed_is_the_same_file(folder):
    data = table(folder, rows=300)
    one = model_bytes(folder, data, *HOW)
    assert model_bytes(folder, data, *HOW, "--threads", "2") == one
    assert model_bytes(folder, data, *HOW, "--seed", "2") != one


@case
def numbers_sets_weights_and_cv(folder):
    lines = ["x,kind,w,tags,y"]
    for i in range(300):
        tags = ";".join(t for k, t in enumerate(("red", "green", "blue")) if (i % 7) >> k & 1)
        lines.append("%d,k%d,%d,%s,%d.5" % (i % 50, i % 7, 1 + i % 3, tags, i % 50 + 9 * (i % 7)))
    data = write(os.path.join(folder, "n.csv"), text_of(lines))
    for loss in ("mse", "mae", "huber"):
        told, model = boosted(folder, data, "--loss", loss, "--ignore", "tags", "--weight-column",
                              "w", label="y")
        assert told["task"]["kind"] == "regression" and told["boosting"]["stages"] > 0, told
        answers = list(csv.DictReader(io.StringIO(good("predict", model, data).out)))
        assert len(answers) == 300
    told, model = boosted(folder, data, "--label-split", ";", "--ignore", "y,w", "--class-weight",
                          "balanced", label="tags")
    assert told["task"]["kind"] == "multilabel", told
    good("evaluate", model, data, "--full")
    told = good("cv", table(folder, rows=300), "--label", "group", "--folds", "2", "--json",
                *HOW).json()
    assert told["schema"] == 1


@case
def it_is_trained_anew_on_all_rows(folder):
    data = table(folder, rows=400)
    told, model = boosted(folder, data, "--refit", "yes")
    assert told["refit_rows"] == 400, told
    layers = [layer["name"] for layer in good("inspect", model, "--json").json()["layers"]]
    best = told["boosting"]["best_stage"]
    assert "stage.%d.scores" % best in layers and "stage.%d.scores" % (best + 1) not in layers


@case
def what_does_not_go_with_it(folder):
    data, model = table(folder, rows=60), os.path.join(folder, "out.safetensors")
    for options, words in [
            (["--members", "2"], "--members and --effort do not go with --boost"),
            (["--effort", "medium"], "--members and --effort do not go with --boost"),
            (["--architecture", "resnet"], "--architecture does not go with --boost"),
            (["--stream"], "--stream and --cache do not go with --boost"),
            (["--max-memory", "1G"], "--max-memory does not go with --boost"),
            (["--checkpoint", "c"], "--checkpoint does not go with --boost"),
            (["--profile"], "--profile does not go with --boost"),
            (["--crosses", "species*region"], "the weak models of --boost have none"),
            (["--boost", "0"], "--boost"), (["--boost", "257"], "--boost"),
            (["--boost-rate", "2"], "--boost-rate")]:
        refused(2, words, "train", data, "--label", "group", "--out", model, "--boost", "3",
                *options)
    for option in (["--boost-rate", "0.5"], ["--corrective-epochs", "2"]):
        refused(2, option[0] + " belongs to --boost", "train", data, "--label", "group", "--out",
                model, *option)
    no_leftovers(folder)


cli.main()
