#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Every option of every command, found in --help, with values that it cannot take; and the kinds of
# bad input that have no place beside what they are about. `refused` proves that nothing was written.
import os
import re

from cli import *

# What an option is called, but for its value; and values that none of its kind takes.
WRONG = [
    (r"[A-Z](,N)?(\|\w+)?", ["x", "", "nan", "-1e99", "1e99", "0x2", "1;2"]),
    (r"SECONDS", ["x", "", "nan", "-5", "inf", "1,5"]),
    (r"SIZE", ["x", "", "-1G", "1", "3X", "M", "nan"]),
    (r"CHAR(\|auto)?", ["", "ab", '"', "\n"]),
    (r"LEVEL|KIND|FORM|WHEN", ["", "no such word", "AUTO"]),
    (r"A,B", ["", ",", "a,", ",a", '"a']),
    (r"A,B=CHAR", ["", ",", "a,", '"a']),
    (r"METRIC>=VALUE", ["", "accuracy", "accuracy>=", ">=1", "accuracy=1", "nonsense>=0.5"]),
]
NAMES_OF_CHOICES = {"architecture", "optimizer", "loss"}  # said as NAME, as are those of columns


def options_of(command):
    """What --help lists: pairs of an option and the word for its value ('' for none)."""
    text = good(command, "--help").out
    return re.findall(r"^ {1,6}(?:-\w, )?--([a-z-]+)=?(\S*)", text, re.M)


def words_for(option, argument):
    if option in NAMES_OF_CHOICES:
        return ["", "no such word"]
    if option == "seed":
        return ["x", "", "-1", "1.5"]
    for kind, values in WRONG:
        if re.fullmatch(kind, argument):
            return values
    return []


@case
def every_option(folder):
    """Exit code 2, one sentence that names the option; no argument where one must be, and one where
    none may be."""
    path = os.path.join(folder, "out")
    tried = set()
    listed = re.findall(r"^  ([a-z]+) ", good("--help").out, re.M)
    for command in [word for word in listed if word != "grove"]:
        usage = good(command, "--help").out.splitlines()[0].split()[4:]  # Usage: grove X [OPTION...]
        files = ["no-such-file"] * sum(not word.startswith("[") for word in usage)
        base = [command, *files]
        for option, argument in options_of(command):
            if option in ("help", "version"):
                continue
            if not argument:
                refused(2, ["--" + option, "argument"], *base, "--%s=yes" % option)
                tried.add(option)
                continue
            refused(2, ["--" + option, "requires an argument"], *base, "--" + option)
            for value in words_for(option, argument):
                result = refused(2, "--" + option, *base, "--out", path, "--%s=%s" %
                                 (option, value)) if command in ("train", "predict") else \
                    refused(2, "--" + option, *base, "--%s=%s" % (option, value))
                assert result.out == "", str(result)
                tried.add(option)
    assert {"na-values", "max-vocab", "hash-above", "max-bad-rows", "bag", "text", "word-dropout",
            "label-split", "max-memory", "buckets", "cross-buckets", "threshold"} <= tried, tried


@case
def lists_of_columns(folder):
    data = table(folder, rows=60)
    out = os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", out]
    for option in ["bag", "text", "categorical", "numeric", "ignore"]:
        refused(3, ["no column 'trunc'", "the nearest name is 'trunk'"], *train, "--" + option, "trunc")
        for other in ["bag", "text", "categorical", "numeric", "ignore"]:
            if option != other:
                refused(3, ["'trunk'", "both"], *train, "--" + option, "trunk", "--" + other,
                        "trunk")
    for sign in ["", "ab", '"', "\n"]:  # no sign of bags, so it is taken as a name
        refused(3, ["no column 'trunk=", "the nearest name is 'trunk'"], *train, "--bag",
                "trunk=" + sign)
    for option in ["bag", "text"]:
        refused(3, ["'group'", "both"], *train, "--" + option, "group")
    refused(3, ["'group'", "line 2", "label is missing"], "train", table(folder, rows=60), "--label",
            "group", "--out", out, "--na-values", "a,b,c")


@case
def bytes_that_are_no_text(folder):
    _, model = trained(folder)
    out = os.path.join(folder, "out")
    for content in [b'a,y\n1,p\n"2\0",q\n', b'a,y\n1,p\n"2"\0,q\n', b"a,y\n1,p\n2,q\0\n"]:
        data = write(os.path.join(folder, "bad.csv"), content)
        for command in [["train", data, "--label", "y", "--out", out], ["inspect", data],
                        ["predict", model, data, "--out", out], ["evaluate", model, data]]:
            refused(3, ["bad.csv", "line 3", "NUL"], *command)


@case
def numbers_without_bounds(folder):
    """Each fits into a float, their squares add up to more than a double holds, or they do not."""
    lines = ["x,y"] + ["%se%d,%s" % ("-" if i % 3 else "", 160 + i % 3, "ab"[i % 2])
                       for i in range(60)]
    data = write(os.path.join(folder, "huge.csv"), text_of(lines))
    refused(3, ["huge.csv", "'x'"], "train", data, "--label", "y", "--numeric", "x", "--out",
            os.path.join(folder, "m"))


@case
def splits_that_cannot_be(folder):
    lines = [line + (",part" if i == 0 else ",train") for i, line in enumerate(trees(30))]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    out = ["--out", os.path.join(folder, "m")]
    train = ["train", data, "--label", "group", *out]
    given = os.path.join(folder, "given")

    def file_of(words, content):
        write(given, content)
        refused(3, ["given"] + words, *train, "--split", "file:" + given)

    file_of(["no row to train on"], "valid\n" * 30)
    file_of(["parts for 29 rows, but the data has 30"],
            "train\n" * 29)
    file_of(["line 3", "'1'", "a row that came before"], "row,part\n" + "1,train\n" * 30)
    file_of(["line 2", "'0'", "no row of the data"], "row,part\n0,train\n" + "1,train\n" * 29)
    file_of(["line 2", "'x'", "no row of the data"], "row,part\nx,train\n" + "1,train\n" * 29)
    file_of(["line 31", "'31'", "no row of the data"],
            "row,part\n" + "".join("%d,train\n" % i for i in range(1, 30)) + "31,valid\n")
    file_of(["line 5", "'tset'"], "train\n" * 4 + "tset\n" + "train\n" * 25)
    file_of(["a word on each line"], "a,b,c\n" * 30)
    one = ["species,time,y"] + ["s%d,7,%s" % (i, "ab"[i % 2]) for i in range(40)]
    same = write(os.path.join(folder, "same.csv"), text_of(one))
    train = ["train", same, "--label", "y", *out]
    refused(3, ["same.csv", "all rows have the same time in column 'time'"], *train, "--split",
            "time:time")
    refused(3, ["same.csv", "all rows are one group by column 'time'"], *train, "--split",
            "group:time")
    two = ["species,shop,y"] + ["s%d,%s,%s" % (i, "AB"[i % 2], "ab"[i % 3 > 0]) for i in range(40)]
    halves = write(os.path.join(folder, "halves.csv"), text_of(two))
    refused(3, ["halves.csv", "no group of column 'shop' can be validated on", "2 groups has 50 %"],
            "train", halves, "--label", "y", *out, "--split", "group:shop", "--valid-fraction",
            "0.1")
    refused(3, "'shop'", "cv", halves, "--label", "y", "--group", "shop",
            "--folds", "3")


@case
def crosses_without_end(folder):
    names = "abcdefghijklmnopqrst"
    lines = [",".join(names) + ",y"] + [",".join("uv"[i >> k & 1] for k in range(20)) + "," +
                                        "pq"[i % 3 > 0] for i in range(60)]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    train = ["train", data, "--label", "y", "--out", os.path.join(folder, "m")]
    refused(3, "--crosses: cross 3 has the columns of one before it", *train, "--crosses",
            "a*b,b*c,b*a", "--categorical", "a,b,c")
    many = ["%s*%s" % (a, b) for i, a in enumerate(names) for b in names[:i]]
    refused(3, "--crosses: there are more than 128", *train, "--crosses", ",".join(many[:129]),
            "--categorical", ",".join(names))
    refused(3, "--crosses takes crosses like A*B", *train, "--crosses", "a*b,", "--categorical", "a,b")


@case
def models_that_do_not_know_their_columns(folder):
    """Those that were not written by train: what needs names of columns refuses them."""
    plain = os.path.join(folder, "plain.safetensors")
    subprocess.run(RUNNER + [os.environ["GROVE_MAKE_PLAIN_MODEL"], plain], check=True)
    data, out = table(folder, rows=20), os.path.join(folder, "out")
    told = "the model does not say what its columns are"
    refused(4, told, "inspect", plain, "--schema", out)
    refused(4, told, "embed", plain, data, "--layer", "hidden", "--out", out)
    refused(4, told, "embed", plain, "--column", "species", "--out", out)
    refused(4, told, "nearest", plain, "species", "a")
    refused(4, told, "transform", plain, data, "--out", out)
    refused(4, "", "evaluate", plain, data)
    refused(4, "", "report", plain, data, "--out", out)
    refused(4, "", "calibrate", plain, data, "--out", out)


main()
