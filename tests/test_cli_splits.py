#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# How rows are split: --split, --split-out, grove split; and warnings of leaks.
import csv
import os
import random

from cli import *

HEADER = ["shop", "color", "when", "part", "x", "y"]


def rows_of(count=600, seed=1):
    draw = random.Random(seed)
    for i in range(count):
        color, x = draw.choice(["red", "green", "blue"]), draw.gauss(0, 1)
        label = "yes" if (color == "red") + x + draw.gauss(0, 0.5) > 0.5 else "no"
        yield ["s%d" % draw.randrange(40), color, "2024-01-%02d" % (1 + i // 30),
               ["train", "train", "valid", "test"][i % 4], "%.3f" % x, label]


def shops(folder, name="shops.csv", rows=None, header=HEADER):
    lines = [",".join(row) for row in [header] + list(rows or rows_of())]
    return write(os.path.join(folder, name), "\n".join(lines) + "\n")


def table_of(path, **how):
    with open(path, newline="") as file:
        return list(csv.reader(file, **how))


def parts_of(folder, data, *options):
    """The part of each row, as grove train writes it down, and what it says in JSON."""
    out, model = os.path.join(folder, "parts.csv"), os.path.join(folder, "m.safetensors")
    told = good("train", data, "--label", "y", "--epochs", "1", "--out", model, "--split-out", out,
                "--json", "-q", *options).json()
    lines = table_of(out)
    assert lines[0] == ["row", "part"]
    assert [line[0] for line in lines[1:]] == [str(i + 1) for i in range(len(lines) - 1)]
    parts = [line[1] for line in lines[1:]]
    for key, word in [("training_rows", "train"), ("validation_rows", "valid"),
                      ("test_rows", "test")]:
        assert told["split"][key] == parts.count(word), told["split"]
    assert told["training_rows"] == parts.count("train")
    return parts, told


def kinds(told):
    return {column["name"]: column["type"] for column in told["columns"]}


@case
def nothing_is_learned_from_rows_for_validation(folder):
    """Not which values there are, nor where numbers lie."""
    rows = [[shop if part == "train" else "new", color, when, part,
             x if part == "train" else "1000", y] for shop, color, when, part, x, y in rows_of()]
    data, model = shops(folder, rows=rows), os.path.join(folder, "m.safetensors")
    train = ["train", data, "--label", "y", "--split", "column:part", "--min-count", "1", "--out",
             model, "-q", *QUICK]
    good(*train, "--refit", "no")
    values = [line.split()[0] for line in good("embed", model, "--column", "shop").out.splitlines()]
    assert "s1" in values and "new" not in values, values
    x = [c for c in good("inspect", model, "--json").json()["columns"] if c["name"] == "x"][0]
    assert abs(x["mean"]) < 1 and x["standard_deviation"] < 2, x


@case
def drawn_class_by_class(folder):
    data = shops(folder)
    parts, told = parts_of(folder, data, "--valid-fraction", "0.2")
    assert parts.count("valid") == 120 and told["split"]["by"] == "stratified"
    again, _ = parts_of(folder, data, "--valid-fraction", "0.2", "--split", "stratified")
    other, _ = parts_of(folder, data, "--valid-fraction", "0.2", "--seed", "2")
    assert again == parts and other != parts


@case
def whole_groups(folder):
    data = shops(folder)
    parts, told = parts_of(folder, data, "--split", "group:shop", "--valid-fraction", "0.25")
    shop = [row[0] for row in rows_of()]
    assert not {s for s, p in zip(shop, parts) if p == "valid"} & \
        {s for s, p in zip(shop, parts) if p == "train"}
    assert abs(parts.count("valid") / 600 - 0.25) < 0.02
    assert kinds(told)["shop"] == "ignored" and kinds(told)["when"] == "categorical"
    _, told = parts_of(folder, data, "--split", "group:shop", "--categorical", "shop")
    assert kinds(told)["shop"] == "categorical"


@case
def the_last_rows_by_time(folder):
    parts, told = parts_of(folder, shops(folder), "--split", "time:when")
    assert parts == ["train"] * 540 + ["valid"] * 60
    assert kinds(told)["when"] == "ignored"


@case
def as_a_column_says(folder):
    data = shops(folder)
    parts, told = parts_of(folder, data, "--split", "column:part")
    assert parts == [row[3] for row in rows_of()] and kinds(told)["part"] == "ignored"
    parts, told = parts_of(folder, data, "--split", "column:color=red")
    assert parts == ["valid" if row[1] == "red" else "train" for row in rows_of()]
    result = good("train", data, "--label", "y", "--epochs", "1", "--split", "column:part", "--out",
                  os.path.join(folder, "m"))
    assert "150 rows are kept for a test" in result.out, str(result)


@case
def a_split_is_read_back(folder):
    data = shops(folder)
    parts, told = parts_of(folder, data, "--split", "group:shop", "--ignore", "shop")
    kept = os.path.join(folder, "kept.csv")
    os.rename(os.path.join(folder, "parts.csv"), kept)
    same, again = parts_of(folder, data, "--split", "file:" + kept, "--ignore", "shop")
    assert same == parts and again["validation"] == told["validation"]
    words = write(os.path.join(folder, "words"), "\n".join(parts))
    same, again = parts_of(folder, data, "--split", "file:" + words, "--ignore", "shop")
    assert same == parts and again["validation"] == told["validation"]


@case
def what_cannot_be_split(folder):
    data, model = shops(folder), os.path.join(folder, "m.safetensors")
    short = write(os.path.join(folder, "short"), "train\nvalid\n")
    out = os.path.join(folder, "parts.csv")
    for code, words, how in [
            (2, "--split takes stratified, group:COLUMN", "shop"),
            (2, "--split takes stratified, group:COLUMN", "group:"),
            (3, "has no column 'shp'; the nearest name is 'shop'", "group:shp"),
            (3, "has no column 'whn'", "time:whn"),
            (3, "line 2: column 'color' holds", "time:color"),
            (3, "names no part; a row is for 'train', 'valid' or 'test'", "column:color"),
            (3, "no row has 'pink' in column 'color'", "column:color=pink"),
            (3, "has parts for 2 rows, but the data has 600", "file:" + short),
            (3, "cannot read", "file:" + os.path.join(folder, "none"))]:
        refused(code, words, "train", data, "--label", "y", "--out", model, "--split", how,
                "--split-out", out)
        assert not os.path.exists(model) and not os.path.exists(out), how
    refused(2, "--valid excludes --split", "train", data, "--label", "y", "--out", model,
            "--valid", data, "--split", "time:when")
    refused(2, "--valid-fraction says nothing here", "train", data, "--label", "y", "--out", model,
            "--split", "column:part", "--valid-fraction", "0.2")
    refused(2, "would write over", "train", data, "--label", "y", "--out", model, "--split-out",
            data)
    refused(2, "--out and --split-out would write the same file", "train", data, "--label", "y",
            "--out", model, "--split-out", model)
    no_leftovers(folder)


# ---- grove split --------------------------------------------------------------------------------


@case
def parts_are_written_as_they_were_read(folder):
    lines = ["name;text", '" a ";"say ""no"""', "b;", '"c;d";"two\nlines"', "e;1,50", "f;x"]
    data = write(os.path.join(folder, "t.csv"), "\n".join(lines) + "\n")
    a, b = os.path.join(folder, "a.csv"), os.path.join(folder, "b.csv")
    parts = os.path.join(folder, "parts.csv")
    result = good("split", data, "--valid-fraction", "0.4", "--out-train", a, "--out-valid", b,
                  "--split-out", parts)
    assert result.out == "3 rows to train on, 2 to validate on\n", str(result)
    both = {"train": table_of(a, delimiter=";"), "valid": table_of(b, delimiter=";")}
    next_row = {"train": 1, "valid": 1}
    for row, (_, part) in zip(table_of(data, delimiter=";")[1:], table_of(parts)[1:]):
        assert both[part][next_row[part]] == row
        next_row[part] += 1
    assert both["train"][0] == both["valid"][0] == ["name", "text"]
    assert b'" a ";"say ""no"""' in read(a) + read(b) and b"e;1,50" in read(a) + read(b)


@case
def three_parts_and_what_is_refused(folder):
    data, path = shops(folder), lambda name: os.path.join(folder, name)
    told = good("split", data, "--split", "column:part", "--out-train", path("a"), "--out-valid",
                path("b"), "--out-test", path("c"), "--json").json()
    assert told["split"]["test_rows"] == 150 and len(table_of(path("c"))) == 151
    refused(2, "--out-test FILE must say where to", "split", data, "--split", "column:part",
            "--out-train", path("d"), "--out-valid", path("e"))
    refused(2, "belong together", "split", data, "--out-train", path("d"))
    refused(2, "nothing would be written", "split", data)
    refused(2, "would write the same file", "split", data, "--out-train", path("d"), "--out-valid",
            path("d"))
    refused(1, "d", "split", data, "--out-train", path("d"), "--out-valid", path("none/e"))
    assert not os.path.exists(path("d"))
    before = read(path("a"))
    refused(1, "/dev/full", "split", data, "--out-train", path("a"), "--out-valid", "/dev/full")
    assert read(path("a")) == before, "one part without the other"
    no_leftovers(folder)


# ---- leaks --------------------------------------------------------------------------------------


def warnings(folder, data, *options):
    result = good("train", data, "--label", "y", "--epochs", "1", "--json", "-q", "--out",
                  os.path.join(folder, "m"), *options)
    told = result.json()["warnings"]
    assert len(result.err.splitlines()) == len(told), str(result)
    for line in result.err.splitlines():
        assert line.startswith("grove train: warning: "), line
    return [(one["kind"], one["column"]) for one in told], told, result.err


@case
def nothing_to_warn_of(folder):
    assert warnings(folder, shops(folder))[0] == []
    few = [[str(i % 3), str(i % 2), "ab"[i % 5 > 2]] for i in range(600)]
    assert warnings(folder, shops(folder, rows=few, header=["a", "b", "y"]),
                    "--categorical", "a,b")[0] == []


@case
def columns_that_name_the_row(folder):
    rows = [["u%d" % (i * 7919 % 100003), str(i + 1)] + row for i, row in enumerate(rows_of())]
    found, told, err = warnings(folder, shops(folder, rows=rows, header=["id", "n"] + HEADER))
    assert found == [("id", "id"), ("id", "n")], err
    assert "column 'id' is nearly an id: 100.0 % of 540 cells" in err, err
    ignored = warnings(folder, shops(folder, rows=rows, header=["id", "n"] + HEADER), "--ignore",
                       "id,n")
    assert ignored[0] == []


@case
def columns_that_tell_the_label(folder):
    draw = random.Random(3)
    rows = [["Y" if row[-1] == "yes" else "N", "%.4f" % ((row[-1] == "yes") + draw.gauss(0, 0.1))] +
            row for row in rows_of()]
    found, told, err = warnings(folder, shops(folder, rows=rows, header=["copy", "score"] + HEADER))
    assert found == [("tells", "copy"), ("tells", "score")], err
    assert "column 'copy' tells the label by itself" in err, err
    # Many values that each have one row tell nothing of other rows.
    rows = [["v%d" % draw.randrange(300)] + row for row in rows_of()]
    found, _, err = warnings(folder, shops(folder, rows=rows, header=["many"] + HEADER))
    assert found == [], err


@case
def rows_in_both_parts(folder):
    rows = list(rows_of())
    twins = rows + [row[:-1] + ["no" if row[-1] == "yes" else "yes"] if i < 20 else row
                    for i, row in enumerate(rows[:100])]
    found, told, err = warnings(folder, shops(folder, rows=twins), "--valid-fraction", "0.3")
    assert found == [("twins", None)], err
    assert told[0]["rows"] > 20 and 0 < told[0]["other_label"] < told[0]["rows"], told
    assert "have the same cells as a training row" in err, err


main()
