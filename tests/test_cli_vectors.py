#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Vectors out of a trained model: grove embed, nearest, transform. The numbers are held against those
# in the model file, which Python reads for itself.
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
        bad(2, "either --column NAME or --layer NAME", model)
        bad(2, "takes no DATA.csv", model, data, "--column", "species")
        bad(2, "too many", model, data, data, "--column", "species")
        bad(4, "data.csv", data, "--column", "species")
        bad(4, "No such file", os.path.join(folder, "none"), "--column", "species")
        cut = write(os.path.join(folder, "cut"), before[:900])
        bad(4, "the file is cut", cut, "--column", "species")
    embed = ["embed", model, "--column", "species"]
    refused(2, ["--format takes one of word2vec, tsv, npy, csv", "'bin'"], *embed, "--format", "bin")
    refused(2, "word2vec, tsv or npy", *embed, "--format", "csv")
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
    for words in ["Usage: grove embed [OPTION...] MODEL [DATA.csv]", "--layer=NAME", "--column=NAME", "--format=KIND",
                  "--out=FILE", "Example: grove embed"]:
        assert words in text, words
    assert "\n  embed " in good("--help").out


# ---- embed --layer ------------------------------------------------------------------------------


def dense(model, layer, rows):
    """What a dense layer makes of rows, from the numbers in the file."""
    weight, bias = rows_of(model, layer + ".weight"), tensor(model, layer + ".bias")[1]
    assert all(len(w) == len(row) for w in weight for row in rows)
    return [[sum(x * y for x, y in zip(row, w)) + b for w, b in zip(weight, bias)] for row in rows]


def rows_of_layer(model, data, layer, *options, **more):
    result = good("embed", model, data, "--layer", layer, *options, **more)
    rows = list(csv.reader(io.StringIO(result.out, newline=""), strict=True))
    assert rows[0] == ["%s_%d" % (layer, k + 1) for k in range(len(rows[0]))], rows[0]
    return [[float32(n) for n in row] for row in rows[1:]]


@case
def layers_of_rows(folder):
    data, model = trained(folder, *QUICK, "--dropout", "0.5", rows=700)  # three batches
    content = read(data)
    place = os.path.join(folder, "place")
    good("embed", model, "--column", "species", "--format", "tsv", "--out", place)
    names = [line.split("\t")[0] for line in
             read(os.path.join(place, "metadata.tsv")).decode().splitlines()[1:]]
    vectors = rows_of(model, "table.species.weight")
    cells = [row["species"] for row in csv.DictReader(content.decode().splitlines())]
    assert rows_of_layer(model, data, "table.species") == [
        vectors[names.index(c) if c in names else 0] for c in cells]

    hidden = rows_of_layer(model, data, "mlp.0")
    assert len(hidden) == 700 and len(hidden[0]) == 8
    logits = rows_of_layer(model, data, "mlp.1")
    told = dense(model, "mlp.1", [[max(x, 0) for x in row] for row in hidden])
    for a, b in zip(logits, told):
        for x, y in zip(a, b):
            near(x, y, 1e-5)
    predicted = list(csv.reader(good("predict", model, data).out.splitlines()))[1:]
    assert rows_of_layer(model, data, "probabilities") == [
        [float32(p) for p in row[1:]] for row in predicted]

    out = write(os.path.join(folder, "out"), "before")
    result = good("embed", model, data, "--layer", "mlp.0", "--format", "npy", "--out", out)
    assert npy(read(out)) == hidden and result.out == ""
    assert result.err == good("predict", model, data).err.replace("predict", "embed")
    assert rows_of_layer(model, "-", "mlp.0", stdin=content) == hidden
    assert rows_of_layer(model, data, "mlp.0", "--threads", "2") == hidden
    no_leftovers(folder)


@case
def layer_refuses(folder):
    data, model = trained(folder, *QUICK, "--numbers", "bins")
    out = write(os.path.join(folder, "out"), "before")

    def bad(code, words, *arguments, content=b""):
        refused(code, words, "embed", *arguments, "--out", out, stdin=content)
        assert read(out) == b"before"
        no_leftovers(folder)

    layers = ["'table.species', 'table.region', 'bins', 'mlp.0', 'mlp.1', 'probabilities'"]
    bad(2, ["no layer 'mlp.7'", "nearest name is 'mlp.0'"] + layers, model, data, "--layer", "mlp.7")
    for name in ("column.species", "table.species.weight", "numbers", ""):
        bad(2, ["no layer '%s'" % name] + layers, model, data, "--layer", name)
    bad(2, "--layer needs a table", model, "--layer", "mlp.0")
    bad(2, "either", model, data, "--layer", "mlp.0", "--column", "species")
    bad(2, "csv or npy", model, data, "--layer", "mlp.0", "--format", "tsv")
    bad(3, ["standard input", "no column 'species'"], model, "-", "--layer", "mlp.0",
        content=b"a,b\n1,2\n")
    bad(3, ["line 2", "'trunk'", "not a number"], model, "-", "--layer", "mlp.0",
        content=b"species,region,height,trunk\na,N,1,tall\n")
    bad(4, "data.csv", data, data, "--layer", "mlp.0")
    refused(2, "write over", "embed", model, data, "--layer", "mlp.0", "--out", data)
    refused(1, "cannot write", "embed", model, data, "--layer", "mlp.0", "--out", folder)


# ---- nearest ------------------------------------------------------------------------------------


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(
        sum(x * x for x in a) * sum(x * x for x in b))


@case
def nearest_agrees_with_python(folder):
    _, model = trained(folder, *QUICK, "--min-count", "3")
    place = os.path.join(folder, "place")
    good("embed", model, "--column", "species", "--format", "tsv", "--out", place)
    fields = [line.split("\t") for line in
              read(os.path.join(place, "metadata.tsv")).decode().splitlines()[1:]]
    names, counts = [f[0] for f in fields], [int(f[1]) for f in fields]
    rows = rows_of(model, "table.species.weight")
    assert counts[0] > 0 and counts[1] == 0
    for value, own in (("species 7", names.index("species 7")), ("(unknown)", 0), ("", 1),
                       ("(missing)", 1)):
        told = good("nearest", model, "species", value, "--top", "1000", "--json").json()
        assert list(told) == ["schema", "column", "value", "count", "width", "neighbours"], told
        assert (told["schema"], told["column"], told["value"], told["count"], told["width"]) == (
            1, "species", names[own], counts[own], len(rows[0]))
        wanted = sorted((i for i in range(len(names)) if i != own and counts[i] > 0),
                        key=lambda i: -cosine(rows[own], rows[i]))
        assert [n["value"] for n in told["neighbours"]] == [names[i] for i in wanted]
        for n, i in zip(told["neighbours"], wanted):
            near(n["cosine"], cosine(rows[own], rows[i]))
            near(n["distance"], math.dist(rows[own], rows[i]))
            assert n["count"] == counts[i]
    told = good("nearest", model, "species", "species 7", "--json").json()
    assert len(told["neighbours"]) == 10, "the default"
    lines = good("nearest", model, "species", "species 7", "--top", "3").out.splitlines()
    assert lines[0].startswith("nearest to 'species 7' (%d training rows)" %
                               counts[names.index("species 7")]), lines
    assert lines[2].split() == ["value", "cosine", "distance", "count"] and len(lines) == 6
    for line, n in zip(lines[3:], told["neighbours"]):
        words = line.rsplit(None, 3)
        assert words == [n["value"], "%.3f" % n["cosine"], "%.3f" % n["distance"],
                         str(n["count"])], line


@case
def nearest_of_odd_values(folder):
    names = ["-1", "a\tb", "é", "x" * 300]
    _, model = table_of_names(folder, names * 6)
    assert good("nearest", model, "v", "--json", "--", "-1").json()["value"] == "-1"
    text = good("nearest", model, "v", "é").out
    assert "a?b" in text and "x" * 80 + "..." in text and "x" * 81 not in text, text
    told = good("nearest", model, "v", "é", "--json").json()
    assert sorted(n["value"] for n in told["neighbours"]) == sorted(set(names) - {"é"})


@case
def nearest_refuses(folder):
    data, model = trained(folder)
    result = refused(2, ["did not see 'specis 7'", "'species'", "near names: 'species 7', "],
                     "nearest", model, "species", "specis 7")
    assert result.out == ""
    refused(2, ["'specie'", "'species', 'region'"], "nearest", model, "specie", "x", "--json")
    refused(2, "'trunk' is numeric", "nearest", model, "trunk", "1")
    refused(2, "an argument is missing", "nearest", model, "species")
    refused(2, "too many", "nearest", model, "species", "a", "b")
    refused(2, "--top takes a whole number", "nearest", model, "species", "a", "--top", "0")
    refused(4, "data.csv", "nearest", data, "species", "a")
    text = " ".join(good("nearest", "--help").out.split())
    assert "--top=N" in text and "Example: grove nearest" in text, text


# ---- transform ----------------------------------------------------------------------------------


@case
def transform_replaces_categories(folder):
    data, model = trained(folder, *QUICK, "--min-count", "3")
    lines = trees(120, seed=4, first_species=60)
    lines[5] = "," + lines[5].split(",", 1)[1]
    lines = [line + ',"more, and more"' for line in lines]
    order = ["species", "region", "height", "trunk", "group", "more"]
    lines[0] = ",".join(order)
    content = text_of(lines).encode()
    test = write(os.path.join(folder, "test.csv"), content)
    rows = list(csv.reader(lines))
    place = os.path.join(folder, "place")
    vectors = {}
    for name in ("species", "region"):
        good("embed", model, "--column", name, "--format", "tsv", "--out", place)
        names = [line.split("\t")[0] for line in
                 read(os.path.join(place, "metadata.tsv")).decode().splitlines()[1:]]
        vectors[name] = dict(zip(names, rows_of(model, "table.%s.weight" % name)))
    out = write(os.path.join(folder, "out.csv"), "before")
    result = good("transform", model, test, "--out", out)
    told = list(csv.reader(io.StringIO(read(out).decode(), newline=""), strict=True))
    widths = [len(vectors["species"]["(unknown)"]), len(vectors["region"]["(unknown)"])]
    assert told[0] == (["species_%d" % (k + 1) for k in range(widths[0])] +
                       ["region_%d" % (k + 1) for k in range(widths[1])] + order[2:]), told[0]
    assert len(told) == len(rows)
    unknown = 0
    for row, new in zip(rows[1:], told[1:]):
        key = row[0] or "(missing)"
        unknown += key not in vectors["species"]
        wanted = vectors["species"].get(key, vectors["species"]["(unknown)"]) + vectors["region"][
            row[1]]
        assert [float32(n) for n in new[:sum(widths)]] == wanted, (row, new)
        assert new[sum(widths):] == row[2:], (row, new)
    assert unknown > 10 and result.out == "", str(result)
    assert result.err == ("grove transform: %d of 120 cells of 'species' hold what training did "
                          "not see; they get the vector of '(unknown)'\n" % unknown), result.err
    text = read(out).decode()
    assert good("transform", model, test).out == text
    assert good("transform", model, "-", stdin=content).out == text
    assert good("transform", model, "-", "--out", "-", stdin=content).out == text
    no_leftovers(folder)


@case
def transform_passes_the_rest(folder):
    """No numbers are read, no label is asked for; names and cells are quoted where they must be."""
    _, model = trained(folder)
    content = b'"x, y",region,species\n"a ""b""",N,species 1\n"two\nlines",S,species 2\n'
    told = list(csv.reader(io.StringIO(good("transform", model, "-", stdin=content).out,
                                       newline=""), strict=True))
    assert told[0][:2] == ["x, y", "region_1"] and [row[0] for row in told[1:]] == [
        'a "b"', "two\nlines"]
    only = os.path.join(folder, "numbers")
    data = write(os.path.join(folder, "n.csv"), text_of(["x,y"] + ["%d,%s" % (i, "pq"[i % 2])
                                                                  for i in range(60)]))
    good("train", data, "--label", "y", "--out", only, "-q", *QUICK)
    assert good("transform", only, data).out == read(data).decode(), "a model without categories"
    assert good("transform", only, "-", stdin=b'x\n1\n""\n').out == 'x\n1\n""\n'


@case
def transform_refuses(folder):
    data, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")

    def bad(code, words, *arguments, content=b""):
        refused(code, words, "transform", *arguments, "--out", out, stdin=content)
        assert read(out) == b"before"
        no_leftovers(folder)

    bad(3, ["standard input", "no column 'region'"], model, "-", content=b"species,x\na,1\n")
    bad(3, ["standard input", "'region_1'"], model, "-",
        content=b"species,region,region_1\na,N,1\n")
    bad(3, ["line 3", "2 cells"], model, "-", content=b"a,b,c\n1,2,3\n1,2\n")
    bad(3, "No such file", model, os.path.join(folder, "none"))
    bad(4, "data.csv", data, data)
    bad(2, "an argument is missing", model)
    bad(2, "too many", model, data, data)
    refused(2, "write over", "transform", model, data, "--out", data)
    refused(1, "cannot write", "transform", model, data, "--out", folder)
    text = " ".join(good("transform", "--help").out.split())
    assert "--out=FILE" in text and "Example: grove transform" in text, text


@case
def nearest_rows(folder):
    """Rows by a layer: the numbers of embed --layer, sorted by their cosine."""
    data, model = trained(folder, rows=80)
    rows = [[float(x) for x in line.split(",")] for line in
            good("embed", model, data, "--layer", "mlp.0").out.splitlines()[1:]]

    def cosine(a, b):
        norms = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
        return sum(x * y for x, y in zip(a, b)) / norms if norms else -2
    told = good("nearest", model, data, "12", "--layer", "mlp.0", "--json", "--top", "5").json()
    assert told["line"] == 12 and told["width"] == 8 and len(told["neighbours"]) == 5, told
    best = sorted(((cosine(rows[10], row), i) for i, row in enumerate(rows) if i != 10),
                  reverse=True)[:5]
    for (value, i), one in zip(best, told["neighbours"]):
        near(one["cosine"], value, 1e-5)
    assert told["columns"] == ["species", "region", "height", "trunk"], told
    words = good("nearest", model, data, "12", "--layer", "mlp.0").out
    assert words.startswith("nearest to the row on line 12, by the 8 numbers of 'mlp.0':"), words
    assert words.count("\n") == 2 + 2 + 10, words
    refused(2, "begins on line '1'; the first is on line 2", "nearest", model, data, "1", "--layer",
            "mlp.0")
    refused(2, "no row of", "nearest", model, data, "many", "--layer", "mlp.0")
    refused(2, "the model has no layer 'mlp.9'", "nearest", model, data, "3", "--layer", "mlp.9")
    refused(3, "No such file", "nearest", model, data + "x", "3", "--layer", "mlp.0")
    refused(2, "--separator says how a table is read, and only --layer reads one", "nearest", model,
            "species", "species 1", "--separator", ";")


main()
