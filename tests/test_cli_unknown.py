#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Cells that training did not see: --unknown of predict and evaluate, how many they are, and how good
# answers are for rows that have some.
from cli import *


def towns(folder, name="data.csv", rows=600, seed=1, holes=True):
    """The label hangs on the town, of which new.csv has others; the colour may be missing."""
    r = random.Random(seed)
    lines = ["town,colour,size,label"]
    for _ in range(rows):
        town = r.randrange(6)
        colour = "" if holes and r.random() < 0.2 else r.choice(["red", "blue"])
        lines.append("t%d,%s,%.1f,%s" % (town, colour, r.uniform(0, 9), "yes" if town % 2 else "no"))
    return write(os.path.join(folder, name), text_of(lines))


def new(folder):
    """Rows 1-3 are known, 4 has an unknown town, 5 a colour, 6 both, 7 no size."""
    return write(os.path.join(folder, "new.csv"), text_of([
        "town,colour,size,label", "t1,red,5,yes", "t2,blue,5,no", "t3,,5,yes", "t99,red,5,no",
        "t1,green,5,yes", "t98,pink,5,yes", "t2,red,,no"]))


def model_of(folder, **more):
    path = os.path.join(folder, "m.safetensors")
    good("train", towns(folder, **more), "--label", "label", "--out", path, "-q", "--epochs", "20",
         "--rate", "0.01")
    return path


@case
def counted_and_measured_apart(folder):
    model, data = model_of(folder), new(folder)
    told = good("evaluate", model, data, "--json")
    unknown = told.json()["unknown"]
    assert "5 of 21 cells (23.81 %) hold what training did not see: town 2, colour 2, size 1" \
        in told.err, str(told)
    assert (unknown["cells"], unknown["rows"]) == (5, 4), unknown
    near(unknown["share"], 5 / 21)
    assert unknown["columns"] == [{"column": "town", "cells": 2, "policy": "unknown"},
                                  {"column": "colour", "cells": 2, "policy": "unknown"},
                                  {"column": "size", "cells": 1, "policy": "unknown"}], unknown
    assert unknown["with_unknown"]["rows"] == 4 and unknown["without_unknown"]["rows"] == 3
    assert unknown["without_unknown"]["accuracy"] == 1, unknown
    parts = [unknown["with_unknown"], unknown["without_unknown"]]
    near(told.json()["log_loss"], sum(p["rows"] * p["log_loss"] for p in parts) / 7)
    near(told.json()["accuracy"], sum(p["rows"] * p["accuracy"] for p in parts) / 7)
    line = "  accuracy of 4 rows with such cells: %.4g; of the rest: 1\n" % parts[0]["accuracy"]
    for more in [[], ["--full"]]:
        assert line in good("evaluate", model, data, *more).out
    assert good("evaluate", model, data, "--full", "--json").json()["unknown"] == unknown
    known = good("evaluate", model, towns(folder, "k.csv", rows=50, seed=3), "--json").json()
    assert known["unknown"]["with_unknown"] is None and known["unknown"]["rows"] == 0, known
    assert good("predict", model, data, "--json").json()["unknown"]["cells"] == 5


@case
def as_missing(folder):
    model, data = model_of(folder), new(folder)
    empty = write(os.path.join(folder, "empty.csv"), read(data).decode().replace("green", "")
                  .replace("pink", ""))
    one = good("predict", model, data, "--unknown", "missing").out.splitlines()
    other = good("predict", model, empty).out.splitlines()
    plain = good("predict", model, data).out.splitlines()
    assert one == other, "the colour has empty cells in training, the town has none"
    assert one[5] != plain[5] and one[4] == plain[4]
    assert good("predict", model, data, "--unknown", "colour=missing").out.splitlines() == one
    assert good("predict", model, data, "--unknown",
                "missing,colour=unknown").out.splitlines() == plain
    told = good("evaluate", model, data, "--json", "--unknown", "colour=missing").json()["unknown"]
    assert [c["policy"] for c in told["columns"]] == ["unknown", "missing", "unknown"]
    assert told["cells"] == 5 and told["rows"] == 4, told


@case
def as_an_error(folder):
    model, data, out = model_of(folder), new(folder), os.path.join(folder, "out.csv")
    write(out, "before")
    for policy, words in [
            ("error", "line 5, column 'town': 't99' is a category that training did not see"),
            ("town=error", "line 5, column 'town': 't99'"),
            ("colour=error", "line 6, column 'colour': 'green'"),
            ("size=error", "line 8, column 'size': '' is missing, as no number of this column")]:
        refused(3, words, "predict", model, data, "--unknown", policy, "--out", out)
        refused(3, words, "evaluate", model, data, "--unknown", policy)
    assert read(out) == b"before"
    known = towns(folder, "k.csv", rows=50, seed=3)
    good("predict", model, known, "--unknown", "error", "--out", out)
    assert read(out) != b"before"


@case
def what_is_no_policy(folder):
    model, data = model_of(folder), new(folder)
    for command in ["predict", "evaluate"]:
        for policy in ["ignore", "town=ignore", "town=", "unknown=town"]:
            refused(2, "--unknown takes unknown, error or missing", command, model, data,
                    "--unknown", policy)
        refused(2, ["no column 'twon'", "'town'"], command, model, data, "--unknown", "twon=error")


@case
def of_numbers(folder):
    lines = ["town,y"] + ["t%d,%d" % (i % 7, 100 * (i % 7) + i % 40) for i in range(400)]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    model = os.path.join(folder, "m")
    good("train", data, "--label", "y", "--out", model, "-q", "--epochs", "10")
    odd = write(os.path.join(folder, "o.csv"), "town,y\nt1,120\nt99,300\n")
    told = good("evaluate", model, odd, "--json").json()["unknown"]
    assert told["with_unknown"]["rows"] == 1 and told["without_unknown"]["rows"] == 1, told
    assert "mean absolute error of 1 row with such cells" in good("evaluate", model, odd).out


def policies_of(model):
    return {c["name"]: c.get("unknown") for c in good("inspect", model, "--json").json()["columns"]}


@case
def kept_in_the_model(folder):
    data, asked, out = towns(folder), new(folder), os.path.join(folder, "out.csv")
    plain, model = model_of(folder), os.path.join(folder, "kept")
    train = ["train", data, "--label", "label", "-q", "--epochs", "20", "--rate", "0.01"]
    result = good(*train, "--out", model, "--unknown", "colour=missing,town=error")
    assert "; what training did not see: error\n" in result.out, result.out
    shown = good("inspect", model).out
    assert "; what training did not see: missing\n" in shown, shown
    assert policies_of(model) == {"town": "error", "colour": "missing", "size": "unknown",
                                  "label": None}
    # It is obeyed where nothing else is said, and by all that read rows.
    words = "line 5, column 'town': 't99' is a category that training did not see"
    write(out, "before")
    refused(3, words, "predict", model, asked, "--out", out)
    refused(3, words, "evaluate", model, asked)
    refused(3, words, "report", model, asked, "--out", out)
    refused(3, words, "calibrate", model, asked, "--out", out)
    refused(3, words, "embed", model, asked, "--layer", "mlp.0", "--out", out)
    assert read(out) == b"before"
    # What is said goes before it, column by column; the weights are those of any other model.
    both = good("predict", model, asked, "--unknown", "town=unknown").out
    assert both == good("predict", plain, asked, "--unknown", "colour=missing").out
    assert both != good("predict", plain, asked).out
    assert good("predict", model, asked, "--unknown", "unknown").out == good(
        "predict", plain, asked).out
    told = good("evaluate", model, asked, "--unknown", "town=unknown", "--json")
    assert [c["policy"] for c in told.json()["unknown"]["columns"]] == [
        "unknown", "missing", "unknown"], str(told)
    assert "5 of 21 cells (23.81 %) hold what training did not see: town 2" in told.err, str(told)
    # A calibrated model keeps it; a schema file says and repeats it.
    warm, schema = os.path.join(folder, "warm"), os.path.join(folder, "s.json")
    good("calibrate", model, data, "--out", warm)
    assert policies_of(warm) == policies_of(model)
    good("inspect", model, "--schema", schema)
    told = {c["name"]: c.get("unknown") for c in strict_json(read(schema).decode())["columns"]}
    assert told == {"town": "error", "colour": "missing", "size": None, "label": None}, told
    good(*train, "--out", warm, "--schema", schema)
    assert read(warm) == read(model)
    good(*train, "--out", warm, "--schema", schema, "--unknown", "missing,size=error")
    assert policies_of(warm) == {"town": "missing", "colour": "missing", "size": "error",
                                 "label": None}
    good(*train, "--out", warm, "--stream", "--unknown", "size=error")
    assert policies_of(warm)["size"] == "error"


@case
def what_cannot_be_kept(folder):
    data, model = table(folder, rows=100), write(os.path.join(folder, "m"), "old")
    train = ["train", data, "--label", "group", "--out", model, "-q"]
    refused(2, "--unknown takes unknown, error or missing", *train, "--unknown", "species=ignore")
    refused(2, ["no column 'specis'", "did you mean 'species'"], *train, "--unknown", "specis=error")
    refused(2, "column 'group' is label; only categorical and numeric columns", *train, "--unknown",
            "group=error")
    schema = os.path.join(folder, "s.json")
    for kind, value, words in [
            ("categorical", '"eror"', "key 'unknown' takes one of unknown, error, missing; did you "
             "mean 'error'?"),
            ("categorical", "3", "key 'unknown' takes one of unknown, error, missing"),
            ("text", '"error"', "a column of the type text has no key 'unknown'")]:
        write(schema, '{"schema": 1, "columns": [{"name": "species", "type": "%s", "unknown": %s}]}' % (
            kind, value))
        refused(3, ["column 'species'", words], *train, "--schema", schema)
    assert read(model) == b"old"


if __name__ == "__main__":
    main()
