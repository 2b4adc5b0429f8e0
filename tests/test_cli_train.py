#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove train, and what comes of it: the report, evaluate; seeds, threads, options.
import gzip
import os
import pty
import re
import select
import subprocess
import time

from cli import *

METRICS = ["rows", "accuracy", "log_loss", "roc_auc", "baseline_accuracy"]
REPORT = """\
column   type            values      empty  why
species  categorical        150          0  text, 150 distinct values
"""

# ---- from the table to the answers --------------------------------------------------------------


def round_trip(folder, classes):
    data = table(folder, rows=3000, classes=classes)
    test = table(folder, "test.csv", rows=800, classes=classes, seed=2)
    model = os.path.join(folder, "m.safetensors")
    result = good("train", data, "--label", "group", "--out", model, "--epochs", "4", "--rate",
                  "0.005")
    assert result.out.startswith(REPORT), str(result)
    for words in ["height   numeric", "group    label", "trained on 2,700 rows, 4 epochs; the best",
                  "on rows that were not trained on:", "model written to " + model]:
        assert words in result.out, str(result)
    lines = epochs_of(result)
    assert len(lines) == 4, str(result)
    for i, line in enumerate(lines):
        assert re.fullmatch(r"epoch %2d of 4: training loss \d\.\d{4}, validation loss \d\.\d{4}, "
                            r"accuracy \d\.\d{4}( \(the best so far\))?" % (i + 1), line), line

    result = good("evaluate", model, test, "--json")
    told = result.json()
    assert list(told) == ["schema"] + METRICS + ["unknown_cells", "unknown"], str(result)
    assert told["schema"] == 1 and told["rows"] == 800 and told["unknown_cells"] == 0
    assert told["accuracy"] > told["baseline_accuracy"] + 0.25, str(result)
    assert (told["roc_auc"] is not None) == (classes == 2), str(result)
    assert result.err == "", str(result)
    result = good("evaluate", model, test)
    for words in ["rows               800\n", "accuracy           %.4f\n" % told["accuracy"],
                  "log loss           %.4f\n" % told["log_loss"], "unknown cells      0.00 %\n",
                  "most frequent class: %.4f\n" % told["baseline_accuracy"]]:
        assert words in result.out, str(result)
    assert ("ROC AUC" in result.out) == (classes == 2), str(result)


@case
def three_classes(folder):
    round_trip(folder, 3)


@case
def two_classes(folder):
    round_trip(folder, 2)


@case
def json_report(folder):
    data, model = table(folder, rows=400), os.path.join(folder, "m")
    result = good("train", data, "--label", "group", "--out", model, "--json", "--quiet", *QUICK)
    told = result.json()
    assert result.err == "", str(result)
    assert list(told) == ["schema", "model", "training_rows", "separator", "columns", "epochs",
                          "best_epoch", "training_loss", "task", "settings", "members", "refit_rows",
                          "stopped_by_time_limit", "warnings", "split", "weights", "validation",
                          "linear"], str(result)
    assert (told["schema"], told["training_rows"], told["epochs"]) == (1, 360, 2), str(result)
    assert list(told["validation"]) == METRICS and told["validation"]["rows"] == 40
    assert list(told["linear"]) == METRICS and told["linear"]["rows"] == 40
    settings = told["settings"]
    assert settings["hidden"] == {"value": [8], "reason": None}, settings
    assert settings["epochs"] == {"value": 2, "reason": None}, settings
    assert settings["numbers"]["value"] == "standard" and settings["numbers"]["reason"], settings
    assert settings["dropout"]["value"] == 0.25 and settings["dropout"]["reason"], settings
    types = [(c["name"], c["type"], c.get("values"), c["empty"] > 0) for c in told["columns"]]
    assert types[1:] == [("region", "categorical", 4, False), ("height", "numeric", None, True),
                         ("trunk", "numeric", None, False), ("group", "label", 3, False)], types


@case
def settings_are_told(folder):
    """Each with its reason; what was given is said to be."""
    result = good("train", table(folder, rows=400), "--label", "group", "--out",
                  os.path.join(folder, "m"), "-q", *QUICK)
    lines = dict(line.split(None, 1) for line in result.out.splitlines() if line)
    assert lines["hidden"].split(None, 1) == ["8", "given"], str(result)
    assert lines["numbers"].startswith("standard ") and "few rows" in lines["numbers"], str(result)
    assert lines["dropout"].startswith("0.25 "), str(result)


RULE = "1.6 * rows^0.56, at most 16"


def rule(rows):
    return min(16, max(1, round(1.6 * rows ** 0.56)))


def check_tables(told, text, width=None):
    """The size of each table, and the rule of its width, in JSON and in words."""
    seen = 0
    for column in told["columns"]:
        if column["type"] != "categorical":
            assert "embedding" not in column, column
            continue
        rows = column["values"] + 2
        wide = width or rule(rows)
        assert column["embedding"] == {"rows": rows, "width": wide, "parameters": rows * wide,
                                       "rule": RULE, "rule_width": rule(rows)}, column
        why = ("width by the rule " + RULE if wide == rule(rows) else
               "the rule %s, gives a width of %d" % (RULE, rule(rows)))
        size = 4 * rows * wide
        size = "%.0f bytes" % size if size < 1000 else "%.1f kB" % (size / 1000)
        line = "table of '%s': %s rows x %d numbers = %s parameters, %s (%s)\n" % (
            column["name"], format(rows, ","), wide, format(rows * wide, ","), size, why)
        assert text.count(line) == 1, "%r is not in %r" % (line, text)
        seen += 1
    assert seen == 2 and text.count("table of '") == 2, text


@case
def the_width_of_tables_is_told(folder):
    data, model = table(folder, rows=400), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, "--json", *QUICK]
    for more, width in [([], None), (["--embedding-dim", "5"], 5)]:
        result = good(*train, *more)
        check_tables(result.json(), result.err, width)
        assert "table of" not in result.out, str(result)
        assert good(*train, *more, "-q").err == ""
        check_tables(good("inspect", model, "--json").json(), good("inspect", model).out, width)
    told, text = good("inspect", data, "--json", "--label", "group"), good("inspect", data,
                                                                         "--label", "group")
    assert told.err == text.err == ""
    check_tables(told.json(), text.out)


@case
def best_weights(folder):
    """Early stopping: what is saved is what scored best, not what came last."""
    data, model = table(folder, rows=300), os.path.join(folder, "m")
    valid = table(folder, "valid.csv", rows=200, seed=5)
    result = good("train", data, "--label", "group", "--out", model, "--valid", valid, "--json",
                  "--rate", "0.02", "--epochs", "40", "--patience", "3")
    told, again = result.json(), good("evaluate", model, valid, "--json").json()
    assert told["epochs"] == told["best_epoch"] + 3 < 40, str(result)
    for name in METRICS:
        if told["validation"][name] is None:
            assert again[name] is None
        else:
            near(told["validation"][name], again[name], 1e-7)
    lines = epochs_of(result)
    best = lines[told["best_epoch"] - 1]
    assert best.endswith("validation loss %.4f, accuracy %.4f (the best so far)" % (
        again["log_loss"], again["accuracy"])), best
    losses = [float(re.search(r"validation loss ([\d.]+)", line).group(1)) for line in lines]
    assert min(losses) == losses[told["best_epoch"] - 1], str(result)
    assert not lines[-1].endswith("so far)"), str(result)


@case
def no_validation(folder):
    data, model = table(folder, rows=200), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, "--valid-fraction", "0"]
    result = good(*train, *QUICK)
    words = "trained on 200 rows, 2 epochs; there were no rows to validate on, so the last"
    assert words in result.out, str(result)
    assert "validation" not in result.err and "not trained on" not in result.out, str(result)
    result = good(*train, "--json", *QUICK)
    assert result.json()["validation"] is None, str(result)


# ---- where the time goes ------------------------------------------------------------------------

OPS = {"embedding": 2, "concat": 1, "matmul": 9, "dropout": 2,
       "softmax_cross_entropy_rows": 1, "softmax_cross_entropy_gradient": 1, "mean": 1,
       "relu_gradient": 2, "adam": 6, "adam_rows": 2, "adam_catch_up": 2}


@case
def profile(folder):
    """Every op of the step, the longest time first; no more time than there was."""
    data, model = table(folder, rows=3000), os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", model, "--epochs", "3", "-q",
             "--numbers", "standard", "--table-dropout", "0", "--average", "0", "--batch", "256"]
    begin = time.monotonic()
    told = good(*train, "--profile", "--json").json()["profile"]
    wall = time.monotonic() - begin
    assert list(told) == ["steps", "seconds", "training_seconds", "block_bytes",
                          "block_bound_bytes", "peak_memory_bytes", "ops"], told
    steps = 3 * 11  # ten batches of 256 rows, and one of 140
    assert told["steps"] == steps, told
    assert all(list(op) == ["op", "runs", "seconds", "bytes"] for op in told["ops"]), told
    runs = {op["op"]: op["runs"] for op in told["ops"]}
    assert len(runs) == len(told["ops"]), told
    for op, count in OPS.items():
        assert runs.get(op) == steps * count, "%s: %s" % (op, runs)
    assert "add" not in runs and "relu" not in runs, runs  # done by the products' kernels
    seconds = [op["seconds"] for op in told["ops"]]
    assert seconds == sorted(seconds, reverse=True) and seconds[-1] >= 0, seconds
    near(sum(seconds), told["seconds"], 1e-7)
    assert 0 < told["seconds"] <= told["training_seconds"] <= wall, told
    assert 0 < told["block_bound_bytes"] <= told["block_bytes"] < told["peak_memory_bytes"], told

    text = good(*train, "--profile").out
    head = re.search(r"\nop +runs +seconds +us a step +share +kB a step +GB/s\n", text)
    lines = [line.split() for line in text[head.end():].split("\n\n")[0].splitlines()]
    assert {line[0]: int(line[1]) for line in lines} == runs, text
    shares = [float(line[4].rstrip("%")) for line in lines]
    assert shares == sorted(shares, reverse=True) and 98 < sum(shares) < 102, text
    assert re.search(r"\n33 steps of [\d.]+ us took [\d.]+ s of [\d.]+ s; the rest went into "
                     r"batches and validation\nmemory: [\d.]+ MB for what a step computes \(at "
                     r"least [\d.]+ MB live at one time\), [\d.]+ MB for the process at its "
                     r"peak\n", text), text
    assert "GB/s" not in good(*train).out and "profile" not in good(*train, "--json").json()


# ---- progress -----------------------------------------------------------------------------------


def on_terminal(arguments, term):
    """What the command writes to a terminal that is its stderr."""
    own, its = pty.openpty()
    env = dict(os.environ, TERM=term)
    process = subprocess.Popen([GROVE] + arguments, stdout=subprocess.DEVNULL, stderr=its, env=env)
    os.close(its)
    seen = b""
    while True:
        if not select.select([own], [], [], 60)[0]:
            break
        try:
            piece = os.read(own, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        seen += piece
    os.close(own)
    assert process.wait(60) == 0
    return seen.decode()


@case
def progress_bar(folder):
    train = ["train", table(folder, rows=1000), "--label", "group", "--out",
             os.path.join(folder, "m"), "--epochs", "2", "--batch", "4", "--hidden", "8",
             "--refit", "no"]
    shown = on_terminal(train, "xterm")
    assert "[####" in shown and "....]" in shown and "\033[K" in shown, shown
    assert shown.count("\n") == 4, shown  # two tables, two epochs
    for more, term in [([], "dumb"), (["--progress", "lines"], "xterm")]:
        shown = on_terminal(train + more, term)
        assert "[#" not in shown and "\033" not in shown and shown.count("\n") == 4, shown
    for more in (["-q"], ["--quiet"], ["--progress=none"]):
        assert on_terminal(train + more, "xterm") == "", more
    result = good(*train, "--progress", "bar")
    assert "[####" in result.err, str(result)


# ---- the same, and not the same -----------------------------------------------------------------


@case
def same_seed_same_bytes(folder):
    data = table(folder, rows=700)
    one = model_bytes(folder, data, *QUICK)
    assert model_bytes(folder, data, *QUICK) == one, "a second run"
    assert model_bytes(folder, data, *QUICK, "--threads", "2") == one, "two threads"
    env = dict(os.environ, GROVE_NUM_THREADS="3")
    assert model_bytes(folder, data, *QUICK, env=env) == one, "GROVE_NUM_THREADS"
    assert model_bytes(folder, data, *QUICK, "--seed", "1") == one, "the default seed is 1"
    assert model_bytes(folder, data, *QUICK, "--seed", "2") != one, "another seed"
    assert model_bytes(folder, data, *QUICK, "--json") == one, "--json"
    for locale in ("de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8"):
        env = dict(os.environ, LC_ALL=locale, LANG=locale, LANGUAGE=locale)
        assert model_bytes(folder, data, *QUICK, "--dropout", "0.25", env=env) == one, locale
    assert os.path.basename(folder).encode() not in one, "a path in the model file"


@case
def forms_of_the_same_table(folder):
    """Line ends, byte order mark, quotes, separators: none of them changes a byte of the model."""
    lines = trees(300)
    one = model_bytes(folder, table(folder, rows=300), *QUICK)

    def same(words, content, *options):
        path = write(os.path.join(folder, "form.csv"), content)
        assert model_bytes(folder, path, *QUICK, *options) == one, words

    path = os.path.join(folder, "stdin.safetensors")
    good("train", "-", "--label", "group", "--out", path, "-q", *QUICK,
         stdin=text_of(lines).encode())
    assert read(path) == one, "standard input"
    same("CRLF", "\r\n".join(lines) + "\r\n")
    same("a byte order mark", b"\xef\xbb\xbf" + text_of(lines).encode())
    same("no last line end", "\n".join(lines))
    same("quotes", text_of(['"' + line.replace(",", '","') + '"' for line in lines]))
    same("semicolons", text_of([line.replace(",", ";") for line in lines]), "--separator", ";")
    same("tabs", text_of([line.replace(",", "\t") for line in lines]), "--separator", "\\t")
    for mark in ";\t|":
        same("guessed " + mark, text_of([line.replace(",", mark) for line in lines]))
    same("packed", gzip.compress(text_of(lines).encode()))
    same("packed in two", gzip.compress(text_of(lines[:99]).encode()) +
         gzip.compress(text_of(lines[99:]).encode()))
    same("frames of zstd", zstd_frame(text_of(lines[:99])) + zstd_frame(text_of(lines[99:])))
    same("skipped lines", text_of(['"of', "x;y;z"] + lines), "--skip", "2")
    same("comments", text_of(["#", lines[0], "# x,y"] + lines[1:] + ["#"]), "--comment", "#")
    german = [line.replace(",", ";").replace(".", ",") for line in lines]
    same("decimal commas", text_of(german), "--decimal", ",")
    same("decimal points", text_of(lines), "--decimal", ".")
    same("blanks", text_of([line.replace(",", " , ") for line in lines]), "--trim")


@case
def options_change_the_model(folder):
    """Each of them, against all defaults: none is read and forgotten."""
    r = random.Random(3)
    lines = trees(300)
    for i in range(40):  # values met 1 to 3 times, for --min-count
        lines += ["rare %d,N,1,1,a" % i] * r.randrange(1, 4)
    data = write(os.path.join(folder, "data.csv"), text_of(lines))
    base = ["--epochs", "2", "--hidden", "8", "--batch", "64", "--unknown-share", "0.05"]
    one = model_bytes(folder, data, *base)
    for change in (["--hidden", "9"], ["--hidden", "8,8"], ["--hidden", "none"],
                   ["--embedding-dim", "3"], ["--dropout", "0.5"], ["--dropout", "0"],
                   ["--rate", "0.003"], ["--batch", "32"], ["--epochs", "3"],
                   ["--optimizer", "adamw"], ["--optimizer", "sgd"], ["--optimizer", "adagrad"],
                   ["--weight-decay", "0.1"], ["--unknown-share", "0.3"], ["--unknown-share", "0"],
                   ["--min-count", "3"], ["--valid-fraction", "0.3"], ["--seed", "0"],
                   ["--numbers", "bins"], ["--table-dropout", "0"], ["--average", "0"],
                   ["--architecture", "resnet"], ["--architecture", "transformer"],
                   ["--architecture", "wide-deep"], ["--crosses", "species*region"],
                   ["--crosses", "species*region", "--cross-buckets", "64"],
                   ["--crosses", "species*region", "--cross-dropout", "0.9"],
                   ["--average", "0.5"], ["--valid", data], ["--ignore", "trunk"], ["--categorical", "trunk"]):
        assert model_bytes(folder, data, *base, *change) != one, change
    for same in (["--rate", "0.002"], ["--embedding-dim", "auto"], ["--optimizer", "adam"],
                 ["--weight-decay", "0"], ["--dropout=0.25"], ["--dropout", "auto"],
                 ["--table-dropout", "0.3"], ["--numbers", "standard"], ["--average", "auto"], ["--valid-fraction", "0.1"],
                 ["--patience", "5"], ["--progress", "none"], ["--check-finite"],
                 ["--profile"]):
        assert model_bytes(folder, data, *base, *same) == one, same
    adamw = ["--optimizer", "adamw", "--weight-decay"]
    assert model_bytes(folder, data, *base, *adamw, "0") == one, "adamw without decay is adam"
    assert model_bytes(folder, data, *base, *adamw, "0.01") == \
        model_bytes(folder, data, *base, *adamw[:2]), "the default decay of adamw"


# ---- tables at the edge -------------------------------------------------------------------------


def works(folder, content, *options, label="y", types=None):
    """Trains, evaluates and predicts on the same table; the types of its columns if asked."""
    data = write(os.path.join(folder, "edge.csv"), content)
    model = os.path.join(folder, "edge.safetensors")
    told = good("train", data, "--label", label, "--out", model, "--json", "-q", *QUICK,
                *options).json()
    if types:
        assert [c["type"] for c in told["columns"]] == types, told
    evaluated = good("evaluate", model, data, "--json").json()
    rows = good("predict", model, data).out
    good("inspect", model)
    return told, evaluated, rows


@case
def only_categories_or_numbers(folder):
    r = random.Random(1)
    lines = ["a,b,y"] + ["v%d,w%d,%s" % (r.randrange(9), r.randrange(3), "pq"[i % 2])
                         for i in range(200)]
    works(folder, text_of(lines), types=["categorical", "categorical", "label"])
    lines = ["a,b,y"] + ["%.3f,%.2f,%s" % (r.random(), r.gauss(0, 1), "pq"[i % 2])
                         for i in range(200)]
    works(folder, text_of(lines), types=["numeric", "numeric", "label"])
    works(folder, text_of(lines), "--hidden", "none", "--ignore", "a",
          types=["ignored", "numeric", "label"])


@case
def tiny_tables(folder):
    told, evaluated, _ = works(folder, "a,y\nu,1\nv,2\n")
    assert told["training_rows"] == 2 and told["validation"] is None, told
    assert evaluated["rows"] == 2, evaluated
    works(folder, "a,y\n1.5,1\n2.5,2\n", "--batch", "100000")
    works(folder, "a,y\nu,1\nv,2\nu,2\n", "--valid-fraction", "0.9")


@case
def odd_names(folder):
    """Columns that are called like the model's own tensors, or have commas, blanks, quotes."""
    names = ["numbers", "label", "loss", "probabilities", "mlp.0", "a, b", ' "q" ', "col umn",
             "élan", "table.x", "x", "step", "column.x", "x.weight"]
    r = random.Random(2)
    header = ",".join('"%s"' % name.replace('"', '""') for name in names) + ",y"
    for kind in ("v%d", "%d.5"):
        lines = [header] + [",".join(kind % r.randrange(4) for _ in names) + "," + "pq"[i % 2]
                            for i in range(60)]
        told, _, _ = works(folder, text_of(lines))
        assert [c["name"] for c in told["columns"]] == names + ["y"], told
    told, _, _ = works(folder, text_of(lines), "--ignore", '"a, b",x', "--ignore", '" ""q"" "')
    kinds = {c["name"]: c["type"] for c in told["columns"]}
    assert [name for name in names if kinds[name] == "ignored"] == ["a, b", ' "q" ', "x"], kinds
    works(folder, text_of(lines).replace(",y\n", ",label.y\n", 1), label="label.y")
    works(folder, text_of(["label,numbers", "a,1", "b,2", "a,1", "b,2"]), label="label")


@case
def very_long_name(folder):
    """Too long or not, two names that differ only at their ends are never mixed up."""
    long = "n" * 700
    lines = ["%sa,%sb,y" % (long, long)]
    lines += ["u%d,v%d,%s" % (i % 3, i % 2, "pq"[i % 2]) for i in range(60)]
    data = write(os.path.join(folder, "long.csv"), text_of(lines))
    result = run("train", data, "--label", "y", "--out", os.path.join(folder, "m"), *QUICK)
    if result.code == 0:
        good("predict", os.path.join(folder, "m"), data)
    else:
        assert result.code == 3 and "nnn" in result.err, str(result)
        assert not os.path.exists(os.path.join(folder, "m"))


@case
def many_columns_and_classes(folder):
    r = random.Random(4)
    lines = [",".join("c%d" % i for i in range(300)) + ",y"]
    for i in range(60):
        cells = ["k%d" % r.randrange(3) if c % 2 else "%.2f" % r.random() for c in range(300)]
        lines.append(",".join(cells) + "," + "pq"[i % 2])
    told, _, _ = works(folder, text_of(lines))
    assert len(told["columns"]) == 301
    lines = ["a,y"] + ["%d,class %03d" % (i % 20, i % 200) for i in range(800)]
    _, evaluated, rows = works(folder, text_of(lines))
    assert evaluated["roc_auc"] is None
    assert rows.splitlines()[0].split(",") == ["prediction"] + [
        "probability.class %03d" % i for i in range(200)]


@case
def no_header(folder):
    content = text_of(trees(200)[1:])
    data, model = write(os.path.join(folder, "d.csv"), content), os.path.join(folder, "m")
    told = good("train", data, "--no-header", "--label", "c5", "--out", model, "--json",
                *QUICK).json()
    assert [c["name"] for c in told["columns"]] == ["c1", "c2", "c3", "c4", "c5"]
    good("evaluate", model, data, "--no-header")


@case
def ten_megabyte_cell(folder):
    lines = trees(200)
    lines[7] = "x" * 10_000_000 + ",N,1,1,a"
    model = os.path.join(folder, "m")
    data = write(os.path.join(folder, "d.csv"), text_of(lines))
    good("train", data, "--label", "group", "--out", model, "--min-count", "2", *QUICK)
    good("evaluate", model, data)
    # A value met once stays out of the vocabulary, so the model file does not hold it.
    assert os.path.getsize(model) < 1_000_000
    assert good("inspect", data, "--json").json()["rows"] == 200


main()
