#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Labels that are numbers: --task and --loss of train, the report, evaluate, predict, gradcheck.
import collections
import csv

from cli import *

METRICS = ["rows", "r2", "mean_squared_error", "mean_absolute_error",
           "baseline_mean_squared_error", "baseline_mean_absolute_error"]


def prices(folder, name="data.csv", rows=1500, seed=1, wild=0):
    """A price that hangs on the kind and the size; a share `wild` of rows is far above."""
    r = random.Random(seed)
    lines = ["kind,size,price"]
    for _ in range(rows):
        kind, size = r.randrange(8), r.uniform(20, 200)
        price = 1000 + 50 * kind + 8 * size + r.gauss(0, 20) + (1e5 if r.random() < wild else 0)
        lines.append("kind %d,%.1f,%.2f" % (kind, size, price))
    return write(os.path.join(folder, name), text_of(lines))


def column(text, name):
    head, *lines = text.splitlines()
    return [float(line.split(",")[head.split(",").index(name)]) for line in lines]


@case
def a_number_is_predicted(folder):
    data, test = prices(folder), prices(folder, "test.csv", rows=400, seed=2)
    model = os.path.join(folder, "m.safetensors")
    result = good("train", data, "--label", "price", "--out", model, "--epochs", "40")
    for words in ["task  regression: the label is numbers, more than 20 distinct ones\n",
                  "loss  mse, of numbers that are scaled", "price   target",
                  "\nr2                   0.9", "always the training rows' mean: "]:
        assert words in result.out, "%r is not in %s" % (words, result)
    assert ", r2 0.9" in epochs_of(result)[-1], str(result)
    told = good("evaluate", model, test, "--json").json()
    assert list(told) == ["schema"] + METRICS + ["unknown_cells", "unknown"], told
    assert told["r2"] > 0.95 and told["rows"] == 400, told
    text = good("predict", model, test).out
    assert text.startswith("prediction\n"), text[:80]
    said, truth = column(text, "prediction"), column(read(test).decode(), "price")
    error = [a - b for a, b in zip(said, truth)]
    near(told["mean_squared_error"], sum(e * e for e in error) / 400, 1)
    near(told["mean_absolute_error"], sum(abs(e) for e in error) / 400, 0.01)
    mean = sum(truth) / 400
    near(told["r2"], 1 - sum(e * e for e in error) / sum((y - mean) ** 2 for y in truth), 1e-4)
    listed = good("predict", model, test, "--json").json()
    assert listed["classes"] is None and len(listed["predictions"]) == 400
    near(listed["predictions"][7]["prediction"], said[7], 1e-4)
    words = good("evaluate", model, test).out
    assert "rows                 400\nr2                   %.4f\n" % told["r2"] in words, words
    shown = good("inspect", model, "--json").json()["columns"][2]
    assert shown["type"] == "target" and shown["standard_deviation"] > 0, shown


@case
def the_median_of_training_rows_is_a_baseline(folder):
    data = prices(folder, rows=300)
    model = os.path.join(folder, "m")
    good("train", data, "--label", "price", "--out", model, *QUICK, "-q", "--valid", data)
    told, truth = good("evaluate", model, data, "--json").json(), column(read(data).decode(),
                                                                         "price")
    mean, middle = sum(truth) / 300, sorted(truth)
    median = (middle[149] + middle[150]) / 2
    near(told["baseline_mean_squared_error"], sum((y - mean) ** 2 for y in truth) / 300, 1)
    near(told["baseline_mean_absolute_error"], sum(abs(y - median) for y in truth) / 300, 0.01)


def solve(matrix, right):
    """Gauss, with pivots."""
    rows = [list(row) + [y] for row, y in zip(matrix, right)]
    for i in range(len(rows)):
        best = max(range(i, len(rows)), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for k in range(len(rows)):
            if k != i:
                f = rows[k][i] / rows[i][i]
                rows[k] = [a - f * b for a, b in zip(rows[k], rows[i])]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def check_linear(told, test, train):
    """Least squares by the normal equations, of kinds and size."""
    def parsed(text):
        rows = list(csv.DictReader(text.splitlines()))
        return [[float(r["kind"] == k) for k in kinds] + [float(r["size"] or 0)] for r in rows], \
            [float(r["price"]) for r in rows]
    kinds = sorted({r["kind"] for r in csv.DictReader(train.splitlines())})
    x, y = parsed(train)
    n = len(x[0])
    w = solve([[sum(r[i] * r[j] for r in x) for j in range(n)] for i in range(n)],
              [sum(r[i] * t for r, t in zip(x, y)) for i in range(n)])
    x, y = parsed(test)
    error = [sum(a * b for a, b in zip(w, r)) - t for r, t in zip(x, y)]
    mse = sum(e * e for e in error) / len(error)
    near(told["mean_squared_error"]["linear"] / mse, 1, 0.05)
    near(told["mean_absolute_error"]["linear"], sum(map(abs, error)) / len(error),
         0.05 * mse ** 0.5)


def check_errors(full, model, test, train):
    """Rows by how frequent their kind was in training."""
    lines = read(train).decode().splitlines()
    counts = collections.Counter(r["kind"] for r in csv.DictReader(lines))
    said = column(good("predict", model, test).out, "prediction")
    rows = list(csv.DictReader(read(test).decode().splitlines()))
    by_bin = collections.defaultdict(list)
    for r, p in zip(rows, said):
        by_bin[len(str(counts[r["kind"]]))].append(abs(p - float(r["price"])))
    bins = full["frequency"]["rarest"]
    assert [b["rows"] for b in bins] == [len(by_bin[k]) for k in sorted(by_bin)], bins
    for b, k in zip(bins, sorted(by_bin)):
        near(b["error"]["value"] / (sum(by_bin[k]) / len(by_bin[k])), 1, 1e-3)
    best = full["importance"]["columns"][0]
    assert {c["column"] for c in full["importance"]["columns"]} == {"kind", "size"}
    assert best["mean_squared_error"]["low"] > 0 and best["mean_absolute_error"]["low"] > 0, best


@case
def the_full_report(folder):
    data, test = prices(folder, rows=600), prices(folder, "test.csv", rows=300, seed=2)
    model = os.path.join(folder, "m")
    good("train", data, "--label", "price", "--out", model, "--epochs", "20", "-q")
    plain = good("evaluate", model, test, "--json").json()
    full = good("evaluate", model, test, "--full", "--json").json()
    told = full["metrics"]
    assert list(told) == ["r2", "explained_variance", "mean_squared_error",
                          "root_mean_squared_error", "mean_absolute_error",
                          "median_absolute_error", "max_error"], told
    for name in METRICS[1:4]:
        near(told[name]["value"] / plain[name], 1)
        assert told[name]["low"] < told[name]["value"] < told[name]["high"], told[name]
    for name in METRICS[2:4]:
        near(told[name]["baseline"] / plain["baseline_" + name], 1)
    check_linear(told, read(test).decode(), read(data).decode())
    check_errors(full, model, test, data)
    assert told["max_error"]["low"] is None and full["resamples"] == 1000, told
    assert good("evaluate", model, test, "--full", "--json").json() == full
    good("evaluate", model, test, "--require", "r2>=0.1", "--require", "max_error<=1e9")
    missed = run("evaluate", model, test, "--json", "--require", "r2>=1.5")
    assert missed.code == 5 and "--require is missed: r2 is 0." in missed.err, str(missed)
    assert missed.json()["required"][0]["met"] is False, str(missed)
    words = good("evaluate", model, test, "--full").out
    for text in ["rows    300\n", "median_absolute_error", "Intervals: by 1,000 resamples",
                 "unknown cells      0.00 %", "Linear: linear regression on the same columns.",
                 "By the rarest category", "What is lost when a column's cells are dealt anew"]:
        assert text in words, words


@case
def losses(folder):
    """Rows far off pull at the squared error, and hardly at the others."""
    data, clean = prices(folder, wild=0.05), prices(folder, "clean.csv", rows=400, seed=2)
    model, error = os.path.join(folder, "m"), {}
    for name in ["mse", "mae", "huber"]:
        more = ["--huber-delta", "0.05"] if name == "huber" else []
        told = good("train", data, "--label", "price", "--out", model, "--epochs", "30", "-q",
                    "--loss", name, "--json", *more).json()
        assert told["task"] == {"kind": "regression", "loss": name, "softmax": None,
                                "reason": "the label is numbers, more than 20 distinct ones"}
        error[name] = good("evaluate", model, clean, "--json").json()["mean_absolute_error"]
    assert error["mae"] < error["mse"] / 4 and error["huber"] < error["mse"] / 4, error


@case
def what_is_guessed_and_asked(folder):
    model = os.path.join(folder, "m")
    few = write(os.path.join(folder, "few.csv"), text_of(
        ["x,y"] + ["%d,%d" % (i * 7 % 40, i % 5) for i in range(200)]))
    train = ["train", few, "--label", "y", "--out", model, *QUICK, "-q"]
    told = good(*train, "--json").json()
    assert told["task"] == {"kind": "classification", "loss": "log_loss",
                            "softmax": {"kind": "full", "sampler": None, "samples": None},
                            "reason": "the label is numbers, of only 5 distinct ones"}, told
    assert "task  classification: the label is numbers, of only 5" in good(*train).out
    told = good(*train, "--json", "--task", "regression").json()
    assert told["task"]["kind"] == "regression" and told["task"]["reason"] == "as asked for"
    assert list(told["validation"]) == METRICS, told
    many = write(os.path.join(folder, "many.csv"), text_of(
        ["x,y"] + ["%d,%d" % (i * 7 % 40, i % 30) for i in range(600)]))
    assert "task  classification: as asked for" in good(
        "train", many, "--label", "y", "--out", model, *QUICK, "-q", "--task",
        "classification").out
    assert "regression" in good("train", many, "--label", "y", "--out", model, *QUICK, "-q").out


@case
def a_schema_file_says_it(folder):
    data, model = prices(folder, rows=200), os.path.join(folder, "m")
    schema = os.path.join(folder, "s.json")
    good("inspect", data, "--label", "price", "--schema", schema)
    assert '"target"' in read(schema).decode()
    train = ["train", data, "--schema", schema, "--out", model, *QUICK, "-q", "--json"]
    told = good(*train).json()["task"]
    assert told["kind"] == "regression" and told["reason"] == "as the schema file says", told
    lines = ["x,y"] + ["%d,%d" % (i * 7 % 40, i % 30) for i in range(600)]
    many = write(os.path.join(folder, "many.csv"), text_of(lines))
    write(schema, '{"schema": 1, "columns": [{"name": "y", "type": "label"}]}')
    told = good("train", many, *train[2:]).json()["task"]
    assert told["kind"] == "classification", told
    told = good("train", many, *train[2:], "--task", "regression").json()["task"]
    assert told["kind"] == "regression", told


@case
def weights_of_rows(folder):
    r, model = random.Random(3), os.path.join(folder, "m")
    lines = ["x,y,w"]
    for i in range(600):  # what weighs lies on one line, what does not on another
        x, heavy = r.uniform(0, 10), i % 2
        lines.append("%.2f,%.2f,%d" % (x, 5 * x if heavy else -5 * x, 99 * heavy + 1))
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    good("train", data, "--label", "y", "--out", model, "--epochs", "30", "-q",
         "--weight-column", "w")
    new = write(os.path.join(folder, "n.csv"), "x\n2\n8\n")
    said = column(good("predict", model, new).out, "prediction")
    assert abs(said[0] - 10) < 4 and abs(said[1] - 40) < 4, said


@case
def a_checkpoint_goes_on(folder):
    data, model = prices(folder, rows=400), os.path.join(folder, "m.safetensors")
    train = ["train", data, "--label", "price", "--out", model, *QUICK, "-q", "--keep-checkpoint"]
    good(*train, "--epochs", "6")
    whole = read(model)
    os.remove(os.path.join(folder, "m.ckpt.safetensors"))
    good(*train)
    good(*train, "--resume", "--epochs", "6")
    assert read(model) == whole
    refused(4, "--loss", *train, "--resume", "--epochs", "8", "--loss", "mae")


@case
def gradients_are_checked(folder):
    data, model = prices(folder, rows=300), os.path.join(folder, "m")
    good("train", data, "--label", "price", "--out", model, *QUICK, "-q")
    assert good("gradcheck", model, data, "--json").json()["loss"] > 0


@case
def cross_validation(folder):
    data, said = prices(folder, rows=400), os.path.join(folder, "said.csv")
    cv = ["cv", data, "--label", "price", "--folds", "4", "--epochs", "20", "--rate", "0.01"]
    told = good(*cv, "--json", "--predictions", said).json()
    names = METRICS[1:]
    assert list(told["metrics"]) == names and told["baseline_accuracy"] is None, told
    assert told["metrics"]["r2"]["mean"] > 0.8, told
    assert [r["test_rows"] for r in told["rounds"]] == [100] * 4, told
    text, truth = read(said).decode(), column(read(data).decode(), "price")
    assert text.startswith("row,repeat,fold,label,prediction\n"), text[:60]
    error = [a - b for a, b in zip(column(text, "prediction"), truth)]
    mean = sum(r["metrics"]["mean_squared_error"] for r in told["rounds"]) / 4
    near(sum(e * e for e in error) / 400 / mean, 1, 1e-3)
    words = good(*cv).out
    for line in ["task  regression: ", "mean_absolute_error", "Baselines: always the training rows'"]:
        assert line in words, words
    good(*cv, "--loss", "mae", "--weight-column", "size")


@case
def what_is_refused(folder):
    data, model = prices(folder, rows=300), os.path.join(folder, "m")
    train = ["train", data, "--label", "price", "--out", model, *QUICK, "-q"]
    refused(2, "--huber-delta belongs to --loss huber", *train, "--huber-delta", "2")
    refused(3, "--class-weight is for classes", *train, "--class-weight", "balanced")
    group = ["train", table(folder, "t.csv", rows=200), "--label", "group", "--out", model, *QUICK]
    refused(3, "--loss is for labels that are numbers, and this is classification (the label is "
            "text", *group, "--loss", "mae")
    refused(3, ["t.csv: line 2, column 'group'", "is not a number"], *group, "--task",
            "regression")
    bad = write(os.path.join(folder, "bad.csv"),
                read(data).decode() + "kind 1,50,\n")
    refused(3, "line 302, column 'price': the label is missing", "train", bad, *train[2:])
    assert not os.path.exists(model)
    good(*train)
    refused(2, "accuracy is a metric of models that tell classes", "evaluate", model, data,
            "--require", "accuracy>=0.5")
    dear = write(os.path.join(folder, "dear.csv"), "kind,size,price\nkind 1,50,dear\n")
    refused(3, "line 2, column 'price': 'dear' is not a number", "evaluate", model, dear)
    assert good("predict", model, dear).out.count("\n") == 2


if __name__ == "__main__":
    main()
