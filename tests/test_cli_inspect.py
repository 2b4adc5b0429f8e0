#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove inspect, of models and of tables; and that no file can talk to the terminal.
import os
import re
import subprocess

from cli import *


@case
def inspect_model(folder):
    _, model = trained(folder, "--epochs", "1", "--hidden", "8,4", "--embedding-dim", "5",
                       "--numbers", "standard")
    told = good("inspect", model, "--json").json()
    assert list(told) == ["schema", "depth", "parameters", "bytes", "layers", "columns"], told
    # Tables of values + 2 rows, then 5 + 5 + (height, height missing, trunk) numbers.
    species = next(c for c in told["columns"] if c["name"] == "species")["values"]
    parameters = 5 * (species + 2) + 5 * (4 + 2) + (13 * 8 + 8) + (8 * 4 + 4) + (4 * 3 + 3)
    assert told["parameters"] == parameters == sum(n["parameters"] for n in told["layers"]), told
    assert told["bytes"] == 4 * parameters and told["depth"] == 4, told
    named = {n["name"]: n for n in told["layers"]}
    assert named["table.species"]["shape"] == ["batch", 5]
    assert named["table.species"]["op"] == "embedding"
    assert named["probabilities"]["shape"] == ["batch", 3]
    text = good("inspect", model).out
    for words in ["table.species", "[batch, 5]", "depth       4", "bytes       ",
                  "parameters  {:,}\n".format(parameters), "species  categorical"]:
        assert words in text, text
    _, linear = trained(folder, "--epochs", "1", "--hidden", "none", name="linear")
    assert good("inspect", linear, "--json").json()["depth"] == 2
    good("inspect", "--json", "--", linear)


@case
def inspect_data(folder):
    lines = ["name,code,amount,same,empty,y"]
    for i in range(100):
        lines.append("%s,%03d,%.1f,k,,%s" % ("" if i % 4 == 0 else "n%d" % (i % 7), i % 12,
                                             i * 1.7, "pq"[i % 2]))
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    told = good("inspect", data, "--json").json()
    assert list(told) == ["schema", "rows", "separator", "columns"] and told["rows"] == 100
    columns = [(c["name"], c["type"], c.get("values"), c["empty"]) for c in told["columns"]]
    assert columns == [("name", "categorical", 7, 25), ("code", "categorical", 12, 0),
                       ("amount", "numeric", None, 0), ("same", "ignored", None, 0),
                       ("empty", "ignored", None, 100), ("y", "categorical", 2, 0)], columns
    near(told["columns"][2]["mean"], sum(round(i * 1.7, 1) for i in range(100)) / 100)
    told = good("inspect", data, "--json", "--label", "y", "--numeric", "code").json()
    assert [c["type"] for c in told["columns"]][1::4] == ["numeric", "label"], told
    text = good("inspect", data).out
    assert text.startswith("100 rows\n\ncolumn  type "), text
    assert re.search(r"^name +categorical +7 +25  text, 7 distinct values$", text, re.M), text
    assert good("inspect", "-", stdin=read(data)).out == text
    piped = subprocess.run(["bash", "-c", '"$0" inspect <(cat "$1")', GROVE, data],
                           stdout=subprocess.PIPE, check=True)
    assert piped.stdout.decode() == text


@case
def separator_is_guessed(folder):
    lines = ["a;b;y"] + ["n %d;1,%d;%s" % (i % 7, i, "pq"[i % 2]) for i in range(60)]
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    text = good("inspect", data).out
    assert text.startswith("60 rows\n\nseparator  ;  (guessed from the first lines)\n\ncolumn "), text
    assert good("inspect", "-", stdin=read(data)).out == text
    told = good("inspect", data, "--json").json()
    assert told["separator"] == ";", told
    assert [c["name"] for c in told["columns"]] == ["a", "b", "y"], told
    assert good("inspect", data, "--separator", "auto").out == text
    told = good("inspect", data, "--json", "--separator", "\x01").json()
    assert told["separator"] == "\x01" and len(told["columns"]) == 1, told
    assert "guessed" not in good("inspect", data, "--separator", ";").out
    model = os.path.join(folder, "m")
    result = good("train", data, "--label", "y", "--out", model, *QUICK)
    assert result.out.startswith("separator  ;  (guessed"), str(result)
    told = good("train", data, "--label", "y", "--out", model, "--json", *QUICK).json()
    assert told["separator"] == ";", told
    one = good("predict", model, data).out
    comma = text_of(['"%s"' % line.replace(";", '","') for line in lines])
    comma = write(os.path.join(folder, "c.csv"), comma)
    assert good("predict", model, comma).out == one  # each file is guessed by itself
    assert one.count("\n") == 61, one
    cut = write(os.path.join(folder, "cut.csv"), text_of(lines) + "x;y\n")
    refused(3, ["line 62 has 2 cells, the header has 3", "guessed to be ';'"], "inspect", cut)
    tabs = write(os.path.join(folder, "d.tsv"), "a, b\ty\n" + "1, 2\tp\n3, 4\tq\n" * 20)
    assert good("inspect", tabs, "--json").json()["separator"] == "\t"


@case
def hostile_texts(folder):
    """Bytes of a file reach the terminal as text only."""
    row = "\x1b]0;x\x07%d,u%d,%s\n"
    content = 'a,"b\x1b[31m\nc",y\n' + "".join(row % (i % 3, i % 2, "pq"[i % 2]) for i in range(60))
    data = write(os.path.join(folder, "d.csv"), content.encode() + b"\xff\xfe,u,p\n" * 3)
    model = os.path.join(folder, "m")
    for result in (good("train", data, "--label", "y", "--out", model, *QUICK),
                   good("inspect", data), good("inspect", model),
                   run("train", data, "--label", "z", "--out", model),
                   run("train", data, "--label", "y", "--numeric", "a", "--out", model)):
        assert "\x1b" not in result.out + result.err, str(result)
        assert not re.search("[\x00-\x09\x0b-\x1f]", result.out + result.err), str(result)
    good("inspect", data, "--json").json()
    good("predict", model, data, "--json").json()


main()
