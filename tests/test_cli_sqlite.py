#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Tables out of a database: the same columns, cells and models as from CSV; what is refused, in
# words, with the database as it was.
import hashlib
import math
import os

from cli import *

try:
    import sqlite3
except ImportError:
    sqlite3 = None


def database(folder, name="forest.db", table="trees", rows=300, **more):
    """A database that holds what the CSV file of the same rows holds, and the path of both."""
    if not sqlite3:
        raise Skip("this python has no sqlite3")
    lines = trees(rows, **more)
    path = os.path.join(folder, name)
    base = sqlite3.connect(path)
    quoted = '"%s"' % table.replace('"', '""')
    base.execute("CREATE TABLE %s (species TEXT, region TEXT, height REAL, trunk REAL, "
                 "\"group\" TEXT)" % quoted)
    for line in lines[1:]:
        species, region, height, trunk, group = line.split(",")
        base.execute("INSERT INTO %s VALUES (?, ?, ?, ?, ?)" % quoted,
                     (species, region, float(height) if height else None, float(trunk), group))
    base.commit()
    base.close()
    return path, write(os.path.join(folder, "same.csv"), text_of(lines))


def filled(folder, columns, rows, name="cells.db"):
    if not sqlite3:
        raise Skip("this python has no sqlite3")
    path = os.path.join(folder, name)
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE t (%s)" % columns)
    base.executemany("INSERT INTO t VALUES (%s)" % ",".join("?" * len(rows[0])), rows)
    base.commit()
    base.close()
    return path


def cells(source, folder):
    """The rows of a source as grove writes them, the order kept."""
    first, second = os.path.join(folder, "1.csv"), os.path.join(folder, "2.csv")
    good("split", source, "--split-out", os.path.join(folder, "split.csv"), "--out-train", first,
         "--out-valid", second, "--valid-fraction", "0")
    return read(first).decode()


@case
def same_model(folder):
    path, csv = database(folder)
    before = hashlib.sha256(read(path)).digest()
    wanted = model_bytes(folder, csv, *QUICK)
    assert model_bytes(folder, "sqlite:%s?table=trees" % path, *QUICK) == wanted
    query = "sqlite:%s?query=SELECT * FROM trees ORDER BY rowid" % path
    assert model_bytes(folder, query, *QUICK) == wanted
    assert hashlib.sha256(read(path)).digest() == before, "the database was changed"
    assert sorted(os.listdir(folder)) == ["bytes.safetensors", "forest.db", "same.csv"]


@case
def every_command(folder):
    path, csv = database(folder)
    source = "sqlite:%s?table=trees" % path
    model = os.path.join(folder, "m.safetensors")
    good("train", source, "--label", "group", "--out", model, "-q", *QUICK)
    good("train", csv, "--label", "group", "--valid", source, "--out", model, "-q", *QUICK)
    for command in ("predict", "evaluate"):
        assert good(command, model, source).out == good(command, model, csv).out, command
    # A real 7.1 that is "7.10" in the file is the same number, but another text.
    assert good("transform", model, source).out.count("\n") == 301
    told = good("inspect", source, "--json").json()
    same = good("inspect", csv, "--json").json()
    assert told.pop("separator") is None and same.pop("separator") == ","
    assert told == same, told
    assert "separator" not in good("inspect", source).out


@case
def values(folder):
    rows = [(1, 0.1, "text", "1"), (-(2**63), -3.0, "a,b", "2"), (None, None, None, "3"),
            (2**62, 1e300, 'with "quotes"', "4"), ("", 1 / 3, " blank ", "5"),
            (7, math.inf, "zwölf\nlines", "6")]
    path = filled(folder, "a, b, c, d", rows)
    assert cells("sqlite:%s?table=t" % path, folder).splitlines() == [
        "a,b,c,d", "1,0.1,text,1", '-9223372036854775808,-3,"a,b",2', ",,,3",
        '4611686018427387904,1e+300,"with ""quotes""",4', ',0.3333333333333333," blank ",5',
        '7,inf,"zwölf', 'lines",6']


@case
def escapes(folder):
    path, csv = database(folder, name="a?b%c.db", table='odd "name" & more')
    wanted = cells(csv, folder)
    name = path.replace("%", "%25").replace("?", "%3f")
    assert cells('sqlite:%s?table=odd "name" & more' % name, folder).count("\n") == \
        wanted.count("\n")
    assert cells("sqlite:%s?table=odd%%20%%22name%%22%%20%%26 more" % name, folder) == \
        cells("sqlite:%s?query=SELECT * FROM [odd \"name\" & more]" % name, folder)
    some = cells("sqlite:%s?query=SELECT species FROM [odd \"name\" & more] WHERE species LIKE "
                 "'%%25 7'" % name, folder)
    assert set(some.splitlines()) == {"species", "species 7"}, some


@case
def refusals(folder):
    path, csv = database(folder)
    model = os.path.join(folder, "m.safetensors")
    blob = filled(folder, "a, b", [("x", b"\x01\x02"), ("y", "z")], "blob.db")
    nul = filled(folder, "a, b", [("x", "1"), ("y", "z\0z")], "nul.db")
    no_number = filled(folder, "a, b, g", [(1, 1, "x"), (2, 2, "y"), (3, "three", "x")], "n.db")
    empty = filled(folder, "a, b", [("x", "y")], "empty.db")
    base = sqlite3.connect(empty)
    base.execute("DELETE FROM t")
    base.commit()
    base.close()
    text = write(os.path.join(folder, "text.db"), "a,b\n1,2\n")
    there = sorted(os.listdir(folder))
    for code, source, words in [
            (2, "sqlite:%s" % path, "does not say what to read: sqlite:FILE?table=NAME"),
            (2, "sqlite:?table=trees", "does not say what to read"),
            (2, "sqlite:%s?table=" % path, "does not say what to read"),
            (2, "sqlite:%s?rows=trees" % path, "does not say what to read"),
            (2, "sqlite:%s?table=50%%" % path, "'%' itself is written %25"),
            (2, "sqlite:%s?table=a%%00b" % path, "'%' itself is written %25"),
            (3, "sqlite:%s/none.db?table=t" % folder, "none.db': No such file or directory"),
            (3, "sqlite:%s?table=t" % text, "text.db: table 't': SQLite says: file is not a data"),
            (3, "sqlite:%s?table=tress" % path,
             "the database has no such table; the nearest name is 'trees'"),
            (3, "sqlite:%s?query=SELECT leaves FROM trees" % path,
             "forest.db: query: SQLite says: no such column: leaves"),
            (3, "sqlite:%s?query=SELEC 1" % path, 'SQLite says: near "SELEC": syntax error'),
            (3, "sqlite:%s?query=SELECT 1; SELECT 2" % path, "one statement, not several"),
            (3, "sqlite:%s?query=DELETE FROM trees" % path, "it must be a SELECT"),
            (3, "sqlite:%s?query=DELETE FROM trees RETURNING species" % path,
             "it must be a SELECT"),
            (3, "sqlite:%s?query=ATTACH 'new.db' AS n" % path, "it must be a SELECT"),
            (3, "sqlite:%s?query=-- nothing" % path, "it must be a SELECT"),
            (3, "sqlite:%s?query=SELECT 1 AS a, 2 AS a" % path, "two columns are called 'a'"),
            (3, "sqlite:%s?table=t" % empty, "empty.db: table 't': it has no rows"),
            (3, "sqlite:%s?table=t" % blob,
             "blob.db: table 't': row 1, column 'b' is a blob, which is no text"),
            (3, "sqlite:%s?table=t" % nul, "nul.db: table 't': row 2, column 'b' has a NUL byte"),
            ]:
        refused(code, words, "train", source, "--label", "group", "--out", model)
    refused(3, "n.db: table 't': row 3, column 'b': 'three' is not a number", "train",
            "sqlite:%s?table=t" % no_number, "--label", "g", "--numeric", "b", "--out", model)
    refused(2, "would write over", "train", "sqlite:%s?table=trees" % path, "--label", "group",
            "--out", path)
    for option in (["--trim"], ["--skip", "1"], ["--separator", ";"], ["--no-header"],
                   ["--decimal", ","], ["--comment", "#"]):
        refused(2, "are for files of CSV", "train", "sqlite:%s?table=trees" % path, "--label",
                "group", "--out", model, *option)
    assert sorted(os.listdir(folder)) == there, os.listdir(folder)


@case
def rows_in_other_messages(folder):
    path, csv = database(folder)
    model = os.path.join(folder, "m.safetensors")
    good("train", csv, "--label", "group", "--out", model, "-q", *QUICK)
    base = sqlite3.connect(path)
    base.execute("UPDATE trees SET trunk = 'thick' WHERE rowid = 12")
    base.commit()
    base.close()
    refused(3, "forest.db: table 'trees': row 12, column 'trunk': 'thick' is not a number",
            "predict", model, "sqlite:%s?table=trees" % path)
    refused(3, "forest.db: table 'trees': row 1: ", "split", "sqlite:%s?table=trees" % path,
            "--split", "column:species", "--split-out", os.path.join(folder, "s"))


if __name__ == "__main__":
    main()
