#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove cv: each row is tested on once, by a model that did not know it; means and intervals.
import csv
import math
import os
import random

from cli import *

T_95 = {2: 4.302653, 3: 3.182446, 4: 2.776445, 5: 2.570582, 9: 2.262157}  # from printed tables


def shops(folder, count=400, noise=False, name="shops.csv"):
    draw, lines = random.Random(1), ["shop,color,x,y"]
    for i in range(count):
        color, x = draw.choice(["red", "green", "blue"]), draw.gauss(0, 1)
        label = "yes" if (color == "red") + x + draw.gauss(0, 0.5) > 0.5 else "no"
        label = draw.choice(["yes", "no"]) if noise else label
        lines.append("s%d,%s,%.3f,%s" % (draw.randrange(200 if noise else 30), color, x, label))
    return write(os.path.join(folder, name), "\n".join(lines) + "\n")


def cv(data, *options):
    return good("cv", data, "--label", "y", "--epochs", "2", *options)


def predictions(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@case
def every_row_is_tested_once(folder):
    data, out = shops(folder), os.path.join(folder, "p.csv")
    told = cv(data, "--folds", "5", "--json", "--predictions", out).json()
    assert (told["schema"], told["rows"], told["classes"], told["folds"]) == (1, 400, 2, 5)
    lines = predictions(out)
    assert [line["row"] for line in lines] == [str(i + 1) for i in range(400)]
    labels = [line.split(",")[3] for line in read(data).decode().splitlines()[1:]]
    assert [line["label"] for line in lines] == labels
    for f, one in enumerate(told["rounds"]):
        own = [line for line in lines if line["fold"] == str(f + 1)]
        assert one["fold"] == f + 1 and one["test_rows"] == len(own) == 80
        assert one["training_rows"] == 288 and one["validation_rows"] == 32
        near(one["metrics"]["accuracy"],
             sum(line["label"] == line["prediction"] for line in own) / 80)
        loss = -sum(math.log(float(line["probability." + line["label"]])) for line in own) / 80
        near(one["metrics"]["log_loss"], loss, 1e-5)
    assert "warnings" in told and told["warnings"] == []


@case
def intervals_are_those_of_nadeau_and_bengio(folder):
    data = shops(folder)
    for folds, repeats in [(3, 1), (5, 1), (3, 2), (10, 1)]:
        told = cv(data, "--folds", folds, "--repeats", repeats, "--json").json()
        assert len(told["rounds"]) == folds * repeats
        for name in ["accuracy", "balanced_accuracy", "log_loss", "roc_auc"]:
            values = [one["metrics"][name] for one in told["rounds"]]
            count = len(values)
            mean = sum(values) / count
            deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (count - 1))
            ratio = sum(one["test_rows"] / (400 - one["test_rows"])
                        for one in told["rounds"]) / count
            half = T_95[count - 1] * math.sqrt(1 / count + ratio) * deviation
            near(told["metrics"][name]["mean"], mean)
            near(told["metrics"][name]["standard_deviation"], deviation)
            near(told["metrics"][name]["low"], mean - half, 1e-5)
            near(told["metrics"][name]["high"], mean + half, 1e-5)


@case
def the_same_bytes_again(folder):
    data, a, b = shops(folder), os.path.join(folder, "a"), os.path.join(folder, "b")
    first = cv(data, "--folds", "3", "--json", "--predictions", a)
    again = cv(data, "--folds", "3", "--json", "--predictions", b, "--threads", "2")
    assert first.out == again.out and read(a) == read(b)
    other = cv(data, "--folds", "3", "--json", "--seed", "2")
    assert other.out != first.out


@case
def groups_stay_in_one_fold(folder):
    data, out = shops(folder), os.path.join(folder, "p.csv")
    cv(data, "--folds", "4", "--group", "shop", "--predictions", out)
    folds = {}
    for line, row in zip(predictions(out), read(data).decode().splitlines()[1:]):
        folds.setdefault(row.split(",")[0], set()).add(line["fold"])
    assert len(folds) == 30 and all(len(one) == 1 for one in folds.values())


@case
def nothing_leaks_into_a_fold(folder):
    """Labels are drawn without a look at the row: what is better than chance has leaked."""
    data = shops(folder, count=1500, noise=True)
    told = good("cv", data, "--label", "y", "--epochs", "20", "--folds", "5", "--json").json()
    assert abs(told["metrics"]["accuracy"]["mean"] - 0.5) < 0.05, told["metrics"]
    assert told["metrics"]["log_loss"]["mean"] > 0.68, told["metrics"]


@case
def in_words(folder):
    result = cv(shops(folder), "--folds", "3", "--repeats", "2")
    lines = result.out.splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("repeat"))
    assert lines[header].split()[:4] == ["repeat", "fold", "tested", "epochs"]
    assert [line.split()[:2] for line in lines[header + 1:header + 7]] == \
        [[str(r), str(f)] for r in (1, 2) for f in (1, 2, 3)]
    for words in ["95 % interval", "Always the most frequent class: accuracy",
                  "Nadeau and Bengio's variance"]:
        assert words in result.out, str(result)
    assert result.err == "", str(result)


@case
def what_is_refused(folder):
    data, out = shops(folder), os.path.join(folder, "p.csv")
    few = write(os.path.join(folder, "few.csv"), "x,y\n1,a\n2,b\n3,a\n")
    rare = write(os.path.join(folder, "rare.csv"), "x,y\n1,a\n2,b\n3,a\n4,a\n")
    refused(2, "--label COLUMN is missing", "cv", data)
    refused(2, "--folds takes a whole number from 2 to 1000", "cv", data, "--label", "y", "--folds",
            "1")
    refused(3, "3 rows cannot be dealt to 10 folds", "cv", few, "--label", "y")
    refused(3, "line 3: the class 'b' has this row only", "cv", rare, "--label", "y", "--folds",
            "2")
    refused(3, "has no column 'z'", "cv", data, "--label", "z")
    refused(3, "30 groups of column 'shop' cannot be dealt to 31 folds", "cv", data, "--label", "y",
            "--folds", "31", "--group", "shop", "--predictions", out)
    refused(3, "has no column 'shp'; the nearest name is 'shop'", "cv", data, "--label", "y",
            "--group", "shp")
    refused(2, "would write over", "cv", data, "--label", "y", "--predictions", data)
    assert not os.path.exists(out)
    no_leftovers(folder)


main()
