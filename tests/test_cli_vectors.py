#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Vectors out of a trained model: grove embed, in each of its forms. The numbers are held against
# those in the model file, which Python reads for itself.
import ast
import csv
import io
import json
import math
import os
import struct

from cli import *


# ---- reading ------------------------------------------------------------------------------------


def tensor(model, name):
    """Shape and numbers of a float32 tensor of a safetensors file."""
    content = read(model)
    size = struct.unpack("<Q", content[:8])[0]
    told = json.loads(content[8:8 + size])[name]
    assert told["dtype"] == "F32", told
    begin, end = (8 + size + at for at in told["data_offsets"])
    return told["shape"], struct.unpack("<%df" % ((end - begin) // 4), content[begin:end])


def rows_of(model, name):
    (rows, width), numbers = tensor(model, name)
    return [list(numbers[i * width:(i + 1) * width]) for i in range(rows)]


def npy(content):
    """Rows of an array of float32, read as the format's document says."""
    assert content[:8] == b"\x93NUMPY\x01\x00", content[:8]
    size = struct.unpack("<H", content[8:10])[0]
    assert (10 + size) % 64 == 0 and content[9 + size:10 + size] == b"\n"
    told = ast.literal_eval(content[10:10 + size].decode("ascii"))
    assert set(told) == {"descr", "fortran_order", "shape"}, told
    assert told["descr"] == "<f4" and told["fortran_order"] is False, told
    rows, width = told["shape"]
    numbers = struct.unpack("<%df" % (rows * width), content[10 + size:])
    return [list(numbers[i * width:(i + 1) * width]) for i in range(rows)]


def float32(text):
    return struct.unpack("<f", struct.pack("<f", float(text)))[0]


def word2vec(text):
    """Names and rows, read as strictly as the strictest reader."""
    lines = text.split("\n")
    assert lines.pop() == "", "a line end behind the last line"
    rows, width = map(int, lines[0].split(" "))
    assert len(lines) == 1 + rows
    fields = [line.split(" ") for line in lines[1:]]
    assert all(len(f) == 1 + width and f[0] for f in fields)
    assert all(len(line.split()) == 1 + width for line in lines[1:])
    return [f[0] for f in fields], [[float32(n) for n in f[1:]] for f in fields]


def table_of_names(folder, names, *options):
    """A model whose column 'v' has these values, each as often as it stands there."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["v", "x", "y"])
    for i, name in enumerate(names):
        writer.writerow([name, i % 5, "pq"[i % 2]])
    data = write(os.path.join(folder, "names.csv"), out.getvalue())
    model = os.path.join(folder, "names.safetensors")
    good("train", data, "--label", "y", "--out", model, "-q", "--categorical", "v", "--min-count",
         "1", *QUICK, *options)
    return data, model


# ---- embed --column -----------------------------------------------------------------------------


@case
def three_forms(folder):
    data, model = trained(folder, *QUICK, "--min-count", "3", "--valid-fraction", "0")
    cells = [row["species"] for row in csv.DictReader(read(data).decode().splitlines())]
    wanted = rows_of(model, "table.species.weight")
    known = sorted({c for c in cells if cells.count(c) >= 3},
                   key=lambda c: (-cells.count(c), c.encode()))
    names = ["(unknown)", "(missing)"] + known
    assert len(names) == len(wanted)
    embed = ["embed", model, "--column", "species"]

    out = write(os.path.join(folder, "vectors.txt"), "before")
    result = good(*embed, "--out", out)
    told, rows = word2vec(read(out).decode())
    assert rows == wanted and told == [n.replace(" ", "_") for n in names]
    assert result.out == "" and result.err.count("\n") == 1, str(result)
    assert "%d names were changed" % len(known) in result.err and "'_'" in result.err
    assert good(*embed).out == good(*embed, "--out", "-").out == read(out).decode()

    good(*embed, "--format", "npy", "--out", out)
    assert npy(read(out)) == wanted

    place = os.path.join(folder, "projector")
    for _ in range(2):  # into a new folder; over what stands there
        result = good(*embed, "--format", "tsv", "--out", place)
        assert sorted(os.listdir(place)) == ["metadata.tsv", "vectors.tsv"]
        assert result.err == "" and result.out == "", str(result)
        lines = read(os.path.join(place, "vectors.tsv")).decode().splitlines()
        assert [[float32(n) for n in line.split("\t")] for line in lines] == wanted
        lines = read(os.path.join(place, "metadata.tsv")).decode().splitlines()
        assert lines[0] == "value\tcount\tnorm"
        fields = [line.split("\t") for line in lines[1:]]
        assert [f[0] for f in fields] == names
        rare = len(cells) - sum(cells.count(c) for c in known)
        assert [int(f[1]) for f in fields] == [rare, 0] + [cells.count(c) for c in known]
        for f, row in zip(fields, wanted):
            near(float(f[2]), math.sqrt(sum(n * n for n in row)), 1e-6)
    no_leftovers(folder)


@case
def odd_names(folder):
    names = ["a b", "tab\there", "two\nlines", "\u00a0x", "wide\u3000blank", "é", 'say "x"', " "]
    _, model = table_of_names(folder, names * 6)
    result = good("embed", model, "--column", "v")
    told, rows = word2vec(result.out)
    assert "7 names were changed" in result.err, str(result)
    assert sorted(told[2:]) == sorted(["a_b", "tab_here", "two_lines", "_x", "wide_blank", "é",
                                       'say_"x"', "_"]), told
    assert rows == rows_of(model, "table.v.weight")
    place = os.path.join(folder, "place")
    result = good("embed", model, "--column", "v", "--format", "tsv", "--out", place)
    lines = read(os.path.join(place, "metadata.tsv")).decode().split("\n")
    assert len(lines) == 1 + 2 + len(names) + 1 and "2 names were changed" in result.err
    assert "tab here\t6\t" in "\n".join(lines) and "two lines\t6\t" in "\n".join(lines)


@case
def two_names_become_one(folder):
    _, model = table_of_names(folder, ["a b", "a_b", "c"] * 6)
    out = write(os.path.join(folder, "out"), "before")
    refused(4, ["'a_b'", "--format tsv"], "embed", model, "--column", "v", "--out", out)
    assert read(out) == b"before"
    good("embed", model, "--column", "v", "--format", "npy", "--out", out)


@case
def embed_refuses(folder):
    data, model = trained(folder)
    before = read(model)
    out = write(os.path.join(folder, "out"), "before")
    place = os.path.join(folder, "place")
    for to in (["--out", out], ["--out", out, "--format", "npy"],
               ["--out", place, "--format", "tsv"]):
        def bad(code, words, *arguments):
            refused(code, words, "embed", *arguments, *to)
            assert read(out) == b"before" and not os.path.exists(place)

        bad(2, ["'specis'", "nearest name is 'species'", "'species', 'region'"], model, "--column",
            "specis")
        bad(2, ["'height' is numeric", "'species', 'region'"], model, "--column", "height")
        bad(2, ["'group' is label", "'species'"], model, "--column", "group")
        bad(2, "--column NAME is missing", model)
        bad(2, "too many", model, data, "--column", "species")
        bad(4, "data.csv", data, "--column", "species")
        bad(4, "No such file", os.path.join(folder, "none"), "--column", "species")
        bad(4, "the file is cut", write(os.path.join(folder, "cut"), before[:900]), "--column", "species")
    embed = ["embed", model, "--column", "species"]
    refused(2, ["--format takes one of word2vec, tsv, npy", "'bin'"], *embed, "--format", "bin")
    refused(2, ["needs --out FOLDER"], *embed, "--format", "tsv")
    refused(2, "write over", *embed, "--out", model)
    for to in (os.path.join(folder, "none", "x"), os.path.join(data, "x")):
        for form in ("word2vec", "npy", "tsv"):
            refused(1, "cannot write", *embed, "--format", form, "--out", to)
    refused(1, "cannot write", *embed, "--out", folder)
    refused(1, "cannot write", *embed, "--format", "tsv", "--out", out)
    assert read(out) == b"before" and read(model) == before
    os.makedirs(os.path.join(place, "metadata.tsv"))
    refused(1, "cannot write", *embed, "--format", "tsv", "--out", place)
    assert os.listdir(place) == ["metadata.tsv"], "none of the two files where one cannot be"
    no_leftovers(folder)


@case
def embed_help(folder):
    text = " ".join(good("embed", "--help").out.split())
    for words in ["Usage: grove embed [OPTION...] MODEL", "--column=NAME", "--format=KIND",
                  "--out=FILE", "Example: grove embed"]:
        assert words in text, words
    assert "\n  embed " in good("--help").out


main()
