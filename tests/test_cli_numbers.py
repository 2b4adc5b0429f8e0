#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# What the network is given of numbers: --numbers, and the key "numbers" of a schema, column by
# column.
import math

from cli import *


def tides(folder, name="data.csv", rows=1200, seed=1):
    """The level is a sine of the hour, of six turns in the table, and a little of the wind."""
    r = random.Random(seed)
    lines = ["hour,wind,harbour,level"]
    for _ in range(rows):
        hour, wind, harbour = r.uniform(0, 72), r.gauss(5, 2), r.choice("AB")
        level = math.sin(hour / 12 * 2 * math.pi) + 0.1 * wind + r.gauss(0, 0.05)
        lines.append("%.3f,%s,%s,%.4f" % (hour, "" if r.random() < 0.1 else "%.2f" % wind, harbour,
                                          level))
    return write(os.path.join(folder, name), text_of(lines))


def schema_with(folder, data, name="s.json", **numbers):
    path = os.path.join(folder, name)
    good("inspect", data, "--label", "level", "--schema", path)
    schema = strict_json(read(path).decode())
    for column in schema["columns"]:
        assert column.get("numbers", "") == (None if column["type"] == "numeric" else "")
        if column["name"] in numbers:
            column["numbers"] = numbers[column["name"]]
    return write(path, json.dumps(schema))


def nodes(model):
    return {n["name"] for n in good("inspect", model, "--json").json()["layers"]}


@case
def waves_learn_what_a_line_does_not(folder):
    data, test, r2 = tides(folder), tides(folder, "test.csv", rows=400, seed=2), {}
    for form in ["standard", "periodic"]:
        model = os.path.join(folder, form)
        told = good("train", data, "--label", "level", "--out", model, "-q", "--seed", "1",
                    "--epochs", "40", "--numbers", form, "--json").json()
        assert told["settings"]["numbers"]["value"] == form, told["settings"]
        r2[form] = good("evaluate", model, test, "--json").json()["r2"]
    assert r2["periodic"] > 0.9 and r2["standard"] < 0.6, r2


@case
def column_by_column(folder):
    data, model = tides(folder, rows=300), os.path.join(folder, "m")
    schema = schema_with(folder, data, hour="periodic", wind="bins")
    train = ["--label", "level", "--task", "regression", "--schema", schema, *QUICK]
    result = good("train", data, "--out", model, *train, "--numbers", "standard")
    assert "; numbers periodic\n" in result.out and "; numbers bins\n" in result.out, result.out
    named = nodes(model)
    assert {"periodic", "waves", "bins"} <= named, named
    told = {c["name"]: c for c in good("inspect", model, "--json").json()["columns"]}
    assert told["hour"]["numbers"] == "periodic" and told["wind"]["numbers"] == "bins", told
    # The model's own schema says it again, and gives the same model.
    again = os.path.join(folder, "again.json")
    good("inspect", model, "--schema", again)
    good("train", data, "--out", os.path.join(folder, "n"), *train[:4], "--schema", again, *QUICK,
         "--numbers", "standard", "-q")
    assert read(model) == read(os.path.join(folder, "n"))
    # Whatever reads a model reads this one.
    lines = good("predict", model, data).out.splitlines()
    assert len(lines) == 301 and len(set(lines)) > 250
    assert good("evaluate", model, data, "--full", "--json").json()["metrics"]["r2"]
    assert good("embed", model, data, "--layer", "waves").out.count("\n") >= 300
    told = good("cv", data, *train, "--folds", "3", "--json").json()
    assert told["schema"] == 1, told
    assert "waves.weight" in good("gradcheck", model, data).out


@case
def gone_on_with(folder):
    """A checkpoint belongs to its numbers."""
    data, model = tides(folder, rows=300), os.path.join(folder, "m")
    train = ["train", data, "--label", "level", "--out", model, "-q", "--hidden", "8", "--batch",
             "64", "--keep-checkpoint", "--schema", schema_with(folder, data, hour="periodic")]
    good(*train, "--epochs", "2")
    good(*train, "--epochs", "4", "--resume")
    resumed = read(model)
    os.unlink(os.path.join(folder, "m.ckpt.safetensors"))
    good(*train, "--epochs", "4")
    assert read(model) == resumed
    good(*train, "--epochs", "2")
    before = read(model)
    schema_with(folder, data, hour="bins")
    refused(4, "cannot go on from", *train, "--epochs", "4", "--resume")
    assert read(model) == before


@case
def what_is_no_form(folder):
    data, model = tides(folder, rows=60), write(os.path.join(folder, "m"), "old")
    train = ["train", data, "--label", "level", "--out", model, "-q"]
    for numbers, words in [({"hour": "peridic"}, ["column 'hour'", "key 'numbers' takes one of "
                                                  "standard, bins, periodic; did you mean "
                                                  "'periodic'?"]),
                           ({"hour": 3}, ["column 'hour'", "key 'numbers' takes one of"]),
                           ({"harbour": "bins"}, ["column 'harbour'", "a column of the type "
                                                  "categorical has no key 'numbers'"]),
                           ({"level": "bins"}, ["column 'level'", "has no key 'numbers'"])]:
        refused(3, words, *train, "--schema", schema_with(folder, data, **numbers))
    refused(2, ["--numbers", "standard", "periodic"], *train, "--numbers", "sines")
    assert read(model) == b"old"


main()
