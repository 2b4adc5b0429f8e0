#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove compare: one column's table in several forms; what it tells is true, and what it cannot do
# it refuses.
import os

from cli import *

FORMS = ["one-hot", "embedding", "hashed", "hashed", "hashed", "quotient-remainder"]


def trees_of(folder, name="trees.csv", count=1500):
    return write(os.path.join(folder, name), text_of(trees(count, classes=3)))


def compare(data, *options):
    return good("compare", data, "--label", "group", "--column", "species", "--hidden", "16",
                "--epochs", "3", "-q", *options)


@case
def every_form_is_trained_and_told(folder):
    told = compare(trees_of(folder), "--dropout", "0", "--table-dropout", "0", "--json").json()
    forms = told["forms"]
    assert told["schema"] == 1 and told["column"] == "species" and told["label"] == "group"
    assert [form["form"] for form in forms] == FORMS
    full = told["values"] * told["width"]
    one_hot, embedding = forms[0], forms[1]
    assert one_hot["column_parameters"] == embedding["column_parameters"] == full
    assert embedding["difference"] is None and embedding["collisions"] is None
    near(one_hot["log_loss"]["value"], embedding["log_loss"]["value"], 1e-3)
    for form in forms:
        rest = form["parameters"] - form["column_parameters"]
        assert rest == embedding["parameters"] - full  # all else is the same network
        assert form["memory_bytes"] > 4 * form["parameters"] and form["step_us"] > 0
        for name in ["log_loss", "accuracy"]:
            assert form[name]["low"] <= form[name]["value"] <= form[name]["high"]
        if form is not embedding:
            near(form["difference"]["value"],
                 form["log_loss"]["value"] - embedding["log_loss"]["value"], 1e-4)
            assert form["difference"]["low"] <= form["difference"]["value"]
    for form, part in zip(forms[2:5], [2, 8, 32]):
        assert form["rows"] == told["values"] // part and form["hashes"] == 2
        assert form["column_parameters"] == form["rows"] * told["width"]
        assert 0 <= form["collisions"]["merged_share"] <= form["collisions"]["sharing_share"] <= 1


@case
def buckets_and_hashes_are_what_is_asked_for(folder):
    told = compare(trees_of(folder), "--buckets", "7,1", "--hashes", "1", "--json").json()
    hashed = [form for form in told["forms"] if form["form"] == "hashed"]
    assert [form["rows"] for form in hashed] == [7, 1]
    assert hashed[0]["name"] == "hashed, 7 rows" and hashed[1]["name"] == "hashed, 1 row"
    alone = hashed[1]["collisions"]  # of one row each value has a part
    assert alone["merged"] == alone["sharing"] == told["values"]
    near(alone["merged_share"], 1)


@case
def the_same_seed_gives_the_same_numbers(folder):
    data = trees_of(folder)

    def numbers(*options):
        return [[form["log_loss"], form["accuracy"], form["difference"], form["collisions"]]
                for form in compare(data, "--json", *options).json()["forms"]]
    first = numbers()
    assert numbers("--threads", "2") == first
    assert numbers("--seed", "2") != first


@case
def in_words_and_as_a_page(folder):
    data, page = trees_of(folder), os.path.join(folder, "compare.html")
    out = compare(data, "--out", page).out
    for words in ["column 'species'", "one-hot product", "embedding", "quotient-remainder",
                  "share all their rows", "log loss (95 %)"]:
        assert words in out, words
    text = read(page).decode()
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "") and "https:" not in text


@case
def what_cannot_be_compared(folder):
    data, page = trees_of(folder), os.path.join(folder, "page.html")
    numbers = write(os.path.join(folder, "numbers.csv"),
                    "kind,y\n" + "".join("k%d,%d.5\n" % (i % 9, i) for i in range(200)))
    base = ["compare", data, "--label", "group", "--out", page, "-q"]
    for code, words, arguments in [
            (2, "--column NAME is missing", base),
            (3, "column 'specie' is not in the table; did you mean 'species'?",
             base + ["--column", "specie"]),
            (3, "column 'height' is no categorical feature", base + ["--column", "height"]),
            (3, "column 'group' is no categorical feature", base + ["--column", "group"]),
            (3, "the column is hashed when it is read",
             base + ["--column", "species", "--hash-above", "10"]),
            (3, "2 rows or more to validate on",
             base + ["--column", "species", "--valid-fraction", "0"]),
            (2, "--buckets takes a whole number from 1", base + ["--column", "species",
                                                                  "--buckets", "0"]),
            (2, "--hashes takes a whole number from 1 to 16",
             base + ["--column", "species", "--hashes", "17"]),
            (2, "--crosses go with --architecture wide-deep",
             base + ["--column", "species", "--architecture", "mlp", "--crosses", "a*b"]),
            (3, "this label holds numbers",
             ["compare", numbers, "--label", "y", "--column", "kind", "--out", page]),
            (3, "this label holds several",
             ["compare", numbers, "--label", "y", "--task", "multilabel", "--column", "kind",
              "--out", page])]:
        told = run(*arguments)
        assert told.code == code and words in told.err, (words, str(told))
        assert told.err.count("\n") <= 2 and not told.out
        assert not os.path.exists(page)
    told = run("compare", data, "--label", "group", "--column", "species", "--out", data)
    assert told.code == 2 and "would write over" in told.err
    assert read(data).decode().startswith("species")


main()
