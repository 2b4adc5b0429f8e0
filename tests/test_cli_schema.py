#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove inspect --schema and train --schema; cells that are missing, vocabularies of a bounded size,
# hashed columns, rows that are passed over.
import json
import os

from cli import *


def schema_of(folder, data, *options, name="schema.json"):
    """The file that inspect writes, and what stands in it."""
    path = os.path.join(folder, name)
    good("inspect", data, "--label", "group", "--schema", path, *options)
    return path, strict_json(read(path).decode())


def edited(folder, schema, edit):
    edit({c["name"]: c for c in schema["columns"]})
    return write(os.path.join(folder, "edited.json"), json.dumps(schema))


def columns_of(folder, data, *options):
    """What train tells of the columns, by name."""
    told = good("train", data, "--out", os.path.join(folder, "m"), "--json", *QUICK, *options).json()
    return {c["name"]: c for c in told["columns"]}


@case
def round_trip(folder):
    data = table(folder, rows=400)
    for options in [[], ["--na-values", "N,species 3"], ["--max-vocab", "20"],
                    ["--hash-above", "50"], ["--numeric", "trunk", "--ignore", "region"]]:
        path, schema = schema_of(folder, data, *options)
        assert schema["schema"] == 1 and [c["name"] for c in schema["columns"]] == [
            "species", "region", "height", "trunk", "group"], schema
        train = [*QUICK, "--min-count", "2"]
        plain = model_bytes(folder, data, *options, *train)
        out = os.path.join(folder, "by-schema")
        good("train", data, "--schema", path, "--out", out, "-q", *train)
        if "--numeric" not in options:  # which is why it is that: asked for, or guessed as well
            assert read(out) == plain, options
        # A model tells the same columns.
        again = os.path.join(folder, "again.json")
        good("inspect", out, "--schema", again)
        told = strict_json(read(again).decode())["columns"]
        if "--numeric" in options:
            for column in told + schema["columns"]:
                del column["reason"]
        assert told == schema["columns"], options
    assert good("inspect", data, "--label", "group", "--schema", "-").out.startswith("{\n")


@case
def edits_are_obeyed(folder):
    data = table(folder, rows=400)
    _, schema = schema_of(folder, data)

    def edit(columns):
        columns["region"]["type"] = "ignored"
        columns["region"] = {k: columns["region"].pop(k) for k in ("min_count", "max_values", "hash")}
        columns["trunk"].update(type="categorical", min_count=1, max_values=30)
        columns["species"]["hash"] = {"buckets": 40, "seed": 7}
        columns["height"]["missing"] = ["", "12.00"]

    told = columns_of(folder, data, "--schema", edited(folder, schema, edit))
    assert [told[n]["type"] for n in ("species", "region", "height", "trunk", "group")] == [
        "categorical", "ignored", "numeric", "categorical", "label"], told
    assert told["trunk"]["values"] == 30 and told["trunk"]["embedding"]["rows"] == 32, told
    assert told["species"]["buckets"] == 40 and told["species"]["embedding"]["rows"] == 42, told
    # A column that the file leaves out is guessed, the label is asked for, and lists go first.
    few = write(os.path.join(folder, "few.json"),
                '{"schema": 1, "columns": [{"name": "region", "type": "ignored", "hash": null}]}')
    told = columns_of(folder, data, "--schema", few, "--label", "group")
    assert told["region"]["type"] == "ignored" and told["species"]["type"] == "categorical", told
    told = columns_of(folder, data, "--schema", few, "--label", "group", "--categorical", "region")
    assert told["region"]["type"] == "categorical", told
    words = good("cv", data, "--schema", schema_of(folder, data)[0], "--folds", "2", *QUICK).out
    assert "accuracy" in words, words


@case
def mistakes_in_the_file(folder):
    data, out = table(folder, rows=60), write(os.path.join(folder, "m"), "old")
    path = os.path.join(folder, "schema.json")

    def wrong(text, *words):
        write(path, text)
        refused(3, [path, *words], "train", data, "--schema", path, "--out", out)
        assert read(out) == b"old"

    def column(members, *words):
        wrong('{"schema": 1, "columns": [{"name": "species", %s}]}' % members,
              "column 'species'", *words)

    wrong("{", "line 1", "expected")
    wrong("[]", 'it has no "schema": 1')
    wrong('{"schema": 2, "columns": []}', "must be 1")
    wrong('{"schema": 1}', 'no list "columns"')
    wrong('{"schema": 1, "columns": [{}]}', "column 1 of the list: it has no 'name'")
    wrong('{"schema": 1, "columns": [{"name": "species"}]}', "it has no 'type'")
    column('"type": "categoric"', "key 'type'", "'categoric'", "did you mean 'categorical'?")
    column('"type": 3', "key 'type'", "categorical, numeric, label, ignored, target, bag, text")
    column('"type": "categorical", "mincount": 3', "no key 'mincount'; did you mean 'min_count'?")
    column('"type": "categorical", "zzzzzzzzz": 3', "there are name, type, reason, missing")
    column('"type": "numeric", "min_count": 3', "the type numeric has no key 'min_count'")
    column('"type": "categorical", "min_count": 0', "key 'min_count'", "from 1 to 1000000000")
    column('"type": "categorical", "max_values": "9"', "key 'max_values'", "a whole number")
    column('"type": "categorical", "missing": "NA"', "key 'missing'", 'as ["", "NA"]')
    column('"type": "categorical", "missing": ["NA", 3]', "key 'missing', item 2")
    column('"type": "categorical", "hash": 4', "key 'hash'", '{"buckets": N, "seed": S}')
    column('"type": "categorical", "hash": {"seed": 4}', "how many buckets")
    column('"type": "categorical", "hash": {"bucket": 4}', "no 'bucket': it takes buckets and seed")
    column('"type": "categorical", "hash": {"buckets": 0}', "key 'buckets'", "from 1 to")
    column('"type": "categorical", "hash": {"buckets": 4, "seed": -1}', "key 'seed'", "from 0 to")
    column('"type": "text", "parts": 1', "key 'parts' takes true or false")
    wrong('{"schema": 1, "columns": [], "columns": []}', "line 1", "duplicate")
    wrong('{"schema": 1, "columns": [{"name": "", "type": "text"}]}', "it has no 'name'")
    twice = '{"name": "species", "type": "%s"}'
    wrong('{"schema": 1, "columns": [%s, %s]}' % (twice % "ignored", twice % "ignored"),
          "column 'species': it stands there twice")
    wrong('{"schema": 1, "columns": [%s, %s]}' % (twice % "label", (twice % "label").replace(
        "species", "region")), "column 'region'", "'species' is the label already")
    write(path, '{"schema": 1, "columns": [{"name": "specis", "type": "label"}]}')
    refused(3, ["no column 'specis'", "'species'"], "train", data, "--schema", path, "--out", out)
    write(path, '{"schema": 1, "columns": [{"name": "species", "type": "label"}]}')
    refused(3, ["its label is 'species'", "--label says 'group'"], "train", data, "--schema", path,
            "--label", "group", "--out", out)
    write(path, '{"schema": 1, "columns": [{"name": "species", "type": "numeric"}]}')
    refused(2, ["no column of the type label", "--label"], "train", data, "--schema", path,
            "--out", out)
    refused(3, ["line 2, column 'species'", "is not a number"], "train", data, "--schema", path,
            "--label", "group", "--out", out)
    none = refused(3, f"cannot read '{path}none': No such file", "train", data, "--schema",
                   path + "none", "--out", out)
    assert none.err.count(path + "none") == 1 and read(out) == b"old"
    refused(2, ["--schema", "would write over"], "inspect", data, "--schema", data)
    refused(2, ["--out", "would write over"], "train", data, "--schema", path, "--out", path)
    assert read(out) == b"old"


@case
def missing_values(folder):
    lines = trees(300)
    data = write(os.path.join(folder, "data.csv"), text_of(lines))
    marked = [lines[0]] + [",".join("?" if not cell or cell == "N" else cell
                                    for cell in line.split(",")) for line in lines[1:]]
    emptied = [lines[0]] + [",".join("" if cell == "N" else cell for cell in line.split(","))
                            for line in lines[1:]]
    write(os.path.join(folder, "marked.csv"), text_of(marked))
    write(os.path.join(folder, "emptied.csv"), text_of(emptied))
    refused(3, ["column 'height'", "'?' is not a number"], "train", os.path.join(folder, "marked.csv"),
            "--numeric", "height", "--label", "group", "--out", os.path.join(folder, "x"))
    told, models = {}, {}
    for name, more in [("marked", ["--na-values", "?"]), ("emptied", [])]:
        path = os.path.join(folder, name + ".csv")
        models[name] = os.path.join(folder, name)
        told[name] = good("train", path, "--label", "group", "--out", models[name], "--json",
                          *QUICK, *more).json()
    assert told["marked"]["validation"] == told["emptied"]["validation"], told
    # The model knows what is missing: no option says it again.
    answers = [good("predict", models[n], os.path.join(folder, n + ".csv")).out for n in models]
    assert answers[0] == answers[1] and answers[0].count("\n") == 301, answers
    label = write(os.path.join(folder, "label.csv"), "a,y\n1,p\n2,q\n3,?\n")
    refused(3, ["line 4", "the label is missing"], "train", label, "--label", "y", "--na-values",
            "?,-", "--out", os.path.join(folder, "x"))


@case
def large_vocabularies(folder):
    data = table(folder, rows=600)
    few = columns_of(folder, data, "--label", "group", "--max-vocab", "9")
    assert few["species"]["values"] == 9 and few["region"]["values"] == 4, few
    model = os.path.join(folder, "hashed")
    result = good("train", data, "--label", "group", "--out", model, "--hash-above", "60", *QUICK)
    assert "species  categorical          -          0  text, 146 distinct values; hashed into 60 " \
        "rows" in result.out, result.out
    assert "table of 'species': 62 rows x 16 numbers = 992 parameters, 4.0 kB" in result.err
    # A new value has rows as well: nothing is unknown.
    new = table(folder, "new.csv", rows=50, first_species=5000)
    assert good("predict", model, new, "--json").json()["unknown_cells"] == 0
    assert len(set(good("predict", model, new).out.splitlines())) > 10
    for words in (["embed", model, "--column", "species"], ["nearest", model, "species", "species 1"],
                  ["transform", model, data]):
        refused(2, ["'species' is hashed"], *words)
    good("embed", model, "--column", "region")
    a = model_bytes(folder, data, "--hash-above", "60", *QUICK)
    assert a == read(model) and a != model_bytes(folder, data, "--hash-above", "61", *QUICK)


@case
def bad_rows(folder):
    lines = trees(120)
    broken = lines[:5] + ["a,b"] + lines[5:30] + ["a,b,1,2,c,d"] + lines[30:]
    data = write(os.path.join(folder, "d.csv"), text_of(broken))
    out = os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", out, "-q", *QUICK]
    refused(3, ["line 6 has 2 cells, the header has 5"], *train)
    refused(3, ["line 32 has 6 cells, the header has 5"], *train, "--max-bad-rows", "1")
    assert not os.path.exists(out)
    result = good(*train, "--max-bad-rows", "2")
    assert "d.csv: 2 rows with too many or too few cells were passed over, the first on line 6" \
        in result.err, str(result)
    write(data, text_of(lines))
    assert read(out) == model_bytes(folder, data, *QUICK)


main()
