#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# train --bayesian: answers of several draws, how far they spread, wide vectors of rare categories,
# the same bytes for the same seed; what it does not go with.
import math

from cli import *

SMALL = ["--epochs", "25", "--kl-weight", "0.2", "--hidden", "16", "--batch", "32", "--rate", "0.01", "-q"]


def rows_of(text):
    head, *lines = [line.split(",") for line in text.splitlines()]
    return [dict(zip(head, line)) for line in lines]


@case
def draws_answer_together(folder):
    data = table(folder, rows=600)
    model = os.path.join(folder, "b.safetensors")
    train = ["train", data, "--label", "group", "--bayesian", "--out", model, *SMALL]
    words = good(*train).out
    for text in ["architecture    mlp        a Bayesian network is one",
                 "dropout         0          a Bayesian network's weights are noise enough"]:
        assert text in words, words
    one = read(model)
    good(*train, "--threads", "2")
    assert read(model) == one
    good(*train, "--seed", "2")
    assert read(model) != one
    good(*train)
    told = good("evaluate", model, data, "--json").json()
    assert told["accuracy"] > 0.8 and told["log_loss"] < 0.7, told
    spread = rows_of(good("predict", model, data, "--uncertainty").out)
    assert all(0 <= float(r["mutual_information"]) <= float(r["entropy"]) + 1e-6 for r in spread)
    # Of a species that no row had the draws know less.
    new = write(os.path.join(folder, "new.csv"), text_of(
        ["species,region,height,trunk"] + ["no such %d,N,8,1" % i for i in range(5)]))
    far = rows_of(good("predict", model, new, "--uncertainty").out)
    mean = sum(float(r["mutual_information"]) for r in spread) / len(spread)
    assert all(float(r["mutual_information"]) > 1.5 * mean for r in far), (far, mean)
    # A row's answer does not hang on the rows beside it.
    lines = text_of(trees(600)).splitlines()
    alone = good("predict", model, "-", stdin="\n".join([lines[0], lines[301]]).encode()).out
    assert alone.splitlines()[1] == good("predict", model, data).out.splitlines()[301]
    more = os.path.join(folder, "more")
    good(*train[:-len(SMALL) - 1], more, *SMALL, "--draws", "16", "--kl-warm-up", "2", "--prior", "2")
    assert read(more) != one
    shown = good("inspect", model)
    assert "How wide the distributions of the vectors are" in shown.out, shown
    told = good("inspect", model, "--json").json()["posteriors"]
    assert [p["column"] for p in told] == ["species", "region"], told
    bins = told[0]["bins"]
    assert sum(b["values"] for b in bins) == len(told[0]["points"]), bins
    assert "posteriors" not in good("inspect", trained(folder)[1], "--json").json()
    good("calibrate", model, data, "--out", more)
    good("report", model, data, "--out", os.path.join(folder, "page.html"))


@case
def numbers_and_sets(folder):
    r = random.Random(2)
    lines = ["x,y"] + ["%.3f,%.3f" % (x, math.sin(3 * x) + r.gauss(0, 0.1))
                       for x in [r.choice([-1, 1]) * r.uniform(0.3, 1) for _ in range(400)]]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    model = os.path.join(folder, "m.safetensors")
    good("train", data, "--label", "y", "--bayesian", "--out", model, "--epochs", "60", "--hidden",
         "32,32", "--batch", "32", "--rate", "0.01", "-q", "--numeric", "x", "--refit", "no",
         "--numbers", "standard")
    asked = write(os.path.join(folder, "a.csv"), "x\n-0.6\n0.6\n0\n3\n-3\n")
    told = [float(row["deviation"])
            for row in rows_of(good("predict", model, asked, "--uncertainty").out)]
    assert min(told[3:]) > 2 * max(told[:2]), told  # far from all rows the band is wide
    assert good("evaluate", model, data, "--json").json()["r2"] > 0.8
    tags = write(os.path.join(folder, "t.csv"), text_of(
        ["a,tags"] + ["k%d,%s" % (i % 7, ["x", "x;y", "", "y"][i % 4]) for i in range(300)]))
    good("train", tags, "--label", "tags", "--label-split", ";", "--bayesian", "--out", model,
         *SMALL)
    assert "mutual_information" in good("predict", model, tags, "--uncertainty").out


@case
def a_training_goes_on(folder):
    data = table(folder, rows=300)
    model, whole = os.path.join(folder, "m"), os.path.join(folder, "w")
    base = ["train", data, "--label", "group", "--bayesian", "--hidden", "8", "--batch", "64", "-q",
            "--refit", "no"]
    good(*base, "--out", whole, "--epochs", "6", "--patience", "6")
    good(*base, "--out", model, "--epochs", "3", "--patience", "6", "--keep-checkpoint")
    good(*base, "--out", model, "--epochs", "6", "--patience", "6", "--resume")
    assert read(model) == read(whole)


@case
def refusals(folder):
    data = table(folder, rows=60)
    out = os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", out]
    for option in ["draws", "prior", "kl-weight", "kl-warm-up"]:
        refused(2, "--%s goes with --bayesian" % option, *train, "--" + option, "3")
    bayesian = train + ["--bayesian"]
    for more in [["--members", "2"], ["--effort", "high"], ["--architecture", "resnet"],
                 ["--crosses", "species*region"], ["--stream"]]:
        refused(2, "--bayesian does not go with", *bayesian, *more)
    refused(3, "a Bayesian network takes no bags and no texts", *bayesian, "--bag", "region")


main()
