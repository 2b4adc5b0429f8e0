#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove evaluate --full: what it tells of the answers of grove predict is what Python computes from
# them; its table, its JSON. The measures themselves are held against scikit-learn by test_report.
import csv
import io
import math
import os
import re
import struct

from cli import *

MEASURES = """accuracy balanced_accuracy top_k_accuracy f1_macro f1_micro f1_weighted
precision_macro recall_macro roc_auc roc_auc_ovr average_precision log_loss brier_score_loss
matthews_corrcoef ece_15""".split()


def asked(model, lines, folder):
    """The table's path; label and probabilities of each row, classes as predict orders them."""
    test = write(os.path.join(folder, "test.csv"), text_of(lines))
    rows = list(csv.reader(io.StringIO(good("predict", model, test).out)))
    names = [name[len("probability."):] for name in rows[0][1:]]
    truth = [row["group"] for row in csv.DictReader(lines)]
    return test, names, [names.index(t) for t in truth], [[float(p) for p in row[1:]]
                                                          for row in rows[1:]]


def share(a, b):
    return a / b if b else 0


def check_numbers(told, names, y, p):
    classes, n = range(len(names)), len(y)
    answers = [row.index(max(row)) for row in p]
    matrix = [[sum(a == label and b == answer for a, b in zip(y, answers)) for answer in classes]
              for label in classes]
    assert told["confusion"] == matrix
    support = [sum(row) for row in matrix]
    predicted = [sum(column) for column in zip(*matrix)]
    right = [matrix[c][c] for c in classes]
    recall = [share(right[c], support[c]) for c in classes]
    f1 = [share(2 * right[c], support[c] + predicted[c]) for c in classes]
    for c, own in enumerate(told["classes"]):
        assert (own["class"], own["support"], own["predicted"], own["right"]) == \
            (names[c], support[c], predicted[c], right[c])
        near(own["recall"]["value"], recall[c])
        near(own["precision"]["value"], share(right[c], predicted[c]))
        near(own["f1"], f1[c])
        assert 0 <= own["recall"]["low"] <= recall[c] <= own["recall"]["high"] <= 1
    should = {
        "accuracy": sum(right) / n,
        "f1_micro": sum(right) / n,
        "balanced_accuracy": sum(recall) / len(names),
        "f1_macro": sum(f1) / len(names),
        "f1_weighted": sum(a * b for a, b in zip(f1, support)) / n,
        "log_loss": -sum(math.log(max(row[c], 2.0 ** -23)) for row, c in zip(p, y)) / n,
        "brier_score_loss": sum((row[1] - c) ** 2 for row, c in zip(p, y)) / n
        if len(names) == 2 else
        sum((row[k] - (c == k)) ** 2 for row, c in zip(p, y) for k in classes) / n,
    }
    for name, value in should.items():
        near(told["metrics"][name]["value"], value)


def check_reliability(told, y, p):
    bins = told["reliability"]
    for i, own in enumerate(bins):
        inside = [(max(row), row.index(max(row)) == label) for label, row in zip(y, p)
                  if i < max(row) * 15 <= i + 1]
        assert own["rows"] == len(inside) and own["right"] == sum(right for _, right in inside)
        if inside:
            near(own["confidence"], sum(top for top, _ in inside) / len(inside))
            near(own["accuracy"]["value"], own["right"] / own["rows"])
        else:
            assert own["confidence"] is None
    near(told["metrics"]["ece_15"]["value"],
         sum(abs(b["right"] - b["rows"] * b["confidence"]) for b in bins if b["rows"]) / len(y))


def schema_of(model):
    """The columns that a model knows, and the values of each with their training rows, by id."""
    content = read(model)
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])

    def numbers(name, form):
        begin, end = header[name]["data_offsets"]
        piece = content[8 + size + begin:8 + size + end]
        return list(struct.unpack("<%d%s" % (len(piece) // struct.calcsize(form), form), piece))
    columns = json.loads(header["__metadata__"]["columns"])
    for column in columns:
        if column["kind"] in ("categorical", "label"):
            name = "vocab.%s." % column["name"]
            text, at = bytes(numbers(name + "bytes", "B")), numbers(name + "offsets", "q")
            column["names"] = [text[a:b].decode() for a, b in zip(at, at[1:])]
            column["counts"] = numbers(name + "count", "q")
    return columns


def check_frequency(told, columns, table, y, p):
    """By the rarest category of a row, and column by column."""
    def bin_of(count):
        return 0 if count is None else len(str(count))
    categories = [c for c in columns if c["kind"] == "categorical"]
    counts = {c["name"]: dict(zip(c["names"], c["counts"])) for c in categories}
    right = [row.index(max(row)) == label for label, row in zip(y, p)]

    def check(bins, of_row):
        found = {}
        for row, own_right in zip(table, right):
            key = of_row(row)
            found.setdefault(key, []).append(own_right)
        shown = {0 if b["category"] == "unknown" else len(str(b["least"])): b for b in bins}
        assert {key: (len(v), sum(v)) for key, v in found.items()} == \
            {key: (b["rows"], b["right"]) for key, b in shown.items()}, (found, bins)
    for one in told["frequency"]["columns"]:
        own = counts[one["column"]]
        check(one["bins"], lambda row: bin_of(own.get(row[one["column"]])))
    check(told["frequency"]["rarest"],
          lambda row: min(bin_of(own.get(row[name])) for name, own in counts.items()))


def logistic_answers(model, columns, table):
    """What the weights that the model keeps say of each row."""
    kept = metadata(model)["baseline"]
    classes = len(next(c["names"] for c in columns if c["kind"] == "label"))
    weights = [kept["weights"][i:i + classes] for i in range(0, len(kept["weights"]), classes)]
    answers = []
    for row in table:
        sums, at, sizes = list(weights[-1]), 0, list(kept["kept"])
        features = []
        for column in columns:
            cell = row.get(column["name"])
            if column["kind"] == "categorical":
                ids = {name: 2 + i for i, name in enumerate(column["names"])}
                own = 1 if cell == "" else ids.get(cell, 0)
                size = sizes.pop(0)
                used = weights[at + (own if own < size else 0)]
                sums, at = [a + b for a, b in zip(sums, used)], at + size
            elif column["kind"] == "numeric":
                scale = column["scale"]
                features.append((float(cell) - scale["mean"]) / scale["std"] if cell else 0)
                features += [float(cell == "")] if scale["missing"] else []
        for k, x in enumerate(features):
            sums = [a + x * b for a, b in zip(sums, weights[at + k])]
        powers = [math.exp(s - max(sums)) for s in sums]
        answers.append([power / sum(powers) for power in powers])
    return answers


def check_logistic(told, answers, y):
    metrics = told["metrics"]
    near(metrics["accuracy"]["logistic"],
         sum(row.index(max(row)) == c for row, c in zip(answers, y)) / len(y))
    near(metrics["log_loss"]["logistic"], -sum(math.log(row[c]) for row, c in zip(answers, y)) /
         len(y), 1e-4)
    assert metrics["accuracy"]["logistic"] > metrics["accuracy"]["baseline"] + 0.1, metrics


def check_importance(told, columns):
    """The label hangs on the species and the height, and on nothing else."""
    importance = told["importance"]
    assert (importance["repeats"], importance["rows"]) == (5, told["rows"])
    assert sorted(one["column"] for one in importance["columns"]) == sorted(
        c["name"] for c in columns if c["kind"] in ("categorical", "numeric"))
    losses = [one["log_loss"]["value"] for one in importance["columns"]]
    assert losses == sorted(losses, reverse=True)
    assert {one["column"] for one in importance["columns"][:2]} == {"species", "height"}
    for one in importance["columns"]:
        for measure in (one["log_loss"], one["accuracy"]):
            assert measure["low"] <= measure["value"] <= measure["high"], one
    assert all(one["log_loss"]["low"] > 0 for one in importance["columns"][:2])


def average_precision(y, p):
    """Threshold by threshold, from the highest; equal probabilities are one."""
    total = seen = 0
    for threshold in sorted({row[1] for row in p}, reverse=True):
        above = [label for label, row in zip(y, p) if row[1] >= threshold]
        total += (sum(above) - seen) * sum(above) / len(above)
        seen = sum(above)
    return total / seen


def check_report(folder, classes):
    data, model = trained(folder, "--epochs", "20", "--hidden", "16", "--batch", "32",
                          rows=600, classes=classes)
    test, names, y, p = asked(model, trees(250, classes, seed=9), folder)
    told = good("evaluate", model, test, "--full", "--json").json()
    plain = good("evaluate", model, test, "--json").json()
    assert {key: told[key] for key in plain} == plain, "what was there before is as it was"
    assert list(told["metrics"]) == MEASURES
    assert (told["confidence"], told["resamples"], told["top_k"]) == (0.95, 1000, 2)
    check_numbers(told, names, y, p)
    check_reliability(told, y, p)
    lines = list(csv.DictReader(read(test).decode().splitlines()))
    columns = schema_of(model)
    check_frequency(told, columns, lines, y, p)
    check_logistic(told, logistic_answers(model, columns, lines), y)
    check_importance(told, columns)
    for name in ("accuracy", "log_loss", "roc_auc"):
        if plain[name] is None:
            assert told["metrics"][name]["value"] is None
        else:
            near(told["metrics"][name]["value"], plain[name])
    for name, one in told["metrics"].items():
        if one["value"] is not None:
            assert one["low"] <= one["value"] <= one["high"] and one["low"] < one["high"] or \
                name == "top_k_accuracy" or name == "ece_15", (name, one)
    near(told["metrics"]["accuracy"]["baseline"], plain["baseline_accuracy"])
    train = [row["group"] for row in csv.DictReader(read(data).decode().splitlines())]
    near(told["metrics"]["balanced_accuracy"]["baseline"], 1 / classes)
    near(told["metrics"]["roc_auc_ovr"]["baseline"], 0.5)
    # Nearly: the model's own training left a tenth of these rows out.
    near(told["metrics"]["log_loss"]["baseline"],
         -sum(math.log(train.count(names[c]) / len(train)) for c in y) / len(y), 0.02)
    if classes == 2:
        near(told["metrics"]["average_precision"]["value"], average_precision(y, p))
    return told, good("evaluate", model, test, "--full"), model, test


@case
def three_classes(folder):
    told, text, model, test = check_report(folder, 3)
    for name, one in told["metrics"].items():
        line = re.findall(rf"^{name} +(\S+) +(\S+) to (\S+) +(\S+) +(\S+)", text.out, re.M)
        if one["value"] is None:
            assert not re.search(rf"^{name} ", text.out, re.M), name
        else:
            keys = ("value", "low", "high", "baseline", "logistic")
            assert line == [tuple("%.4f" % one[key] for key in keys)], (name, line)
    assert text.out == good("evaluate", model, test, "--full", "--threads", "2").out
    assert "top_k_accuracy: k = 2" in text.out and "nan" not in text.out.lower(), str(text)
    names = [c["class"] for c in told["classes"]]
    mistakes = sorted(((told["confusion"][a][b], -a, -b) for a in range(3) for b in range(3)
                       if a != b and told["confusion"][a][b]), reverse=True)[:5]
    for one in told["importance"]["columns"]:
        assert re.search(r"^%s +%.4f \(%.4f to %.4f\) +%.4f  #*" % (
            one["column"], *(one["accuracy"][key] for key in ("value", "low", "high")),
            one["log_loss"]["value"]), text.out, re.M), one
    for one in told["frequency"]["rarest"]:
        assert re.search(r"^(unknown|[1-9]0* to 9+) +%d +%.4f \(" % (
            one["rows"], one["accuracy"]["value"]), text.out, re.M), one
    assert len(re.findall(r"^0\.\d+ to [01]\.\d+ ", text.out, re.M)) == \
        sum(one["rows"] > 0 for one in told["reliability"])
    found = re.findall(r"^ +(\d+) times '(\w)' was taken for '(\w)'$", text.out, re.M)
    assert found == [(str(n), names[-a], names[-b]) for n, a, b in mistakes], str(text)


@case
def two_classes(folder):
    told, text, _, _ = check_report(folder, 2)
    assert told["metrics"]["roc_auc"] == told["metrics"]["roc_auc_ovr"]
    assert "top_k" not in text.out, "it is 1 whatever the model says"


@case
def thirty_classes(folder):
    """The 20 most frequent ones have lines, the rest is summed."""
    lines = ["name,group"]
    for i in range(1500):
        group = min(i * 7919 % 31, i * 104729 % 37) % 30
        lines.append("n%d,%s" % (group if i % 5 else i % 30, "group %02d" % group))
    data = write(os.path.join(folder, "many.csv"), text_of(lines))
    model = os.path.join(folder, "many.safetensors")
    good("train", data, "--label", "group", "--out", model, "-q", *QUICK)
    told = good("evaluate", model, data, "--full", "--json").json()
    text = good("evaluate", model, data, "--full").out
    assert told["top_k"] == 5 and len(told["classes"]) == 30
    classes = sorted(told["classes"], key=lambda c: -c["support"])
    shown = re.findall(r"^(group \d\d) +([\d,]+) +([\d,]+)", text, re.M)
    assert [name for name, _, _ in shown] == [c["class"] for c in classes[:20]]
    rest = re.search(r"^\(10 more, summed\) +(\d+) +(\d+)", text, re.M)
    assert int(rest[1]) == sum(c["support"] for c in classes[20:])
    assert int(rest[2]) == sum(c["predicted"] for c in classes[20:])


@case
def one_label_only(folder):
    """No curve, and nothing of it is told; the rest is."""
    _, model = trained(folder, classes=2)
    lines = trees(100, 2, seed=3)
    one = text_of([lines[0]] + [line for line in lines if line.endswith(",a")]).encode()
    told = good("evaluate", model, "-", "--full", "--json", stdin=one).json()
    assert told["metrics"]["roc_auc"] == {"value": None, "low": None, "high": None,
                                          "baseline": None, "logistic": None}
    assert told["metrics"]["accuracy"]["value"] is not None
    text = good("evaluate", model, "-", "--full", stdin=one).out
    assert "roc_auc" not in text and "nan" not in text, text


def overflowing(model):
    """The last layer's numbers are so large that logits are infinite; no checksums, which would
    tell."""
    content = read(model)
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    header["__metadata__"].pop("crc32c")
    numbers = bytearray(content[8 + size:])
    for name in ("mlp.1.weight", "mlp.1.bias"):
        begin, end = header[name]["data_offsets"]
        numbers[begin:end] = struct.pack("<f", 3e38) * ((end - begin) // 4)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return write(model, struct.pack("<Q", len(text)) + text + numbers)


@case
def weights_gone_astray(folder):
    """A model that answers NaN has no accuracy: bad model, in one sentence."""
    data, model = trained(folder, classes=2)
    overflowing(model)
    for more in ([], ["--json"]):
        result = run("evaluate", model, data, "--full", *more)
        assert result.code == 4 and result.out == "", str(result)
        assert "the probability of class 0 in row" in result.err.splitlines()[-1], str(result)


def metadata(model):
    content = read(model)
    header = json.loads(content[8:8 + struct.unpack("<Q", content[:8])[0]])
    return {key: json.loads(text) for key, text in header["__metadata__"].items()
            if key in ("training", "baseline")}


@case
def what_a_model_keeps_of_its_training(folder):
    """The learning curves are those of --log; no path, time or host is in it."""
    data, log = table(folder, rows=300), os.path.join(folder, "log.jsonl")
    model = os.path.join(folder, "model.safetensors")
    told = good("train", data, "--label", "group", "--out", model, "--log", log, "--json", "-q",
                "--seed", "7", "--epochs", "4", "--hidden", "8").json()
    epochs = [strict_json(line) for line in read(log).decode().splitlines()]
    kept = metadata(model)["training"]
    assert (kept["rows"], kept["validation_rows"], kept["seed"], kept["epochs"]) == \
        (told["training_rows"], 300 - told["training_rows"], 7, told["epochs"])
    assert kept["best_epoch"] == told["best_epoch"]
    assert kept["refit_rows"] == told["refit_rows"] == 300
    assert kept["training_loss"] == [e["loss"] for e in epochs if e["split"] == "train"]
    assert kept["validation_loss"] == [e["loss"] for e in epochs if e["split"] == "valid"]
    assert kept["validation_accuracy"] == [e["metrics"]["accuracy"] for e in epochs
                                           if e["split"] == "valid"]
    assert folder.encode() not in read(model) and set(kept) == set(
        "rows validation_rows refit_rows seed epochs best_epoch training_loss validation_loss "
        "validation_accuracy".split())
    linear = metadata(model)["baseline"]
    assert len(linear["weights"]) % 3 == 0 and len(linear["kept"]) == 2
    good("train", data, "--label", "group", "--out", model, "-q", "--baseline", "none", *QUICK)
    assert "baseline" not in metadata(model)
    plain = good("evaluate", model, data, "--full", "--json").json()["metrics"]["accuracy"]
    assert plain["logistic"] is None and plain["baseline"] is not None
    assert "logistic" not in good("evaluate", model, data, "--full").out
    refused(2, "did you mean 'logistic'", "train", data, "--label", "group", "--out", model,
            "--baseline", "logistik")


@case
def demands(folder):
    """--require: met, missed, both; of a measure that is not defined; what cannot be read."""
    data, model = trained(folder, *QUICK, "--min-count", "1", "--valid", table(folder, "v.csv", rows=99))
    told = good("evaluate", model, data, "--full", "--json").json()["metrics"]
    accuracy, loss = told["accuracy"]["value"], told["log_loss"]["value"]
    report = good("evaluate", model, data).out
    for demand in ("accuracy>=%r" % (accuracy - 1e-8),
                   "accuracy>=0.1,log_loss<=%r" % (loss + 1e-8), "ece_15<=1"):
        assert good("evaluate", model, data, "--require", demand).out == report
    missed = refused(5, ["--require is missed: accuracy is ", ", not >= 0.999; log_loss is ",
                         ", not <= 1e-06"], "evaluate", model, data, "--require", "accuracy>=0.999",
                     "--require=f1_macro>=0,log_loss<=1e-6")
    assert missed.out == report, "the report is told all the same"
    asked = run("evaluate", model, data, "--json", "--require", "accuracy>=0.999,log_loss<=9")
    assert asked.code == 5 and asked.json()["required"] == [
        {"metric": "accuracy", "at_least": 0.999, "value": accuracy, "met": False},
        {"metric": "log_loss", "at_most": 9, "value": loss, "met": True}], str(asked)
    assert "metrics" not in asked.json()
    full = run("evaluate", model, data, "--full", "--json", "--require", "accuracy>=0.999").json()
    assert full["metrics"]["accuracy"]["low"] is not None and not full["required"][0]["met"]
    refused(5, "roc_auc is not defined on these rows, not >= 0", "evaluate", model, data,
            "--require", "roc_auc>=0")
    for demand, words in [("acuracy>=0.9", "'acuracy'; did you mean 'accuracy'? (grove"),
                          ("xyzzy>=0.9", "no metric 'xyzzy' (grove evaluate --full shows all)"),
                          ("accuracy>0.9", "not 'accuracy>0.9'"), ("accuracy", "not 'accuracy'"),
                          ("accuracy>=high", "not 'accuracy>=high'"), ("", "not ''"),
                          (">=1", "not '>=1'"), ("accuracy>=0.9,,", "separated by commas")]:
        assert refused(2, words, "evaluate", model, data, "--require", demand).out == ""


@case
def no_rows(folder):
    _, model = trained(folder)
    refused(3, "no row below it", "evaluate", model, "-", "--full",
            stdin=trees(1)[0].encode() + b"\n")


@case
def train_tells_the_linear_baseline(folder):
    """On the rows it validates on, which may be asked about once more."""
    data, valid = table(folder, rows=400), table(folder, "valid.csv", rows=200, seed=2)
    model, prices = os.path.join(folder, "m"), os.path.join(folder, "prices.csv")
    write(prices, "kind,size,price\n" + "".join(
        "k%d,%d,%.2f\n" % (i % 5, i * 7 % 50, 3.5 * (i * 7 % 50) + i % 5 + i * 13 % 11 / 7)
        for i in range(300)))
    for rows, others, label in [(data, valid, "group"), (prices, prices, "price")]:
        train = ["train", rows, "--label", label, "--valid", others, "--out", model, "-q", *QUICK]
        told = good(*train, "--json").json()["linear"]
        again = good("evaluate", model, others, "--full", "--json").json()["metrics"]
        names = ["accuracy", "log_loss"] if label == "group" else ["r2", "mean_absolute_error"]
        key = "logistic" if label == "group" else "linear"
        for name in names:
            near(told[name], again[name][key], 1e-4)
        words = good(*train).out
        assert "  %s regression on the same columns: %s " % (
            key, "accuracy" if label == "group" else "r2") in words, words
        assert good(*train, "--json", "--baseline", "none").json()["linear"] is None


main()
