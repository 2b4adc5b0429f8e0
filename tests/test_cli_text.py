#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Tables with texts, and with cells of several values, from guessing to predicting.
import json
import os
import random

from cli import *

TOPICS = ["oil", "grain", "ship"]
WORDS = ["the", "price", "of", "market", "said", "today", "report", "million", "year", "new"]


def reports(rows, seed=1, split=";"):
    """The topic stands as one word in a text, or in one of several tags."""
    r = random.Random(seed)
    lines = ["text,tags,size,topic"]
    for _ in range(rows):
        topic = r.choice(TOPICS)
        words = [r.choice(WORDS) for _ in range(r.randrange(6, 14))] + [str(r.randrange(9999))]
        tags = [r.choice("abcdefgh") for _ in range(r.randrange(4))]
        if r.random() < 0.8:
            words.insert(r.randrange(len(words)), r.choice([topic, topic.capitalize()]) + r.choice(["", ",", "."]))
        else:
            tags.append(topic)
        r.shuffle(tags)
        lines.append('"%s","%s",%d,%s' % (" ".join(words), split.join(tags), r.randrange(50), topic))
    return lines


def data_of(folder, name="reports.csv", **more):
    return write(os.path.join(folder, name), text_of(reports(more.pop("rows", 600), **more)))


def learned(folder, data, *options, name="model"):
    model = os.path.join(folder, name)
    told = good("train", data, "--label", "topic", "--out", model, "--json", "--epochs", "12",
                *options).json()
    return model, told


@case
def texts_are_guessed(folder):
    data = data_of(folder)
    told = good("inspect", data, "--json", "--label", "topic").json()
    assert [c["type"] for c in told["columns"]] == ["text", "categorical", "numeric", "label"], told
    words = good("inspect", data, "--label", "topic").out
    assert "words a cell, seldom twice the same" in words, words
    told = good("inspect", data, "--json", "--categorical", "text").json()
    assert told["columns"][0]["type"] == "categorical", told
    # Not text: long cells that come again and again, and short ones.
    lines = ["a,b"] + ["one of the two long cells here%d,cell %d" % (i % 2, i) for i in range(50)]
    other = write(os.path.join(folder, "other.csv"), text_of(lines))
    told = good("inspect", other, "--json").json()
    assert [c["type"] for c in told["columns"]] == ["categorical"] * 2, told


@case
def a_text_and_a_bag_are_learned(folder):
    data, new = data_of(folder), data_of(folder, "new.csv", seed=2, rows=300)
    model, told = learned(folder, data, "--bag", "tags")
    assert [c["type"] for c in told["columns"]] == ["text", "bag", "numeric", "label"], told
    assert told["columns"][1]["values"] == 11, told
    first = good("evaluate", model, new, "--json").json()
    assert first["accuracy"] > 0.9, first
    # Either one alone knows less; other signs between values; the same bytes on two threads.
    alone, _ = learned(folder, data, "--ignore", "tags", name="alone")
    assert 0.7 < good("evaluate", alone, new, "--json").json()["accuracy"] < first["accuracy"]
    bars = data_of(folder, "bars.csv", split="|")
    other, _ = learned(folder, bars, "--bag", "tags=|", "--threads", "2", name="bars")
    told = good("evaluate", other, data_of(folder, "n.csv", seed=2, rows=300, split="|"),
                "--json").json()
    assert told["accuracy"] == first["accuracy"], told
    rounds = [good("cv", table, "--label", "topic", "--folds", "2", "--epochs", "2", "--json",
                   "--bag", bag).json()["rounds"]
              for table, bag in ((data, "tags"), (bars, "tags=|"))]
    assert rounds[0] == rounds[1], "another sign between values in the second round"
    # Predictions row by row, and what they need: the columns.
    answers = good("predict", model, new).out.splitlines()
    assert len(answers) == 301
    one = good("predict", model, "-", stdin=text_of(reports(300, seed=2)[:2]).encode())
    assert one.out.splitlines()[1].split(",")[0] == answers[1].split(",")[0], one.out
    gone = write(os.path.join(folder, "gone.csv"), "text,size\nx,1\n")
    refused(3, "no column 'tags'", "predict", model, gone)
    good("cv", data, "--label", "topic", "--folds", "2", "--epochs", "2")
    full = good("evaluate", model, new, "--full").out
    assert "accuracy" in full, full


@case
def words_have_vectors(folder):
    data = data_of(folder)
    model, _ = learned(folder, data, "--bag", "tags")
    vectors = good("embed", model, "--column", "text").out.splitlines()
    rows, width = map(int, vectors[0].split())
    assert width == 3 and rows == len(vectors) - 1, vectors[0]
    names = [line.split(" ")[0] for line in vectors[1:]]
    assert "oil" in names and "price_of" in names and "#<oil" in names, names[:40]
    assert "grain" in good("embed", model, "--column", "tags").out
    near = good("nearest", model, "text", "oil", "--json").json()
    assert near, near
    refused(2, "bags or texts", "embed", model, data, "--layer", "probabilities")
    refused(2, "bags or texts", "gradcheck", model, data)
    text = good("transform", model, data).out
    assert text.splitlines()[0] == "text,tags,size,topic", text.splitlines()[0]


@case
def lower_case_of_other_letters(folder):
    """As small letters say the topic, so do capitals; unless a schema says that only A to Z do."""
    r, topics = random.Random(1), {"\u00e9t\u00e9": "warm", "\u0434\u043e\u0436\u0434\u044c": "wet",
                                   "\u03c7\u03b9\u03cc\u03bd\u03b9": "cold"}

    def lines(shout):
        for _ in range(300):
            word = r.choice(list(topics))
            words = [r.choice(WORDS) for _ in range(6)] + [str(r.randrange(9999))]
            words.insert(r.randrange(7), word.upper() if shout else word)
            yield "%s,%s" % (" ".join(words), topics[word])

    data = write(os.path.join(folder, "d.csv"), text_of(["text,topic", *lines(False)]))
    loud = write(os.path.join(folder, "l.csv"), text_of(["text,topic", *lines(True)]))
    schema, accuracy = os.path.join(folder, "s.json"), {}
    for lower in [True, "ascii"]:
        write(schema, json.dumps({"schema": 1, "columns": [
            {"name": "text", "type": "text", "lower": lower, "parts": False, "pairs": False}]}))
        model = os.path.join(folder, "m")
        good("train", data, "--label", "topic", "--schema", schema, "--out", model, "-q",
             "--epochs", "12")
        again = os.path.join(folder, "again.json")
        good("inspect", model, "--schema", again)
        assert strict_json(read(again).decode())["columns"][0]["lower"] == lower
        accuracy[lower] = good("evaluate", model, loud, "--json").json()["accuracy"]
    assert accuracy[True] > 0.95 and accuracy["ascii"] < 0.6, accuracy
    write(schema, '{"schema": 1, "columns": [{"name": "text", "type": "text", "lower": "ASCII"}]}')
    refused(3, "key 'lower' takes true, false or \"ascii\" (only A to Z)", "train", data, "--label",
            "topic", "--schema", schema, "--out", os.path.join(folder, "none"))
    assert not os.path.exists(os.path.join(folder, "none"))


@case
def a_schema_says_how(folder):
    data = data_of(folder)
    path = os.path.join(folder, "schema.json")
    good("inspect", data, "--label", "topic", "--bag", "tags=;", "--schema", path)
    schema = strict_json(read(path).decode())
    text, tags = schema["columns"][:2]
    assert [text[k] for k in ("type", "lower", "pairs", "parts", "hash")] == \
        ["text", True, True, True, None], text
    assert [tags[k] for k in ("type", "split", "combine")] == ["bag", ";", "mean"], tags
    train = ["--label", "topic", "--epochs", "2", "-q"]
    plain = model_bytes(folder, data, "--bag", "tags", *train[2:], label="topic")
    good("train", data, "--schema", path, "--out", os.path.join(folder, "m"), *train)
    assert read(os.path.join(folder, "m")) == plain

    def values(**changes):
        text.update(lower=True, pairs=True, parts=True, hash=None, min_count=None)
        text.update(changes)
        write(path, json.dumps(schema))
        told = good("train", data, "--schema", path, "--out", os.path.join(folder, "m"), "--json",
                    *train).json()
        return told["columns"][0]["embedding"]["rows"]

    words = values(parts=False, pairs=False)
    assert words < values(parts=False) < values(), words
    assert values(parts=False, pairs=False, lower=False) > words
    assert values(parts=False, pairs=False, min_count=100) < words
    assert values(hash={"buckets": 500, "seed": 1}) == 502
    good("evaluate", os.path.join(folder, "m"), data)
    refused(2, "'text' is hashed", "embed", os.path.join(folder, "m"), "--column", "text")
    tags["combine"] = "sum"
    values()
    assert "sum of what stands between ';'" in good("inspect", os.path.join(folder, "m")).out

    def wrong(words, **changes):
        kept = dict(tags)
        tags.update(changes)
        write(path, json.dumps(schema))
        refused(3, ["column 'tags'", *words], "train", data, "--schema", path, "--out", "x", *train)
        tags.clear()
        tags.update(kept)

    wrong(["key 'split'", "one character"], split=";;")
    wrong(["key 'combine'", "mean, sum; did you mean 'mean'?"], combine="meen")
    wrong(["type bag has no key 'pairs'"], pairs=True)
    text["pairs"] = "yes"
    write(path, json.dumps(schema))
    refused(3, ["column 'text': key 'pairs' takes true or false"], "train", data, "--schema", path,
            "--out", "x", *train)
    refused(3, "no column 'tag'", "train", data, "--bag", "tag", "--out", "x", *train)


@case
def a_text_alone(folder):
    lines = [",".join((line.split('",')[0] + '"', line.split(",")[-1])) for line in reports(500)]
    lines[0] = "text,topic"
    lines[5:8] = ['"",oil', '"...",oil', '"",grain']
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    model, told = learned(folder, data)
    reasons = json.dumps(told["settings"])
    assert "inf rows" not in reasons and "vector of numbers" in reasons, reasons
    assert told["validation"]["accuracy"] > 0.75, told
    # A text that is longer than all of training, one of words that nobody knows, an empty one.
    odd = write(os.path.join(folder, "odd.csv"),
                'text\n"%s"\nxyzzy\n""\n' % " ".join("w%d oil" % i for i in range(3000)))
    answers = good("predict", model, odd).out.splitlines()
    assert len(answers) == 4 and answers[1].startswith("oil,"), answers
    told = good("predict", model, odd, "--json").json()
    near(told["unknown_cells"], 1 / 3)
    # Stopped and resumed, the same bytes.
    full = read(model)
    path = os.path.join(folder, "stopped")
    good("train", data, "--label", "topic", "--out", path, "--epochs", "5", "--keep-checkpoint",
         "--checkpoint", path + ".ckpt", "-q")
    good("train", data, "--label", "topic", "--out", path, "--epochs", "12", "--resume",
         "--checkpoint", path + ".ckpt", "-q")
    assert read(path) == full


main()
