#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove report: the page holds the numbers of evaluate --full, and survives what stands in tables;
# what is refused. How it looks and works in a browser: tests/pages/report.test.mjs.
import csv
import os
import random
import re

from cli import *

PARTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools/page")
MARK = re.compile(r'<script id="data" type="application/json">(.*?)</script>', re.S)


def made(folder, model, data, *options, name="page.html", **more):
    page = os.path.join(folder, name)
    result = good("report", model, data, "--out", page, *options, **more)
    assert result.out == "", str(result)
    return page, strict_json(MARK.search(read(page).decode())[1])


@case
def the_numbers_of_evaluate(folder):
    _, model = trained(folder, rows=400)
    test = table(folder, "test.csv", rows=200, seed=5)
    page, told = made(folder, model, test)
    assert told["report"] == good("evaluate", model, test, "--full", "--json").json()
    assert (told["title"], told["table"]) == ("model.safetensors", "test.csv")
    assert told["training"]["rows"] == 360 and told["model"]["label"] == "group"
    assert told["model"]["layers"][-1] == [8, 3]
    # The tables, one hidden layer, the last one.
    assert told["model"]["depth"] == good("inspect", model, "--json").json()["depth"] == 3
    again, titled = made(folder, model, test, "--title", "Trees & <groups>", "--threads", "2",
                         name="again.html")
    assert titled["title"] == "Trees & <groups>"
    assert {**titled, "title": told["title"]} == told
    good("report", model, test, "--out", again)
    assert read(again) == read(page), "the same numbers, the same bytes"


@case
def rows_that_were_most_wrong(folder):
    _, model = trained(folder, rows=400)
    test = table(folder, "test.csv", rows=200, seed=5)
    _, told = made(folder, model, test)
    answers = list(csv.DictReader(good("predict", model, test).out.splitlines()))
    rows = list(csv.DictReader(read(test).decode().splitlines()))

    def answer(i):
        return next(iter(answers[i].values()))
    wrong = sorted((float(answers[i]["probability." + row["group"]]), i)
                   for i, row in enumerate(rows) if answer(i) != row["group"])[:25]
    assert told["worst"]["columns"] == ["species", "region", "height", "trunk"]
    assert len(told["worst"]["rows"]) == len(wrong) > 5
    for (p, i), shown in zip(wrong, told["worst"]["rows"]):
        near(shown["of_label"], p)
        assert (shown["line"], shown["label"], shown["answer"]) == \
            (i + 2, rows[i]["group"], answer(i))
        assert shown["cells"] == [rows[i][name] for name in told["worst"]["columns"]]


@case
def vectors_in_two_dimensions(folder):
    """Against the numbers that embed writes: variances along the axes, neighbours by the angle."""
    _, model = trained(folder, rows=600)
    _, told = made(folder, model, table(folder, "test.csv", rows=50, seed=5))
    picture = next(p for p in told["pictures"] if p["column"] == "species")
    vectors = {}
    for line in good("embed", model, "--column", "species").out.splitlines()[1:]:
        name, *numbers = line.rsplit(" ", picture["width"])
        vectors[name.replace("_", " ")] = [float(x) for x in numbers]
    points = picture["points"]
    own = [vectors[p["name"]] for p in points]
    assert picture["shown"] == len(points) and picture["all"] + 2 == len(vectors)
    means = [sum(column) / len(own) for column in zip(*own)]
    whole = sum((x - m) ** 2 for v in own for x, m in zip(v, means))
    for k, axis in enumerate("xy"):
        near(sum(p[axis] ** 2 for p in points) / whole, picture["explained"][k], 1e-4)
    near(sum(p["x"] * p["y"] for p in points) / whole, 0, 1e-4)
    assert picture["explained"][0] >= picture["explained"][1] > 0

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b)) / \
            (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
    for i in range(0, len(points), 17):
        best = sorted((j for j in range(len(points)) if j != i),
                      key=lambda j: -cosine(own[i], own[j]))[:8]
        near(sum(cosine(own[i], own[j]) for j in best),
             sum(cosine(own[i], own[j]) for j in points[i]["near"]), 1e-5)


def nasty(rows):
    """Cells that would end a script, or a terminal's patience; and bytes that are no UTF-8."""
    cells = [b"</script><script>alert(1)</script>", b"<!--<script>", b"\x1b[31mred\x07", b"caf\xe9",
             "naïve – 木".encode(), b"a & b \\u003c", "\u2028\u2029".encode(), b'"quoted ""cell"""']
    lines = [b"<b>kind</b>,size,label"]
    for i in range(rows):
        k = i * 7 % len(cells)
        lines.append(b"%s,%d,%s" % (cells[k], i % 17, [b"</script>", b"b&\x01c"][(k + i % 3) % 2]))
    return b"\n".join(lines) + b"\n"


@case
def what_tables_may_hold(folder):
    data = write(os.path.join(folder, "nasty.csv"), nasty(160))
    model = os.path.join(folder, "m")
    good("train", data, "--label", "label", "--out", model, "-q", "--categorical", "<b>kind</b>",
         *QUICK)
    page, told = made(folder, model, data, "--title", "</title></script>")
    text = read(page).decode()
    own = read(os.path.join(PARTS, "report.html")).decode().count("<script")
    assert text.count("</script>") == text.count("<script") == own, "its own alone"
    assert all(ord(c) >= 0x20 or c == "\n" for c in text)
    names = {p["name"] for p in told["pictures"][0]["points"]}
    assert "</script><script>alert(1)</script>" in names and "caf\ufffd" in names, names
    assert "naïve – 木" in names and "\u2028\u2029" in names and "\x1b[31mred\x07" in names
    assert [c["class"] for c in told["report"]["classes"]] == ["</script>", "b&\x01c"]


@case
def asks_for_nothing(folder):
    _, model = trained(folder)
    page, _ = made(folder, model, table(folder, "t.csv", rows=30))
    text = MARK.sub("", read(page).decode())
    assert re.findall(r"https?://[^\s'\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|eval\(|innerHTML", text)
    assert "default-src 'none'" in text


@case
def columns_and_models_of_little(folder):
    """No categories; one class in the table; a model without its training; no baseline."""
    lines = ["a,b,y"] + ["%d.5,%d,%s" % (i % 9, i * i % 23, "pq"[i % 9 > 4]) for i in range(120)]
    data = write(os.path.join(folder, "n.csv"), text_of(lines))
    model = os.path.join(folder, "m")
    good("train", data, "--label", "y", "--out", model, "-q", "--baseline", "none", *QUICK)
    _, told = made(folder, model, data)
    assert told["pictures"] == [] and told["report"]["frequency"]["columns"] == []
    one = write(os.path.join(folder, "one.csv"), text_of([lines[0]] + [
        line for line in lines if line.endswith("p")][:20]))
    _, told = made(folder, model, one)
    assert told["curves"] == [] and told["report"]["metrics"]["roc_auc"]["value"] is None
    single = write(os.path.join(folder, "single.csv"), text_of(lines[:2]))
    _, told = made(folder, model, single)
    assert told["report"]["rows"] == 1


@case
def hashed_columns(folder):
    """They know no values: no picture, and nothing of rare ones; the rest is there."""
    _, model = trained(folder, *QUICK, "--hash-above", "50", rows=400)
    _, told = made(folder, model, table(folder, "test.csv", rows=80, seed=5))
    assert [p["column"] for p in told["pictures"]] == ["region"]
    assert [c["column"] for c in told["report"]["frequency"]["columns"]] == ["region"]
    assert all(b["category"] == "known" for b in told["report"]["frequency"]["rarest"])
    assert len(told["report"]["importance"]["columns"]) == 4
    assert told["report"]["metrics"]["accuracy"]["logistic"] is not None


@case
def texts_and_bags(folder):
    """Their importance is told; the baseline does without them, and says so."""
    r = random.Random(4)
    words = "oak elm ash fir yew box bay fig".split()
    lines = ["title,tags,size,kind"]
    for _ in range(300):
        k = r.randrange(3)
        lines.append("%s %s tree,%s;%s,%.2f,%s" % (r.choice(words), words[k], words[k],
                                                   r.choice(words), r.gauss(k, 1), "abc"[k]))
    data, model = write(os.path.join(folder, "bags.csv"), text_of(lines)), \
        os.path.join(folder, "m")
    good("train", data, "--label", "kind", "--text", "title", "--bag", "tags", "--out", model, "-q",
         *QUICK)
    _, told = made(folder, model, data)
    assert sorted(c["column"] for c in told["report"]["importance"]["columns"]) == \
        ["size", "tags", "title"]
    words, values = [next(p for p in told["pictures"] if p["column"] == c)
                     for c in ("title", "tags")]
    names = [p["name"] for p in words["points"] if not p["special"]]
    assert words["of"] == "word" and "tree" in names[:1] and "oak" in names, names
    assert not any(" " in name or name.startswith("#") for name in names), names
    assert words["all"] == len(names) == 9 and words["shown"] == len(words["points"])
    assert values["of"] == "value" and values["all"] == 8
    assert {c["name"]: c["values"] for c in told["model"]["columns"]}["tags"] == 8
    assert any(c["log_loss"]["low"] > 0 for c in told["report"]["importance"]["columns"]
               if c["column"] != "size"), told["report"]["importance"]
    assert "columns but texts and bags" in good("evaluate", model, data, "--full").out


def prices(folder, name, rows, seed):
    r = random.Random(seed)
    lines = ["kind,size,price"]
    for _ in range(rows):
        kind, size = r.randrange(12), r.uniform(20, 200)
        lines.append("kind %d,%.1f,%.2f" % (kind, size, 900 + 50 * kind + 8 * size + r.gauss(0, 60)))
    return write(os.path.join(folder, name), text_of(lines))


@case
def numbers(folder):
    """The page of a model that predicts numbers: those of evaluate, errors, the worst rows."""
    data, model = prices(folder, "data.csv", 600, 1), os.path.join(folder, "m")
    good("train", data, "--label", "price", "--out", model, "-q", *QUICK)
    test = prices(folder, "test.csv", 300, 2)
    page, told = made(folder, model, test)
    assert told["report"] == good("evaluate", model, test, "--full", "--json").json()
    assert all(m["linear"] is not None for m in told["report"]["metrics"].values())
    said = [float(x) for x in good("predict", model, test).out.splitlines()[1:]]
    truth = [float(row["price"]) for row in csv.DictReader(read(test).decode().splitlines())]
    for (x, y), s, t in zip(told["fit"]["answers"]["points"], said, truth, strict=True):
        near(x / t, 1, 1e-4)
        near(y / s, 1, 1e-4)
    for (x, y), s, t in zip(told["fit"]["errors"]["points"], said, truth, strict=True):
        near(x / s, 1, 1e-4)
        near(y, s - t, 0.1)
    span, bins = told["fit"]["histogram"]["span"], told["fit"]["histogram"]["rows"]
    step = (span[1] - span[0]) / len(bins)
    assert span[0] == -span[1] and sum(bins) == 300
    inner = [sum(span[0] + b * step + 0.01 < s - t < span[0] + (b + 1) * step - 0.01
                 for s, t in zip(said, truth)) for b in range(len(bins))]
    assert all(n <= rows for n, rows in zip(inner, bins)) and sum(inner) > 290, (inner, bins)
    order = sorted(range(300), key=lambda i: -abs(said[i] - truth[i]))[:25]
    for i, shown in zip(order, told["worst"]["rows"], strict=True):
        near(shown["error"], said[i] - truth[i], 0.01)
        near(shown["label"], truth[i], 0.01)
    assert told["worst"]["columns"] == ["kind", "size"]
    assert [p["column"] for p in told["pictures"]] == ["kind"] and "curves" not in told
    good("report", model, test, "--out", page + "2", "--threads", "2")
    assert read(page) == read(page + "2"), "the same numbers, the same bytes"


@case
def many_numbers(folder):
    """Of many rows it is told how many lie where; a table of one row, and models without more."""
    data, model = prices(folder, "data.csv", 2000, 1), os.path.join(folder, "m")
    good("train", data, "--label", "price", "--out", model, "-q", "--epochs", "1", "--hidden", "8",
         "--baseline", "none")
    page, told = made(folder, model, data)
    for cloud in (told["fit"]["answers"], told["fit"]["errors"]):
        assert cloud["points"] is None and sum(n for _, _, n in cloud["cells"]) == 2000
        assert all(0 <= a < cloud["side"] > b >= 0 < n for a, b, n in cloud["cells"])
    truth = [float(row["price"]) for row in csv.DictReader(read(data).decode().splitlines())]
    low, high = told["fit"]["answers"]["x"]
    near(low, min(truth), 0.01)
    near(high, max(truth), 0.01)
    middle = sum(n for a, _, n in told["fit"]["answers"]["cells"] if a < 24)
    assert abs(middle - sum(t < (low + high) / 2 for t in truth)) <= 1, middle
    assert told["report"]["metrics"]["r2"]["linear"] is None
    assert "Linear:" not in good("evaluate", model, data, "--full").out
    assert os.path.getsize(page) < 150000
    one = write(os.path.join(folder, "one.csv"), "\n".join(read(data).decode().split("\n")[:2]))
    _, told = made(folder, model, one)
    assert told["report"]["rows"] == 1 and len(told["worst"]["rows"]) == 1


@case
def many_words(folder):
    """The most frequent 400 are shown; how many there are is told."""
    lines = ["title,kind"] + ["%s w%d x%d %s" % ("common", i % 500, i % 450, "rare,a" if i % 2 else
                                                "seldom,b") for i in range(1000)]
    data, model = write(os.path.join(folder, "d.csv"), text_of(lines)), os.path.join(folder, "m")
    good("train", data, "--label", "kind", "--text", "title", "--out", model, "-q", *QUICK)
    page, told = made(folder, model, data)
    picture = told["pictures"][0]
    values = [p for p in picture["points"] if not p["special"]]
    assert len(values) == 400 < picture["all"] == 953, (len(values), picture["all"])
    assert {"common", "rare", "seldom"} <= {p["name"] for p in picture["points"]}
    assert os.path.getsize(page) < 200000


@case
def several_models_that_answer_together(folder):
    _, model = trained(folder, *QUICK, "--members", "2", rows=300)
    _, told = made(folder, model, table(folder, "test.csv", rows=50, seed=5))
    assert told["model"]["members"] == 2
    assert [p["column"] for p in told["pictures"]] == ["species", "region"]
    vectors = good("embed", model, "--column", "species").out.splitlines()
    assert told["pictures"][0]["width"] == int(vectors[0].split()[1])
    _, alone = trained(folder, *QUICK, rows=300)
    assert made(folder, alone, table(folder, "t2.csv", rows=50))[1]["model"]["members"] == 1


@case
def what_is_refused(folder):
    data, model = trained(folder)
    page = write(os.path.join(folder, "page.html"), "as it was")
    wrong = write(os.path.join(folder, "wrong.csv"), "species,region,height,trunk\ns,N,1,1\n")
    refused(2, "--out PAGE.html is missing: where is the page to be written?", "report", model, data)
    refused(2, "an argument is missing", "report", model, "--out", page)
    refused(2, "would write over", "report", model, data, "--out", data)
    refused(2, "would write over", "report", model, data, "--out", model)
    refused(3, "no column 'group'", "report", model, wrong, "--out", page)
    refused(3, "cannot read", "report", model, "nowhere.csv", "--out", page)
    refused(3, "no row below it", "report", model, "-", "--out", page,
            stdin=trees(1)[0].encode() + b"\n")
    refused(4, "data.csv", "report", data, data, "--out", page)
    refused(1, "nowhere", "report", model, data, "--out", os.path.join(folder, "nowhere", "p.html"))
    assert read(page) == b"as it was"
    no_leftovers(folder)


main()
