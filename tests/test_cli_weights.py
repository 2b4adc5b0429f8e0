#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Weights of rows and classes: --weight-column and --class-weight of train and cv.
from cli import *

METRICS = ["accuracy", "log_loss", "roc_auc"]


def weighted(folder, name="w.csv", rows=400, weigh=lambda i: i % 3, **more):
    """A table with a column w, which the label does not hang on."""
    lines = trees(rows, **more)
    return write(os.path.join(folder, name), text_of(
        [lines[0] + ",w"] + ["%s,%s" % (line, weigh(i)) for i, line in enumerate(lines[1:])]))


def rare(folder, rows=600):
    """Two classes, of which one is rare and told by the height, but not quite."""
    r = random.Random(4)
    lines = ["height,group"]
    for i in range(rows):
        group = "rare" if i % 20 == 0 else "usual"
        lines.append("%.2f,%s" % (r.gauss(5 if group == "rare" else 3.5, 1), group))
    return write(os.path.join(folder, "rare.csv"), text_of(lines))


@case
def rows_by_a_column(folder):
    data, model = weighted(folder), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, *QUICK]
    result = good(*train, "--weight-column", "w")
    assert "rows count by column 'w', in training and in measures\n" in result.out, str(result)
    line = [line for line in result.out.splitlines() if line.startswith("w ")]
    assert len(line) == 1 and "ignored" in line[0], str(result)
    told = good(*train, "--weight-column", "w", "--json", "-q").json()
    assert told["weights"] == {"column": "w", "class_weight": None, "classes": None}, told
    assert good(*train, "--json", "-q").json()["weights"] is None
    # the weights matter; and a column that says the same of all rows changes nothing but rounding
    one, other = weighted(folder, "a.csv", weigh=lambda i: 5), weighted(folder, "b.csv")
    flat = good("train", one, "--label", "group", "--out", model, *QUICK, "--weight-column", "w",
                "--json", "-q").json()
    plain = good("train", other, "--label", "group", "--out", model, *QUICK, "--ignore", "w",
                 "--json", "-q").json()
    for name in ["accuracy", "log_loss"]:
        near(flat["validation"][name], plain["validation"][name], 1e-5)
        assert flat["validation"][name] != told["validation"][name]
    # a model of weighted rows asks for no weights
    assert good("predict", model, table(folder, rows=20)).err == ""


@case
def measures_of_validation_are_weighted(folder):
    """Rows of weight 2 are two rows in the file of --valid."""
    data, model = weighted(folder), os.path.join(folder, "m")
    lines = trees(90, seed=3)
    write(os.path.join(folder, "v.csv"), text_of(
        [lines[0] + ",w"] + ["%s,%d" % (line, i % 3) for i, line in enumerate(lines[1:])]))
    twice = [line for i, line in enumerate(lines[1:]) for _ in range(i % 3)]
    valid = write(os.path.join(folder, "twice.csv"), text_of([lines[0]] + twice))
    told = good("train", data, "--label", "group", "--out", model, *QUICK, "--weight-column", "w",
                "--valid", os.path.join(folder, "v.csv"), "--json", "-q").json()
    again = good("evaluate", model, valid, "--json").json()
    for name in ["accuracy", "log_loss", "baseline_accuracy"]:
        near(told["validation"][name], again[name])


@case
def balanced_classes(folder):
    data, model = rare(folder), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, "--epochs", "20", "--rate", "0.01"]
    recall = []
    for more in [[], ["--class-weight", "balanced"]]:
        good(*train, *more, "-q")
        told = good("evaluate", model, data, "--full", "--json").json()
        recall.append([c["recall"]["value"] for c in told["classes"] if c["class"] == "rare"][0])
    assert recall[0] < 0.5 < recall[1], recall
    told = good(*train, "--class-weight", "balanced", "--json", "-q").json()["weights"]
    assert told["class_weight"] == "balanced" and told["column"] is None, told
    by_class = {c["class"]: c["weight"] for c in told["classes"]}
    near(by_class["rare"], 540 / (2 * 27))
    near(by_class["usual"], 540 / (2 * 513))
    out = good(*train, "--class-weight", "balanced", "-q").out
    assert "classes count alike, in the losses of training and validation, not in" in out, out
    assert re_line(out, "rare", "10"), out


def re_line(text, name, number):
    return any(line.split() == [name, number] for line in text.splitlines())


@case
def classes_by_a_file(folder):
    data, model = rare(folder), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, *QUICK, "--json", "-q"]
    file = write(os.path.join(folder, "c.csv"), "class,weight\nusual,0.5\nrare,4\n")
    told = good(*train, "--class-weight", file).json()["weights"]
    assert told["classes"] == [{"class": "rare", "weight": 4}, {"class": "usual", "weight": 0.5}]
    assert told["class_weight"] == file
    for text, words in [
            ("class,weight\nusual,1\n", "no line tells the weight of class 'rare'"),
            ("class,weight\nusual,1\nrare,x\n", ["line 3, column 'weight': 'x' is no weight"]),
            ("class,weight\nusual,1\nodd,2\n", "line 3: 'odd' is no class of 'group'"),
            ("class,weight\nusual,1\nusual,2\n", "line 3: class 'usual' has a weight already"),
            ("class,weight\nusual,0\nrare,0\n", "every class has the weight 0"),
            ("name,weight\nusual,1\nrare,2\n", "two columns, 'class' and 'weight'")]:
        os.path.exists(model) and os.remove(model)
        refused(3, [words] if isinstance(words, str) else words, *train, "--class-weight",
                write(file, text))
        assert not os.path.exists(model)
    refused(3, "cannot read", *train, "--class-weight", os.path.join(folder, "none.csv"))


@case
def what_is_no_weight_is_refused(folder):
    model = os.path.join(folder, "m")
    more = ["--label", "group", "--out", model, "--weight-column", "w", *QUICK, "-q"]
    for weigh, words in [
            (lambda i: "-1" if i == 7 else 1, "line 9, column 'w': '-1' is no weight"),
            (lambda i: "" if i == 3 else 1, "line 5, column 'w': an empty cell is no weight"),
            (lambda i: "heavy" if i == 3 else 1, "line 5, column 'w': 'heavy' is no weight"),
            (lambda i: "1e99" if i == 3 else 1, "'1e99' is no weight"),
            (lambda i: 0, "column 'w': every training row has the weight 0")]:
        refused(3, words, "train", weighted(folder, weigh=weigh), *more)
    assert not os.path.exists(model)
    data = weighted(folder)
    refused(3, "the nearest name is 'w'", "train", data, "--label", "group", "--out", model,
            "--weight-column", "v", *QUICK)
    refused(2, "name the same column", "train", data, "--label", "group", "--out", model,
            "--weight-column", "group", *QUICK)
    refused(3, "--weight-column names", "train", data, *more, "--valid",
            table(folder, "v.csv", rows=50))
    assert not os.path.exists(model)


@case
def weights_in_cross_validation(folder):
    data = weighted(folder)
    cv = ["cv", data, "--label", "group", "--folds", "3", *QUICK, "--json"]
    plain, told = good(*cv, "--ignore", "w").json(), good(*cv, "--weight-column", "w").json()
    assert told["weights"]["column"] == "w" and plain["weights"] is None, told
    assert told["metrics"]["log_loss"]["mean"] != plain["metrics"]["log_loss"]["mean"]
    both = good(*cv, "--weight-column", "w", "--class-weight", "balanced")
    assert both.json()["weights"]["class_weight"] == "balanced", str(both)
    words = good(*cv[:-1], "--weight-column", "w", "--class-weight", "balanced")
    assert "tested rows count alike" in words.out, str(words)


@case
def a_checkpoint_is_of_its_weights(folder):
    data, model = weighted(folder), os.path.join(folder, "m.safetensors")
    train = ["train", data, "--label", "group", "--out", model, *QUICK, "-q", "--keep-checkpoint"]
    good(*train, "--weight-column", "w")
    refused(4, "--weight-column", *train, "--resume", "--epochs", "4")
    good(*train, "--resume", "--epochs", "4", "--weight-column", "w")
    weighted(folder, weigh=lambda i: 1 + i % 3)
    refused(4, "other data", *train, "--resume", "--epochs", "5", "--weight-column", "w")


if __name__ == "__main__":
    main()
