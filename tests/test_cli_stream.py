#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Data that are not held in memory: the model is as good as of a table that is, its vocabularies are
# the same, and the same bytes come of every way to the rows; the cache; what is refused.
import gzip
import os
import resource
import signal
import sqlite3
import subprocess

from cli import *

ROWS = 100000
LIMIT = "42M"  # which a table of so many rows does not fit in
NETWORK = ["--hidden", "16", "--batch", "256", "--rate", "0.01", "--numbers", "standard",
           "--baseline", "none", "--average", "0"]


def train(folder, data, *more, name="m.safetensors", **others):
    model = os.path.join(folder, name)
    result = good("train", data, "--label", "group", "--out", model, *NETWORK, *more, **others)
    return result, model


def memory_of(folder, data, *more):
    result, _ = train(folder, data, "--json", *more, name="j.safetensors")
    return result.json()


@case
def as_good_and_the_same_bytes(folder):
    data = table(folder, rows=ROWS)
    test = table(folder, "test.csv", rows=4000, seed=2)
    result, whole = train(folder, data, "--epochs", "2", name="whole.safetensors")
    assert "streamed" not in result.err, str(result)
    few = ["--epochs", "2", "--max-memory", LIMIT]
    result, streamed = train(folder, data, *few, "--threads", "1")
    assert "note: the table would take about" in result.err, str(result)
    assert "rows are streamed" in result.err and "lie in 3.2 MB of" in result.err, str(result)
    assert "memory: about" in result.err and "--max-memory is 44.0 MB" in result.err, str(result)
    assert "memory: " in result.out and "at its peak" in result.out, str(result)
    one = good("evaluate", whole, test, "--json").json()["accuracy"]
    other = good("evaluate", streamed, test, "--json").json()["accuracy"]
    assert one > 0.85 and abs(one - other) < 0.01, (one, other)

    wanted = read(streamed)
    text = read(data)
    packed = write(os.path.join(folder, "data.csv.gz"), gzip.compress(text))
    for source, options, stdin in [(data, ["--threads", "3"], b""), (packed, [], b""),
                                   ("-", [], text), (data, ["--stream"], b"")]:
        result, model = train(folder, source, *few, *options, name="again", stdin=stdin)
        assert read(model) == wanted, (source, options)
        assert ("standard input was copied" in result.err) == (source == "-"), str(result)
    assert read(train(folder, data, *few, "--seed", "2", name="other")[1]) != wanted


@case
def same_columns(folder):
    """With --valid FILE the training rows are the same, so the notes of the columns are, too."""
    data = table(folder, rows=3000)
    valid = table(folder, "valid.csv", rows=500, seed=3)
    epochs = ["--epochs", "2", "--valid", valid]
    _, whole = train(folder, data, *epochs, name="whole")
    _, streamed = train(folder, data, *epochs, "--stream", name="streamed")
    one, other = good("inspect", whole, "--json").json(), good("inspect", streamed, "--json").json()
    assert one["columns"] == other["columns"], (one["columns"], other["columns"])
    for species in ("species 3", "species 77"):
        a = good("nearest", whole, "species", species, "--json").json()
        b = good("nearest", streamed, "species", species, "--json").json()
        assert a["count"] == b["count"] if "count" in a else True, (a, b)
    told = memory_of(folder, data, *epochs, "--stream")
    assert told["training_rows"] == 3000 and told["validation"]["rows"] == 500, told
    assert told["split"] is None and told["memory"]["streamed"], told
    part = memory_of(folder, data, "--epochs", "1", "--stream")
    split = part["split"]
    assert split["by"] == "hash" and split["training_rows"] + split["validation_rows"] == 3000
    assert abs(split["validation_rows"] - 300) < 70, split


@case
def a_database(folder):
    data = table(folder, rows=2000)
    path = os.path.join(folder, "d.db")
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE t (species, region, height, trunk, \"group\")")
    for line in read(data).decode().splitlines()[1:]:
        base.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", line.split(","))
    base.commit()
    base.close()
    epochs = ["--epochs", "1", "--stream"]
    assert read(train(folder, data, *epochs, name="a")[1]) == \
        read(train(folder, "sqlite:%s?table=t" % path, *epochs, name="b")[1])


@case
def the_cache(folder):
    data = table(folder, rows=3000)
    cache = os.path.join(folder, "rows.cache")
    wanted = read(train(folder, data, "--epochs", "1", "--stream")[1])
    first, model = train(folder, data, "--epochs", "1", "--cache", cache)
    assert read(model) == wanted and "which had them" not in first.err, str(first)
    kept = read(cache)
    told = memory_of(folder, data, "--epochs", "2", "--cache", cache)["memory"]
    assert told["cache_used"] and told["row_bytes"] == len(kept), told
    second, model = train(folder, data, "--epochs", "1", "--cache", cache)
    assert "which had them" in second.err and read(model) == wanted, str(second)
    # Damaged, cut off, of other data or another seed: written anew.
    for change in (kept[:5000] + bytes([kept[5000] ^ 1]) + kept[5001:], kept[:-9], kept[:5000]):
        write(cache, change)
        assert not memory_of(folder, data, "--epochs", "1", "--cache", cache)["memory"]["cache_used"]
        assert read(cache) == kept
    train(folder, data, "--epochs", "1", "--cache", cache, "--seed", "2")
    assert read(cache) != kept
    other = table(folder, "other.csv", rows=2000, seed=9)
    assert not memory_of(folder, other, "--epochs", "1", "--cache", cache)["memory"]["cache_used"]
    note = write(os.path.join(folder, "note.txt"), "do not write here\n")
    refused(1, "is no file of rows that grove has written", "train", data, "--label", "group",
            "--out", os.path.join(folder, "none"), "-q", "--cache", note, *NETWORK)
    assert read(note) == b"do not write here\n"
    assert not os.path.exists(os.path.join(folder, "none"))
    no_leftovers(folder)


@case
def classes_that_weigh(folder):
    """The same validation rows as by --valid of a table that is held: the same weights, and a loss
    that is as good."""
    lines = trees(rows=4000)
    rare = [line for i, line in enumerate(lines[1:]) if not line.endswith(",a") or i % 9 == 0]
    data = write(os.path.join(folder, "rare.csv"), text_of(lines[:1] + rare))
    valid = table(folder, "valid.csv", rows=800, seed=3)
    weights = write(os.path.join(folder, "w.csv"), "class,weight\n" + "".join(
        "%s,%s\n" % (name, 5 if name == "a" else 1)
        for name in sorted({line[-1] for line in lines[1:]})))
    for wish in ("balanced", weights):
        more = ["--epochs", "3", "--valid", valid, "--class-weight", wish,
                "--architecture", "mlp"]  # pairs of columns are looked at in tables that are held
        one, other = memory_of(folder, data, *more), memory_of(folder, data, "--stream", *more)
        assert one["weights"] == other["weights"], (one["weights"], other["weights"])
        a, b = one["training_loss"], other["training_loss"]
        assert abs(a - b) < 0.1 * a, (a, b)
        assert abs(one["validation"]["accuracy"] - other["validation"]["accuracy"]) < 0.03
    zero = write(os.path.join(folder, "zero.csv"), "class,weight\nq,1\n")
    refused(3, "zero.csv: line 2: 'q' is no class of 'group'", "train", data, "--label", "group",
            "--out", os.path.join(folder, "none"), "-q", "--stream", "--class-weight", zero)
    write(zero, "class,weight\n" + "".join("%s,%d\n" % (name, name != "b") for name in
                                           sorted({line[-1] for line in lines[1:]})))
    refused(3, "zero.csv: class 'b' has the weight 0, and rows that are streamed are all trained "
            "on", "train", data, "--label", "group", "--out", os.path.join(folder, "none"), "-q",
            "--stream", "--class-weight", zero)
    assert not os.path.exists(os.path.join(folder, "none"))


@case
def numbers_to_predict(folder):
    """Asked for, seen in the first rows, or only far behind: nearly as good as a table held."""
    rows = ["%d,%.2f,%.3f" % (i * 7 % 31, i % 13, (i * 7 % 31) * 2 + (i % 13) ** 2 / 9 + 100)
            for i in range(6000)]
    data = write(os.path.join(folder, "prices.csv"), text_of(["size,age,price"] + rows))
    late = write(os.path.join(folder, "late.csv"), text_of(
        ["size,age,price"] + ["%d,%d,%d" % (i % 5, i % 3, i % 5) for i in range(40000)] +
        ["%d,%d,%d" % (i % 70, i % 3, i % 70) for i in range(3000)]))
    valid = write(os.path.join(folder, "valid.csv"), text_of(["size,age,price"] + rows[:500]))

    def told(source, *more):
        return good("train", source, "--label", "price", "--out", os.path.join(folder, "p"),
                    "--json", "--numbers", "standard", "--batch", "64", "--rate", "0.01",
                    *more).json()

    same = ["--epochs", "4", "--valid", valid]
    whole, streamed = told(data, *same), told(data, "--stream", *same)
    assert streamed["task"]["kind"] == "regression", streamed["task"]
    assert whole["columns"] == streamed["columns"], (whole["columns"], streamed["columns"])
    assert whole["validation"]["r2"] > 0.9 and streamed["validation"]["r2"] > 0.9
    huber = told(data, "--stream", "--loss", "huber", "--epochs", "1")
    assert huber["task"]["loss"] == "huber", huber["task"]
    assert told(late, "--stream", "--epochs", "1")["task"]["kind"] == "regression"
    answers = good("predict", os.path.join(folder, "p"), valid).out.splitlines()
    assert len(answers) == 501, answers[:3]


@case
def what_is_estimated(folder):
    """At least what it takes, and not twice that, for networks of many kinds."""
    if is_sanitized():
        raise Skip("what a program takes that sanitizers watch, says nothing")
    data = table(folder, rows=30000)
    for more in [["--architecture", "wide-deep", "--cross-buckets", "1000000"],
                 ["--architecture", "transformer", "--batch", "2048"],
                 ["--members", "3", "--hidden", "1024,1024"], ["--hidden", "512,512", "--batch",
                                                               "4096"],
                 ["--optimizer", "sgd", "--hidden", "2048,2048", "--refit", "yes"],
                 ["--stream", "--hidden", "2048,2048", "--valid-fraction", "0"]]:
        told = memory_of(folder, data, "--epochs", "1", "--max-memory", "2G", *more)["memory"]
        ratio = told["estimate_bytes"] / told["peak_bytes"]
        assert 1 <= ratio <= 2, (more, told)


@case
def a_cache_that_shrinks(folder):
    """While it is trained on: a sentence, not a signal, and no model."""
    data = table(folder, rows=3000)
    cache, model = os.path.join(folder, "rows.cache"), os.path.join(folder, "none")
    there = sorted(os.listdir(folder)) + ["rows.cache"]
    child = subprocess.Popen([GROVE, "train", data, "--label", "group", "--out", model, "--cache",
                              cache, "--epochs", "100000", "--patience", "100000", "--progress",
                              "lines", *NETWORK], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    for line in child.stderr:
        if line.startswith("epoch"):
            os.truncate(cache, 5000)
            break
    rest = child.communicate()[1]
    assert child.returncode == 1, (child.returncode, rest)
    assert "rows.cache' were cut off while they were read" in rest, rest
    assert sorted(os.listdir(folder)) == sorted(there), os.listdir(folder)


@case
def goes_on(folder):
    data = table(folder, rows=3000)
    wanted = read(train(folder, data, "--stream", "--epochs", "3")[1])
    checkpoint = os.path.join(folder, "c.ckpt")
    steps = ["--stream", "--checkpoint", checkpoint, "--keep-checkpoint"]
    train(folder, data, *steps, "--epochs", "1", name="part")
    assert read(train(folder, data, *steps, "--epochs", "3", "--resume", name="rest")[1]) == wanted
    other = table(folder, "other.csv", rows=3000, seed=9)
    refused(4, "belongs to other data", "train", other, "--label", "group", "--out",
            os.path.join(folder, "rest"), "-q", *NETWORK, *steps, "--epochs", "4", "--resume")


def peak_of(*arguments):
    """The most memory that a run of the command had, in MB."""
    child = subprocess.Popen([GROVE] + list(arguments), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, arguments
    return usage.ru_maxrss / 1e3


@case
def predictions_in_blocks(folder):
    data = table(folder, rows=ROWS)
    lines = read(data).decode().splitlines()
    model = train(folder, table(folder, "few.csv", rows=500), "--epochs", "1")[1]
    out = os.path.join(folder, "answers.csv")
    good("predict", model, data, "--out", out)
    answers = read(out).decode().splitlines()
    assert len(answers) == ROWS + 1
    # A row is answered the same whatever stands before it.
    some = write(os.path.join(folder, "some.csv"), text_of(lines[:1] + lines[-3000:]))
    assert good("predict", model, some).out.splitlines()[1:] == answers[-3000:]
    piped = good("predict", model, "-", stdin=gzip.compress(read(data)))
    assert piped.out.splitlines() == answers, str(piped)
    few, many = peak_of("predict", model, some), peak_of("predict", model, data)
    assert many < few + 5, "%.1f MB for %d rows, %.1f MB for 3000" % (many, ROWS, few)
    # What is wrong far behind leaves no file.
    os.remove(out)
    late = write(os.path.join(folder, "late.csv"), read(data) + b"species 1,N,tall,1.0,a\n")
    refused(3, "late.csv: line %d, column 'height': 'tall' is not a number" % (ROWS + 2),
            "predict", model, late, "--out", out)
    assert not os.path.exists(out)
    no_leftovers(folder)


def limited(size):
    def set_limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return set_limit


@case
def refusals(folder):
    data = table(folder, rows=5000)
    bad = write(os.path.join(folder, "bad.csv"), read(data) + b"species 1,N,1.0,high,a\n")
    model = os.path.join(folder, "none")
    there = sorted(os.listdir(folder))

    def no(code, words, *more, source=data, **others):
        refused(code, words, "train", source, "--label", "group", "--out", model, "-q", *NETWORK,
                *more, **others)
        assert sorted(os.listdir(folder)) == there, os.listdir(folder)

    no(2, "--split needs the table whole", "--stream", "--split", "group:region")
    no(2, "--split-out needs the table whole", "--stream", "--split-out", model + ".split")
    no(2, "--weight-column needs the table whole", "--cache", model + ".c", "--weight-column",
       "trunk")
    prices = write(os.path.join(folder, "prices.csv"), text_of(
        ["size,group"] + ["%d,%d.5" % (i % 40, i % 90) for i in range(500)] + ["1,none"]))
    there = sorted(os.listdir(folder))
    no(3, "prices.csv: line 502, column 'group': 'none' is not a number", "--stream", "--task",
       "regression", source=prices)
    write(prices, b"\n".join(read(prices).splitlines()[:-1]) + b"\n")
    no(3, "--class-weight is for classes, and this is regression (as asked for)", "--cache",
       model + ".c", "--task", "regression", "--class-weight", "balanced", source=prices)
    no(3, "--loss is for labels that are numbers, and this is", "--stream", "--loss", "mae")
    no(1, "a model of these settings alone would take more than the 44.0 MB", "--stream",
       "--max-memory", "42M", "--hidden", "4096,4096")
    no(2, "takes a number of bytes", "--max-memory", "many")
    no(2, "takes a number of bytes", "--max-memory", "1")
    no(2, "would write over", "--cache", data)
    no(1, "training would take about", "--max-memory", "20M")
    no(2, "--text needs the table whole", "--stream", "--text", "species")
    no(2, "--bag needs the table whole", "--stream", "--bag", "species")
    no(3, "column 'words' is taken as a text, which has no place in a file of rows", "--stream",
       source=table_of_texts(folder, there))
    no(1, ["the table does not fit in the 30.4 MB", "--split needs it whole"], "--max-memory",
       "29M", "--split", "group:region")
    no(3, "bad.csv: line 5002, column 'trunk': 'high' is not a number", "--numeric", "trunk",
       "--stream", source=bad)
    no(3, "No such file", "--stream", source=os.path.join(folder, "nothing.csv"))
    no(1, "TMPDIR", "--stream", env=dict(os.environ, TMPDIR=os.path.join(folder, "no")))
    no(1, ["cannot write rows to a temporary file", "File too large", "TMPDIR"], "--stream",
       preexec_fn=limited(100000))
    no(1, "File too large", "--cache", model + ".c", preexec_fn=limited(100000))
    no(1, ["the different values take", "column 'species' has the most"], "--max-memory", "1M",
       "--stream", source=table_of_ids(folder, there))


def table_of_texts(folder, there):
    words = "oak ash elm fir yew box".split()
    rows = (" ".join(words[i * k % 6] for k in range(2, 9)) + " %d,%s" % (i, "ab"[i % 2])
            for i in range(300))
    path = write(os.path.join(folder, "texts.csv"), "words,group\n" + "\n".join(rows) + "\n")
    there.append("texts.csv")
    there.sort()
    return path


def table_of_ids(folder, there):
    path = os.path.join(folder, "ids.csv")
    rows = ("some long name of a species %d,%s" % (i, "ab"[i % 3 == 0]) for i in range(30000))
    write(path, "species,group\n" + "\n".join(rows) + "\n")
    there.append("ids.csv")
    there.sort()
    return path


if __name__ == "__main__":
    main()
