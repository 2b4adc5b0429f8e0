#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove predict, and that grove evaluate tells of its answers what Python computes from them; models
# of other programs.
import csv
import io
import math
import os
import subprocess

from cli import *


def answers(text):
    """Classes, predictions, probabilities [rows][classes] of a CSV of predict."""
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows[0][0] == "prediction" and all(n.startswith("probability.") for n in rows[0][1:])
    classes = [name[len("probability."):] for name in rows[0][1:]]
    for row in rows[1:]:
        assert len(row) == len(rows[0]), row
    return classes, [row[0] for row in rows[1:]], [[float(p) for p in row[1:]] for row in rows[1:]]


def column(lines, name):
    rows = list(csv.DictReader(lines))
    return [row[name] for row in rows]


# ---- the numbers of evaluate --------------------------------------------------------------------


def area(scores, positive):
    """The area under the ROC curve, by comparing each pair of rows; ties count half."""
    wins = pairs = 0
    for a, is_a in zip(scores, positive):
        for b, is_b in zip(scores, positive):
            if is_a and not is_b:
                pairs += 1
                wins += 1 if a > b else 0.5 if a == b else 0
    return wins / pairs


def check_evaluation(folder, classes, *options):
    data, model = trained(folder, *options, rows=600, classes=classes)
    lines = trees(250, classes, seed=9, first_species=20)
    test = write(os.path.join(folder, "test.csv"), text_of(lines))
    told = good("evaluate", model, test, "--json").json()
    names, predictions, p = answers(good("predict", model, test).out)
    truth = column(lines, "group")
    own = [row[names.index(label)] for row, label in zip(p, truth)]
    for row, prediction in zip(p, predictions):
        near(sum(row), 1, 1e-5)
        assert names[row.index(max(row))] == prediction
    train = column(read(data).decode().splitlines(), "group")
    majority = max(sorted(set(train)), key=train.count)
    near(told["accuracy"], sum(a == b for a, b in zip(predictions, truth)) / len(truth))
    near(told["log_loss"], -sum(math.log(max(x, 2.0 ** -23)) for x in own) / len(own))
    near(told["baseline_accuracy"], truth.count(majority) / len(truth))
    if classes == 2:
        scores = [row[1] for row in p]
        near(told["roc_auc"], area(scores, [label == names[1] for label in truth]))
        return scores
    assert told["roc_auc"] is None
    known = set(column(read(data).decode().splitlines(), "species"))
    unknown = sum(species not in known for species in column(lines, "species"))
    assert unknown > 10
    near(told["unknown_cells"], unknown / (4 * 250))


@case
def decimal_commas_belong_to_the_file(folder):
    data, model = trained(folder)
    german = os.path.join(folder, "german.csv")
    write(german, read(data).decode().replace(",", ";").replace(".", ","))
    for command in ("predict", "evaluate"):
        plain = good(command, model, data).out
        assert good(command, model, german, "--decimal", ",").out == plain
        refused(3, ["line ", "is not a number"], command, model, german)
    points = write(os.path.join(folder, "points.csv"), read(data).decode().replace(",", ";"))
    refused(3, ["line ", "is not a number"], "predict", model, points, "--decimal", ",")


@case
def evaluate_three_classes(folder):
    check_evaluation(folder, 3, *QUICK, "--min-count", "1", "--valid-fraction", "0")


@case
def evaluate_two_classes(folder):
    check_evaluation(folder, 2, *QUICK)


@case
def evaluate_with_ties(folder):
    scores = check_evaluation(folder, 2, *QUICK, "--ignore", "species,height,trunk")
    assert len(set(scores)) <= 5, "the region alone gives few different answers"


@case
def auc_of_one_class(folder):
    """Where a table has one of the two classes only, there is no curve: null, not 0 or NaN."""
    _, model = trained(folder, classes=2)
    lines = trees(100, 2, seed=3)
    one = text_of([lines[0]] + [line for line in lines if line.endswith(",a")])
    result = good("evaluate", model, "-", "--json", stdin=one.encode())
    assert result.json()["roc_auc"] is None, str(result)
    result = good("evaluate", model, "-", stdin=one.encode())
    assert "ROC AUC" not in result.out and "nan" not in result.out, str(result)


# ---- predict ------------------------------------------------------------------------------------


@case
def other_forms_of_a_table(folder):
    """Standard input, no label, another order, more columns: the same answers."""
    data, model = trained(folder)
    content = read(data)
    first = good("predict", model, data)
    one = first.out
    rows = list(csv.reader(content.decode().splitlines()))
    assert good("predict", model, "-", stdin=content).out == one, "standard input"
    assert good("predict", model, data, "--threads", "2").out == one, "two threads"

    def same(words, rows):
        result = good("predict", model, "-", stdin=text_of([",".join(r) for r in rows]).encode())
        assert result.out == one and result.err == first.err, words

    same("no label", [row[:-1] for row in rows])
    same("another order", [row[::-1] for row in rows])
    same("more columns", [["x%d" % i] + row + ["y"] for i, row in enumerate(rows)])
    same("a label that training did not see", rows[:1] + [row[:-1] + ["zebra"] for row in rows[1:]])
    single = "".join(good("predict", model, "-", stdin=",".join(rows[0]).encode() + b"\n" +
                          ",".join(row).encode()).out.splitlines()[1] + "\n" for row in rows[1:30])
    for a, b in zip(answers(one)[2], answers(one.splitlines()[0] + "\n" + single)[2]):
        for x, y in zip(a, b):
            near(x, y)


@case
def output_file(folder):
    data, model = trained(folder, *QUICK, "--refit", "no")  # so that cells hold what training did not see
    out = write(os.path.join(folder, "out.csv"), "before")
    os.chmod(out, 0o640)
    result = good("predict", model, data, "--out", out)
    assert result.out == "" and "cells" in result.err, str(result)
    assert read(out).decode() == good("predict", model, data).out
    assert os.stat(out).st_mode & 0o777 == 0o640
    link = os.path.join(folder, "link")
    os.symlink("out.csv", link)
    good("predict", model, data, "--out", link, "--json")
    assert os.path.islink(link) and strict_json(read(out).decode())["rows"] == 300
    assert good("predict", model, data, "--out", "/dev/stdout").out == \
        good("predict", model, data, "--out", "-").out
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
    good("predict", model, data, "--out", fifo)
    assert reader.communicate(timeout=30)[0].decode() == good("predict", model, data).out
    no_leftovers(folder)


@case
def json_answers(folder):
    data, model = trained(folder)
    told = good("predict", model, data, "--json").json()
    names, predictions, p = answers(good("predict", model, data).out)
    assert list(told) == ["schema", "rows", "unknown_cells", "unknown", "classes", "predictions"], told
    assert (told["schema"], told["rows"], told["classes"]) == (1, 300, names)
    assert [row["prediction"] for row in told["predictions"]] == predictions
    for mine, row in zip(p, told["predictions"]):
        for a, b in zip(mine, row["probabilities"]):
            near(a, b, 1e-7)  # CSV: the shortest text of a float; JSON: 9 digits


@case
def unknown_values_are_counted(folder):
    _, model = trained(folder, *QUICK, "--min-count", "1", rows=2000)
    lines = trees(100, seed=2)
    for i in (3, 50, 51):
        lines[i] = "no such tree" + lines[i][lines[i].index(","):]
    lines[60] = lines[60].split(",")[0] + ",Q,1,1,a"
    content = text_of(lines).encode()
    words = ("grove %s: 4 of 400 cells (1.00 %%) hold what training did not see: species 3, "
             "region 1\n")
    result = good("predict", model, "-", stdin=content)
    assert result.err == words % "predict" and len(result.out.splitlines()) == 101, str(result)
    result = good("evaluate", model, "-", "--json", stdin=content)
    assert result.err == words % "evaluate", str(result)
    near(result.json()["unknown_cells"], 0.01)
    assert "unknown cells      1.00 %" in good("evaluate", model, "-", stdin=content).out
    near(good("predict", model, "-", "--json", stdin=content).json()["unknown_cells"], 0.01)


@case
def empty_cells(folder):
    """A state of their own: neither zero nor the mean, where training had them."""
    rows = [("", "p") if i % 3 == 0 else (i % 7 - 3, "q") for i in range(210)]
    lines = ["x,y"] + ["%s,%s" % row for row in rows]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    model = os.path.join(folder, "m")
    good("train", data, "--label", "y", "--out", model, "--epochs", "40", "--rate", "0.01", "-q")
    result = good("predict", model, "-", stdin=b'x\n""\n0\n3\n')
    assert answers(result.out)[1] == ["p", "q", "q"] and result.err == "", str(result)
    # Where training had none, an empty cell is what it did not see.
    _, model = trained(folder)
    result = good("predict", model, "-", stdin=b"species,region,height,trunk\nspecies 1,N,1,\n")
    assert "trunk 1" in result.err, str(result)
    result = good("predict", model, "-", stdin=b"species,region,height,trunk\n,,,1\n")
    assert "height" not in result.err and "species" not in result.err, str(result)


@case
def odd_class_names(folder):
    names = ['a,b', 'say "x"', "two\nlines", " blank ", "é", "plain", "'", "a\r\nb"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["v", "y"])
    for i in range(400):
        writer.writerow(["v%d" % (i % len(names)), names[i % len(names)]])
    data = write(os.path.join(folder, "d.csv"), out.getvalue())
    model = os.path.join(folder, "m")
    good("train", data, "--label", "y", "--out", model, "--epochs", "30", "--rate", "0.01", "-q")
    classes, predictions, _ = answers(good("predict", model, data).out)
    assert classes == sorted(names, key=lambda name: name.encode()), classes
    assert predictions == [names[i % len(names)] for i in range(400)]
    told = good("predict", model, data, "--json").json()
    assert told["classes"] == classes
    assert [row["prediction"] for row in told["predictions"]] == predictions


@case
def numeric_class_names(folder):
    """Classes of numbers stand in the order of numbers, and keep the form they were written in."""
    lines = ["v,y"] + ["v%d,%s" % (i % 3, ["10", "9", "-1.50"][i % 3]) for i in range(90)]
    data, model = write(os.path.join(folder, "d.csv"), text_of(lines)), os.path.join(folder, "m")
    good("train", data, "--label", "y", "--out", model, *QUICK)
    assert answers(good("predict", model, data).out)[0] == ["-1.50", "9", "10"]


@case
def locale_does_not_matter(folder):
    data, model = trained(folder)
    one = good("predict", model, data).out
    for locale in ("de_DE.UTF-8", "fr_FR", "tr_TR.UTF-8"):
        env = dict(os.environ, LC_ALL=locale, LANG=locale)
        assert good("predict", model, data, env=env).out == one


@case
def pipe_that_closes(folder):
    """predict | head -1 ends quietly, long before all rows are written."""
    data, model = trained(folder, rows=8000)
    process = subprocess.Popen(RUNNER + [GROVE, "predict", model, data],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"prediction,")
    process.stdout.close()
    assert process.wait(60) == -13, "ended by SIGPIPE"
    assert process.stderr.read() == b""
    process.stderr.close()


# ---- models of other programs -------------------------------------------------------------------


def plain_model(folder, *options):
    maker = os.environ.get("GROVE_MAKE_PLAIN_MODEL")
    if not maker:
        raise Skip("$GROVE_MAKE_PLAIN_MODEL is not set")
    model = os.path.join(folder, "plain%d" % len(options))
    subprocess.run(RUNNER + [maker, model, *options], check=True)
    return model


PLAIN = "kind,x.1,x.0,more\n0,0,1,a\n4,0.5,3,b\n2,-1,0.25,c\n"


@case
def plain_model_works(folder):
    model = plain_model(folder)
    told = good("inspect", model, "--json").json()
    assert list(told) == ["schema", "depth", "parameters", "bytes", "layers"], told
    assert (told["parameters"], told["bytes"], told["depth"]) == (2 + 1 + 5, 32, 1), told
    text = good("inspect", model).out
    assert "offset" in text and "[batch, 1]" in text and "column " not in text, text
    result = good("predict", model, "-", stdin=PLAIN.encode())
    assert result.out == ("y.0,both.0,both.1,both.2\n1,1,1,0\n42,42,3,0.5\n22.25,22.25,0.25,-1\n")
    many = PLAIN.splitlines()[0] + "\n" + "".join("%d,%d,%d,z\n" % (i % 5, i, 2 * i)
                                                  for i in range(1000))
    result = good("predict", model, "-", "--threads", "2", stdin=many.encode())
    assert [float(line.split(",")[0]) for line in result.out.splitlines()[1:]] == [
        i % 5 * 10.0 for i in range(1000)]
    out = os.path.join(folder, "out.csv")
    good("predict", model, "-", "--out", out, stdin=PLAIN.encode())
    assert read(out).startswith(b"y.0,both.0,")


@case
def own_op_is_refused(folder):
    """An op of the saving program's own: the file holds its name, and no code."""
    model = plain_model(folder, "own")
    data = write(os.path.join(folder, "plain.csv"), PLAIN)
    words = ["has the op 'half'", "none of grove's own", "a program that has this op"]
    refused(4, words, "inspect", model)
    refused(4, words, "predict", model, data)
    refused(4, words, "evaluate", model, data)


@case
def plain_model_refuses(folder):
    model = plain_model(folder)
    data = write(os.path.join(folder, "plain.csv"), PLAIN)
    refused(4, "does not say what its columns are", "evaluate", model, data)
    refused(2, "--json", "predict", model, data, "--json")
    out = write(os.path.join(folder, "out.csv"), "before")

    def bad(words, content):
        refused(3, words, "predict", model, "-", "--out", out, stdin=content.encode())

    bad(["standard input", "no column 'x.0'"], "kind,x.1\n1,1\n")
    bad(["line 3", "column 'kind'", "'1.5'", "whole number"], "kind,x.0,x.1\n1,1,1\n1.5,1,1\n")
    bad(["line 2", "column 'x.1'", "'one'", "number"], "kind,x.0,x.1\n1,1,one\n")
    bad(["line 2", "column 'x.1'", "''", "number"], "kind,x.0,x.1\n1,1,\n")
    bad(["line 2", "kind", "5"], "kind,x.0,x.1\n5,1,1\n")
    bad(["line 2", "kind", "-1"], "kind,x.0,x.1\n-1,1,1\n")
    assert read(out) == b"before"
    no_leftovers(folder)
    wide = plain_model(folder, "wide")
    refused(4, ["'total'", "[batch, ...]"], "predict", wide, data)
    shapes = {n["name"]: n["shape"] for n in good("inspect", wide, "--json").json()["layers"]}
    assert shapes["longer"] == ["batch + 3", 1] and shapes["y"] == ["batch", 1], shapes


main()
