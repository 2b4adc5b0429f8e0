#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Several labels a row: --label-split of train and cv, the schema file, --threshold, what evaluate,
# predict and calibrate make of it, what is refused.
import math

from cli import *

METRICS = ["rows", "accuracy", "hamming_loss", "f1_micro", "f1_macro", "log_loss",
           "baseline_accuracy", "baseline_f1_micro"]
FULL = ["accuracy", "hamming_loss", "f1_micro", "f1_macro", "f1_weighted", "f1_samples",
        "jaccard_samples", "precision_micro", "precision_macro", "recall_micro", "recall_macro",
        "roc_auc_macro", "average_precision_macro", "label_ranking_average_precision",
        "coverage_error", "log_loss"]
CLASSES = ["ball", "big", "cold", "warm"]


def sets_of(r, color, shape, size):
    found = []
    if color == "red" and r.random() < 0.9:
        found.append("warm")
    if color == "blue":
        found.append("cold")
    if shape == "round":
        found.append("ball")
    if size > 5 and shape != "flat":
        found.append("big")
    r.shuffle(found)
    return found


def things(folder, name="data.csv", rows=600, seed=1, between=";", more=()):
    """What is warm, cold, a ball, big: any number of these; rows of their own at the end."""
    r = random.Random(seed)
    lines = ["color,shape,size,tags"]
    for _ in range(rows):
        color, shape = r.choice(["red", "green", "blue"]), r.choice(["round", "long", "flat"])
        size = r.uniform(0, 10)
        lines.append("%s,%s,%.2f,%s" % (color, shape, size,
                                        between.join(sets_of(r, color, shape, size))))
    return write(os.path.join(folder, name), text_of(lines + list(more)))


def trained(folder, *more, data=None):
    """A model of 600 rows; its file."""
    model = os.path.join(folder, "m.safetensors")
    good("train", data or things(folder), "--label", "tags", "--label-split", ";", "--out", model,
         "--epochs", "25", "--rate", "0.01", "-q", *more)
    return model


def rows_of(path):
    head, *lines = read(path).decode().splitlines()
    return [set(line.split(",")[3].split(";")) - {""} for line in lines]


def answers_of(text):
    head, *lines = text.splitlines()
    cells = [line.split(",") for line in lines]
    assert all(c[0] == ";".join(k for k in head.replace("probability.", "").split(",")[1:]
                                if k in c[0].split(";")) for c in cells), text[:300]
    return head, [set(c[0].split(";")) - {""} for c in cells], [
        [float(p) for p in c[1:]] for c in cells]


def f1(truth, said):
    right = sum(len(a & b) for a, b in zip(truth, said))
    return 2 * right / sum(len(a) + len(b) for a, b in zip(truth, said))


@case
def sets_are_told(folder):
    data, test = things(folder), things(folder, "test.csv", rows=300, seed=2)
    model = os.path.join(folder, "m.safetensors")
    result = good("train", data, "--label", "tags", "--label-split", ";", "--out", model,
                  "--epochs", "25", "--rate", "0.01", "--valid", test)
    for words in ["task  multilabel: as asked for\nloss  binary cross-entropy of 4 classes; a row "
                  "has 1.", "tags    labels               4", "several a row, with ';' between them",
                  "  (of whole sets)\n  always the most frequent set: 0.", "\nf1 macro           0."]:
        assert words in result.out, "%r is not in %s" % (words, result)
    assert ", f1_micro 0." in epochs_of(result)[-1], str(result)
    told = good("evaluate", model, test, "--json").json()
    assert list(told) == ["schema"] + METRICS + ["unknown_cells", "unknown", "unknown_classes"]
    assert told["f1_macro"] > 0.9 and told["unknown_classes"] == {"labels": 0, "rows": 0}, told
    head, said, p = answers_of(good("predict", model, test).out)
    assert head == "prediction," + ",".join("probability." + c for c in CLASSES), head
    assert said == [{c for c, q in zip(CLASSES, row) if q >= 0.5} for row in p]
    truth = rows_of(test)
    near(told["accuracy"], sum(a == b for a, b in zip(truth, said)) / 300)
    near(told["hamming_loss"], sum(len(a ^ b) for a, b in zip(truth, said)) / 300 / 4)
    near(told["f1_micro"], f1(truth, said))
    train = rows_of(data)
    usual = max((frozenset(s) for s in train), key=train.count)
    near(told["baseline_f1_micro"], f1(truth, [usual] * 300))
    near(told["baseline_accuracy"], truth.count(usual) / 300)
    listed = good("predict", model, test, "--json").json()
    assert listed["classes"] == CLASSES and len(listed["predictions"]) == 300
    assert set(listed["predictions"][7]["prediction"]) == said[7]
    near(listed["predictions"][7]["probabilities"][2], p[7][2], 1e-6)
    words = good("evaluate", model, test).out
    assert "\naccuracy           %.4f  (of whole sets)\n" % told["accuracy"] in words, words
    shown = good("inspect", model, "--json").json()["columns"][3]
    assert shown["type"] == "labels" and shown["values"] == 4 and shown["split"] == ";", shown
    near(shown["labels_per_row"], sum(map(len, train)) / len(train), 0.1)


@case
def a_threshold(folder):
    model, test = trained(folder), things(folder, "test.csv", rows=200, seed=3)
    truth, before = rows_of(test), None
    for threshold in "0.02", "0.5", "0.98":
        _, said, p = answers_of(good("predict", model, test, "--threshold", threshold).out)
        assert said == [{c for c, q in zip(CLASSES, row) if q >= float(threshold)} for row in p]
        told = good("evaluate", model, test, "--json", "--full", "--threshold", threshold).json()
        near(told["f1_micro"], f1(truth, said))
        near(told["metrics"]["f1_micro"]["value"], f1(truth, said))
        near(told["threshold"], float(threshold))
        count = sum(map(len, said))
        assert before is None or count <= before, (before, count)
        before = count
        first = good("predict", model, test, "--json", "--threshold", threshold).json()
        assert set(first["predictions"][0]["prediction"]) == said[0]
        near(first["threshold"], float(threshold))
    refused(2, "--threshold", "predict", model, test, "--threshold", "0")
    refused(2, "--threshold", "predict", model, test, "--threshold", "1.5")


@case
def the_full_report(folder):
    data, test = things(folder), things(folder, "test.csv", rows=200, seed=2)
    model = trained(folder, "--valid", test, data=data)
    plain = good("evaluate", model, test, "--json").json()
    full = good("evaluate", model, test, "--full", "--json").json()
    told = full["metrics"]
    assert list(told) == FULL, list(told)
    for name in METRICS[1:6]:
        near(told[name]["value"], plain[name])
    for name, one in told.items():
        assert one["low"] <= one["value"] <= one["high"], (name, one)
        assert one["logistic"] is not None and one["baseline"] is not None, (name, one)
    near(told["accuracy"]["baseline"], plain["baseline_accuracy"])
    near(told["f1_micro"]["baseline"], plain["baseline_f1_micro"])
    near(told["roc_auc_macro"]["baseline"], 0.5)
    share = {c: sum(c in s for s in rows_of(data)) / 600 for c in CLASSES}
    loss = [-math.log(share[c] if c in s else 1 - share[c]) for s in rows_of(test) for c in CLASSES]
    near(told["log_loss"]["baseline"], sum(loss) / len(loss), 1e-6)
    assert told["f1_macro"]["logistic"] > 0.9 > told["f1_macro"]["baseline"] + 0.3, told
    assert [c["class"] for c in full["classes"]] == CLASSES
    warm = full["classes"][3]
    truth = rows_of(test)
    assert warm["support"] == sum("warm" in s for s in truth), warm
    assert 0.9 < warm["roc_auc"] <= 1 and 0.5 < warm["average_precision"] <= 1, warm
    assert full["resamples"] == 1000 and full["threshold"] == 0.5
    lost = {c["column"]: c["accuracy"]["value"] for c in full["importance"]["columns"]}
    assert set(lost) == {"color", "shape", "size"} and min(lost.values()) > 0.2, lost
    pairs = [(a["probabilities"][k], c in s) for a, s in
             zip(good("predict", model, test, "--json").json()["predictions"], truth)
             for k, c in enumerate(CLASSES)]
    for b, one in enumerate(full["reliability"]):
        own = [has for p, has in pairs if min(max(math.ceil(p * 15) - 1, 0), 14) == b]
        assert (one["rows"], one["right"]) == (len(own), sum(own)), (one, len(own), sum(own))
    for threads in "1", "2":
        again = good("evaluate", model, test, "--full", "--json", "--threads", threads).json()
        assert again == full
    words = good("evaluate", model, test, "--full").out
    for text in ["rows    200\nclasses 4\n", "label_ranking_average_precision", "majority  logistic",
                 "the most frequent set.\n", "each class against the rest",
                 "What is lost when a column's cells are dealt anew (5 times, on 200 rows)\n",
                 "Intervals: Wilson's of accuracy, else by 1,000 resamples", "avg_prec\n",
                 "How sure it is, and how often the row has the class (of all rows and classes)\n",
                 "unknown cells      0.00 %"]:
        assert text in words, "%r is not in %s" % (text, words)
    good("evaluate", model, test, "--require", "f1_macro>=0.5,hamming_loss<=0.5")
    missed = run("evaluate", model, test, "--json", "--require", "f1_samples>=1.5")
    assert missed.code == 5 and "--require is missed: f1_samples is 0." in missed.err, str(missed)
    assert missed.json()["required"][0]["met"] is False
    refused(2, "--require: r2 is a metric of models that predict numbers, and this is one of those "
            "that tell several classes a row", "evaluate", model, test, "--require", "r2>=0.5")
    refused(2, "brier_score_loss is a metric of models that tell classes", "evaluate", model, test,
            "--require", "brier_score_loss<=1")


@case
def without_a_linear_baseline(folder):
    model, test = trained(folder, "--baseline", "none"), things(folder, "t.csv", rows=80, seed=2)
    full = good("evaluate", model, test, "--full", "--json").json()
    assert full["metrics"]["f1_macro"]["logistic"] is None
    assert "logistic" not in good("evaluate", model, test, "--full").out.lower()


@case
def cells(folder):
    """Blanks, duplicates, empty parts and cells; another sign; the schema file; numbers."""
    rows = ["color,tags"] + ['%s,"%s"' % pair for pair in [
        ("red", " warm ;warm;;"), ("blue", "cold; new"), ("green", ""), ("red", "warm")] * 50]
    data = write(os.path.join(folder, "d.csv"), text_of(rows))
    model = os.path.join(folder, "m")
    train = ["train", data, "--label", "tags", "--out", model, *QUICK, "-q"]
    told = good(*train, "--label-split", ";", "--json").json()
    assert told["task"] == {"kind": "multilabel", "reason": "as asked for",
                            "loss": "binary_cross_entropy", "softmax": None}, told["task"]
    column = told["columns"][1]
    assert column["values"] == 3 and column["most_labels"] == 2, column
    near(column["labels_per_row"], 1, 0.1)
    assert list(told["validation"]) == METRICS
    assert good("predict", model, data).out.startswith(
        "prediction,probability.cold,probability.new,probability.warm\n")
    assert good(*train, "--task", "multilabel", "--json").json()["task"]["kind"] == "multilabel"
    schema = os.path.join(folder, "s.json")
    good("inspect", data, "--label", "tags", "--label-split", "|", "--schema", schema)
    wish = json.loads(read(schema))
    assert wish["columns"][1] == {"name": "tags", "type": "labels", "reason": "as asked for",
                                  "missing": [""], "min_count": None, "max_values": None,
                                  "split": "|"}, wish
    wish["columns"][1].update(split=";", max_values=2)
    write(schema, json.dumps(wish))
    by_file = ["train", data, "--schema", schema, "--out", model, *QUICK, "-q", "--json"]
    told = good(*by_file).json()
    assert told["task"]["reason"] == "as the schema file says" and told["columns"][1]["values"] == 2
    found = run(*by_file)
    assert "50 labels in 50 rows are of classes that the training rows do not have: they are left " \
           "out\n" in found.err, str(found)
    told = good(*by_file, "--label-split", "#").json()
    assert told["columns"][1]["split"] == "#" and told["task"]["reason"] == "as asked for", told
    numbers = write(os.path.join(folder, "n.csv"), text_of(
        ["x,y"] + ["%d,%s" % (i, "\t".join(["10", "9", "100"][:i % 4])) for i in range(80)]))
    told = good("train", numbers, "--label", "y", "--label-split", "\\t", "--out", model, *QUICK,
                "-q", "--json").json()
    assert told["columns"][1]["split"] == "\t", told["columns"][1]
    first = good("predict", model, numbers).out
    assert first.startswith("prediction,probability.9,probability.10,probability.100\n"), first[:99]


@case
def rare_classes_are_spread(folder):
    """Of a class of twenty rows a tenth is validated on, two, whatever the seed; so in folds."""
    data = things(folder, rows=200, more=["red,flat,1.00,warm;rare"] * 20)
    model, split = os.path.join(folder, "m"), os.path.join(folder, "split")
    train = ["train", data, "--label", "tags", "--label-split", ";", "--out", model, *QUICK, "-q"]
    for seed in "1", "2", "3":
        told = good(*train, "--seed", seed, "--split-out", split, "--json").json()["split"]
        parts = [line.split(",")[1] for line in read(split).decode().split()[-20:]]
        assert told["by"] == "stratified" and parts.count("valid") == 2, parts
    words = good(*train).out
    assert ";\n      validation rows are drawn by the rarest class of each row\n" in words
    assert "are drawn by" not in good(*train, "--split", "column:shape=flat").out
    said = os.path.join(folder, "said")
    good("cv", data, *train[2:6], "--folds", "5", "--epochs", "1", "--predictions", said)
    folds = [line.split(",")[2] for line in read(said).decode().splitlines()[201:]]
    assert sorted(folds) == sorted("12345" * 4), folds
    good("cv", data, *train[2:6], "--folds", "2", "--epochs", "1", "--group", "size")


@case
def what_training_did_not_see(folder):
    model = trained(folder)
    test = things(folder, "t.csv", rows=50, seed=4,
                  more=["red,flat,1.0,warm;heavy", "blue,flat,2.0,odd;heavy"])
    result = good("evaluate", model, test, "--json")
    assert "grove evaluate: 3 labels in 2 rows are of classes that the model does not have: no " \
           "measure counts them\n" in result.err, str(result)
    assert result.json()["unknown_classes"] == {"labels": 3, "rows": 2}
    one = things(folder, "one.csv", rows=5, seed=4, more=["purple,flat,1.0,heavy"])
    result = good("evaluate", model, one)
    assert "1 label in 1 row is of classes that the model does not have" in result.err, str(result)
    assert "accuracy of 1 row with such cells: " in result.out, str(result)
    data = things(folder, rows=100, more=["red,flat,1.0,once"])
    result = good("train", data, "--label", "tags", "--label-split", ";", "--out", model, *QUICK,
                  "-q", "--split", "column:shape=flat")
    assert "1 label in 1 row is of classes that the training rows do not have: they are left out" \
        in result.err, str(result)


@case
def a_label_that_looks_like_several(folder):
    data, model = things(folder, rows=200, between="|"), os.path.join(folder, "m")
    head, *lines = read(data).decode().splitlines()
    lines = 4 * [line for line in lines if not line.endswith(",")]
    data = write(os.path.join(folder, "some.csv"), text_of([head] + lines))
    train = ["train", data, "--label", "tags", "--out", model, *QUICK]
    note = "grove train: note: %s of %s labels hold '|': with --label-split '|' a row has several " \
           "labels\n" % (sum("|" in line for line in lines), len(lines))
    told = good(*train).err
    assert note in told and told.count("note: ") == 1, told
    for more in ["-q"], ["--json"], ["--task", "classification"], ["--label-split", "|"]:
        assert "note: " not in good(*train, *more).err, more
    seldom = write(os.path.join(folder, "seldom.csv"), text_of(
        ["x,tags"] + ["%d,%s" % (i, "a|b" if i % 20 == 0 else "ab"[i % 2]) for i in range(200)]))
    assert "note: " not in good("train", seldom, *train[2:]).err


@case
def weights(folder):
    data, model = things(folder), os.path.join(folder, "m")
    train = ["train", data, "--label", "tags", "--label-split", ";", "--out", model, *QUICK, "-q",
             "--valid", data]
    told = good(*train, "--class-weight", "balanced", "--json").json()["weights"]
    truth = rows_of(data)
    for one in told["classes"]:
        having = sum(one["class"] in s for s in truth)
        near(one["weight"], (len(truth) - having) / having, 1e-4)
    words = good(*train, "--class-weight", "balanced").out
    assert "classes, in rows that have them, count as much as in all others, in the losses" in words
    file = write(os.path.join(folder, "w.csv"), "class,weight\nball,1\nbig,1\ncold,50\nwarm,0.02\n")
    longer = ["--epochs", "10", "--rate", "0.01", "--numbers", "bins"]
    good(*train, *longer, "--class-weight", file)
    heavy = answers_of(good("predict", model, data).out)[2]
    good(*train, *longer)
    plain = answers_of(good("predict", model, data).out)[2]
    mean = lambda p, c: sum(row[c] for row in p) / len(p)
    assert mean(heavy, 2) > mean(plain, 2) + 0.2 and mean(heavy, 3) < mean(plain, 3) - 0.1
    good(*train, "--weight-column", "size")
    weighted = good(*train, "--weight-column", "size", "--json").json()
    assert weighted["weights"]["column"] == "size" and weighted["validation"]["f1_micro"] >= 0
    refused(3, "no line tells the weight of class 'warm'", *train, "--class-weight",
            write(os.path.join(folder, "w2.csv"), "class,weight\nball,1\nbig,1\ncold,50\n"))
    refused(3, "'hot' is no class of 'tags'", *train, "--class-weight",
            write(os.path.join(folder, "w3.csv"), "class,weight\nhot,1\n"))


@case
def a_checkpoint_goes_on(folder):
    data, model = things(folder, rows=300), os.path.join(folder, "m.safetensors")
    train = ["train", data, "--label", "tags", "--label-split", ";", "--out", model, *QUICK, "-q",
             "--keep-checkpoint"]  # without weights of classes, in which another label shows
    good(*train, "--epochs", "6")
    whole = read(model)
    os.remove(os.path.join(folder, "m.ckpt.safetensors"))
    good(*train)
    log = os.path.join(folder, "log.jsonl")
    good(*train, "--resume", "--epochs", "6", "--log", log)
    assert read(model) == whole
    for line in read(log).decode().splitlines():  # also of the epochs from before it
        line = strict_json(line)
        assert list(line["metrics"]) == (METRICS[1:] if line["split"] == "valid" else []), line
    head, first, rest = read(data).decode().split("\n", 2)  # one label is another
    first = first.rsplit(",", 1)[0] + (",cold" if first.endswith("warm") else ",warm")
    other = write(os.path.join(folder, "other.csv"), "\n".join([head, first, rest]))
    refused(4, "other data", "train", other, *train[2:], "--resume", "--epochs", "8")
    same = [good(*train, "--threads", n) and read(model) for n in ("1", "2")]
    assert same[0] == same[1]


@case
def several_models(folder):
    data, model = things(folder, rows=200), os.path.join(folder, "m")
    train = ["train", data, "--label", "tags", "--label-split", ";", "--out", model, "--epochs",
             "3", "-q"]
    told = good(*train, "--members", "2", "--json").json()
    assert told["members"] == 2
    assert good("evaluate", model, data, "--json").json()["log_loss"] < 0.7
    _, said, p = answers_of(good("predict", model, data).out)
    assert all(0 <= q <= 1 for row in p for q in row)
    good(*train, "--effort", "medium", "--time-limit", "20")


@case
def calibration(folder):
    model, test = trained(folder), things(folder, "t.csv", rows=300, seed=5)
    calibrated = os.path.join(folder, "c.safetensors")
    told = good("calibrate", model, test, "--out", calibrated, "--json").json()
    assert list(told) == ["schema", "model", "rows", "temperature", "log_loss", "f1_micro",
                          "f1_macro", "accuracy"], told
    assert told["log_loss"]["after"] <= told["log_loss"]["before"] and told["temperature"] != 1
    near(told["f1_micro"]["after"], told["f1_micro"]["before"])
    near(good("evaluate", calibrated, test, "--json").json()["log_loss"],
         told["log_loss"]["after"], 1e-6)
    assert "f1_macro " in good("calibrate", model, test, "--out", calibrated).out
    joined = os.path.join(folder, "j")
    good("train", things(folder, rows=100), "--label", "tags", "--label-split", ";", "--out",
         joined, *QUICK, "-q", "--members", "2")
    told = good("calibrate", joined, test, "--out", calibrated, "--json").json()
    assert told["log_loss"]["after"] <= told["log_loss"]["before"] and told["temperature"] != 1
    near(good("evaluate", calibrated, test, "--json").json()["log_loss"],
         told["log_loss"]["after"], 1e-5)


@case
def cross_validation(folder):
    """A class of one row is in no training row of its round."""
    data = things(folder, rows=180, more=["red,flat,1.00,warm"] * 60 + ["red,long,1.00,lonely;warm"])
    said = os.path.join(folder, "said.csv")
    cv = ["cv", data, "--label", "tags", "--label-split", ";", "--folds", "3", "--epochs", "15",
          "--rate", "0.01"]
    told = good(*cv, "--json", "--predictions", said).json()
    assert list(told["metrics"]) == FULL and told["classes"] == 5, told
    assert told["metrics"]["f1_micro"]["mean"] > 0.8, told["metrics"]["f1_micro"]
    near(told["baseline_accuracy"], rows_of(data).count({"warm"}) / 241, 0.005)
    head, *lines = read(said).decode().splitlines()
    assert head == "row,repeat,fold,label,prediction," + ",".join(
        "probability." + c for c in ["ball", "big", "cold", "lonely", "warm"]), head
    assert len(lines) == 241 and lines[240].split(",")[3] == "lonely;warm", lines[240]
    assert lines[240].split(",")[8] == "0", lines[240]
    words = good(*cv).out
    for line in ["task  multilabel: as asked for", "             f1_micro", "coverage_error",
                 "Always the most frequent set: accuracy 0."]:
        assert line in words, "%r is not in %s" % (line, words)


@case
def what_else_reads_the_model(folder):
    model, data = trained(folder), things(folder, "t.csv", rows=60, seed=6)
    near(good("gradcheck", model, data, "--rows", "60", "--json").json()["loss"],
         good("evaluate", model, data, "--json").json()["log_loss"], 1e-5)
    assert good("transform", model, data).out.startswith("color_1,")
    assert good("embed", model, "--column", "color").out.startswith("5 ")
    assert good("embed", model, data, "--layer", "probabilities").out.count("\n") == 61
    assert "red" in good("nearest", model, "color", "red").out


@case
def what_is_refused(folder):
    data, model = things(folder, rows=100), os.path.join(folder, "m")
    train = ["train", data, "--label", "tags", "--out", model, *QUICK, "-q"]
    sets = [*train, "--label-split", ";"]
    refused(2, "--label-split says that a row has several labels, --task classification that it "
            "has one", *sets, "--task", "classification")
    refused(2, "--task regression that it has one", *sets, "--task", "regression")
    refused(3, "--loss is for labels that are numbers, and this is multilabel (as asked for)",
            *sets, "--loss", "mae")
    refused(2, "--label-split needs the table whole", *sets, "--stream")
    refused(2, "--task multilabel needs the table whole", *train, "--task", "multilabel",
            "--stream")
    refused(1, "--label-split needs it whole", *sets, "--max-memory", "1M")
    schema = write(os.path.join(folder, "s.json"),
                   '{"schema": 1, "columns": [{"name": "tags", "type": "labels"}]}')
    by_file = ["train", data, "--schema", schema, "--out", model]
    refused(2, "a schema of several labels a row needs the table whole", *by_file, "--stream")
    refused(1, "a schema of several labels a row needs it whole", *by_file, "--max-memory", "1M")
    write(schema, '{"schema": 1, "columns": [{"name": "tags", "type": "labels", "hash": '
                  '{"buckets": 3}}]}')
    refused(3, "a column of the type labels has no key 'hash'", "train", data, "--schema", schema,
            "--out", model)
    write(schema, '{"schema": 1, "columns": [{"name": "tags", "type": "label", "split": ";"}]}')
    refused(3, "a column of the type label has no key 'split'", "train", data, "--schema", schema,
            "--out", model)
    empty = write(os.path.join(folder, "e.csv"), "x,tags\n" + "1,\n2, ; \n" * 20)
    refused(3, ["e.csv", "column 'tags': every label is empty: no row has a class to be learned"],
            "train", empty, "--label", "tags", "--label-split", ";", "--out", model)
    same = write(os.path.join(folder, "same.csv"), "x,tags\n" + "1,a;b\n2,b;a\n" * 20)
    refused(3, "every row has the same labels, 'a', 'b'; there is nothing to tell apart", "train",
            same, "--label", "tags", "--label-split", ";", "--out", model)
    write(schema, '{"schema": 1, "columns": [{"name": "tags", "type": "labels", "min_count": '
                  '1000}]}')
    refused(3, "no class is in as many rows as its min_count asks for", "train", data, "--schema",
            schema, "--out", model)
    refused(3, "has no column 'tag'", "train", data, "--label", "tag", "--label-split", ";",
            "--out", model)
    assert not os.path.exists(model)
    good(*sets)
    one = os.path.join(folder, "one")
    good("train", data, "--label", "color", "--ignore", "tags", "--out", one, *QUICK, "-q")
    out = os.path.join(folder, "out.csv")
    for command in ["predict", one, data, "--out", out], ["evaluate", one, data], \
            ["report", one, data, "--out", out]:
        refused(2, "--threshold is for models that tell several classes a row", *command,
                "--threshold", "0.3")
    assert not os.path.exists(out)


if __name__ == "__main__":
    main()
