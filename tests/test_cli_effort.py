#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove train --effort, --members, --time-limit: settings are tried, models are joined, and the time
# is kept.
import csv
import io
import math
import os
import random
import signal
import subprocess
import time

import cli
from cli import case, good, model_bytes, near, no_leftovers, read, refused, table, text_of, write

SMALL = ["--epochs", "9", "--hidden", "16,8", "--batch", "64"]


def trials(result):
    """(number, of, epochs, loss, what was tried) of each line."""
    found = []
    for line in result.err.splitlines():
        if line.startswith("trial "):
            words = line.split("(", 1)
            numbers = words[0].replace(",", "").split()
            found.append((int(numbers[1]), int(numbers[3]), int(numbers[4]), float(numbers[8]),
                          words[1].rstrip(")").split(", ")))
    return found


@case
def settings_are_tried(folder):
    """All of them shortly, the best third for longer; what was given is never changed."""
    data, model = table(folder, rows=600), os.path.join(folder, "m")
    result = good("train", data, "--label", "group", "--out", model, "--effort", "medium", "--json",
                  "--dropout", "0.3", "--progress", "lines", *SMALL)
    told = trials(result)
    first = [t for t in told if t[2] == told[0][2]]
    second = [t for t in told if t[2] == 3 * told[0][2]]
    assert [t[0] for t in told] == list(range(1, told[0][1] + 1)), str(result)
    assert len(first) + len(second) == len(told) and len(second) == -(-len(first) // 3), told
    best = sorted(t[3] for t in first)[:len(second)]
    assert all(what[2] == "0.3" for *_, what in told), told
    assert len({str(what) for *_, what in first}) == len(first), "one was tried twice"
    kept = [t[4] for t in first if t[3] in best]
    assert sorted(map(str, kept)) == sorted(str(t[4]) for t in second), told
    winner = min(second, key=lambda t: t[3])[4]
    settings = result.json()["settings"]
    assert settings["architecture"]["value"] == winner[0], (settings, winner)
    near(settings["rate"]["value"], float(winner[-1]), 1e-6)
    assert settings["dropout"] == {"value": 0.3, "reason": None}, settings
    reasons = [s["reason"] for s in settings.values() if s["reason"]]
    assert winner == told[0][4] or any("tried" in reason for reason in reasons), reasons
    no_leftovers(folder)


@case
def the_same_seed_finds_the_same(folder):
    data = table(folder, rows=400)
    how = ["--effort", "high", "--members", "2", "--epochs", "3", "--batch", "64"]
    one = model_bytes(folder, data, *how)
    assert model_bytes(folder, data, *how, "--threads", "2") == one
    assert model_bytes(folder, data, *how, "--seed", "2") != one


def predicted(model, data):
    rows = csv.DictReader(io.StringIO(good("predict", model, data).out))
    return [[float(row["probability." + name]) for name in "abc"] for row in rows]


@case
def a_joined_model_answers_with_the_mean(folder):
    """One file, whose probabilities are the mean of those of models trained by themselves."""
    data, valid = table(folder, rows=400), table(folder, name="valid.csv", rows=100, seed=2)
    for more in ([], ["--architecture", "wide-deep", "--crosses", "species*region"],
                 ["--architecture", "transformer"], ["--architecture", "resnet"]):
        how = [data, "--valid", valid, "--label", "group", "-q", "--epochs", "2", "--hidden", "8,8",
               "--batch", "64", *more]
        each = []
        for seed in ("5", "6", "7"):
            model = os.path.join(folder, "one")
            good("train", *how, "--out", model, "--seed", seed)
            each.append(predicted(model, valid))
        joined = os.path.join(folder, "joined")
        told = good("train", *how, "--out", joined, "--seed", "5", "--members", "3",
                    "--json").json()
        assert told["members"] == 3, told
        answers = predicted(joined, valid)
        for i, row in enumerate(answers):
            for c in range(3):
                near(row[c], sum(model[i][c] for model in each) / 3, 1e-5)
        measured = good("evaluate", joined, valid, "--json").json()
        near(told["validation"]["log_loss"], measured["log_loss"], 1e-5)
        good("nearest", joined, "region", "N")


@case
def the_time_is_kept(folder):
    data, model = table(folder, rows=3000), os.path.join(folder, "m")
    long = ["train", data, "--label", "group", "--out", model, "-q", "--json", "--epochs", "1000000",
            "--patience", "1000000"]
    for more, most in ([], 1), (["--effort", "medium"], 2), (["--members", "3"], 2):
        begin = time.monotonic()
        told = good(*long, "--time-limit", "1.5", *more).json()
        seconds = time.monotonic() - begin
        assert 1 < seconds < 1.5 + 8 * most, (more, seconds)
        assert told["stopped_by_time_limit"] is True and told["members"] >= 1, told
        good("evaluate", model, data)
    told = good(*long[:-4], "--epochs", "1", "--time-limit", "1000").json()
    assert told["stopped_by_time_limit"] is False, told


def numbers_table(folder, name="n.csv", rows=500, seed=1):
    """A number that hangs on the kind and, not in a straight line, on x."""
    r = random.Random(seed)
    lines = ["x,kind,y"]
    for _ in range(rows):
        x, kind = r.uniform(-2, 2), r.randrange(7)
        lines.append("%.4f,k%d,%.3f" % (x, kind, 1e4 + 300 * x * x + 100 * kind + r.gauss(0, 30)))
    return write(os.path.join(folder, name), text_of(lines))


def numbers_predicted(model, data):
    return [float(line) for line in good("predict", model, data).out.splitlines()[1:]]


@case
def of_numbers_a_joined_model_answers_with_the_mean(folder):
    data, valid = numbers_table(folder), numbers_table(folder, "valid.csv", rows=120, seed=2)
    for loss, architecture in ("mse", "mlp"), ("huber", "wide-deep"):
        how = ["train", data, "--valid", valid, "--label", "y", "-q", "--epochs", "12", "--hidden",
               "16", "--batch", "64", "--loss", loss, "--architecture", architecture]
        each, joined = [], os.path.join(folder, "joined")
        for seed in ("5", "6", "7"):
            good(*how, "--out", os.path.join(folder, "one"), "--seed", seed)
            each.append(numbers_predicted(os.path.join(folder, "one"), valid))
        told = good(*how, "--out", joined, "--seed", "5", "--members", "3", "--json").json()
        assert told["members"] == 3 and told["task"]["loss"] == loss, told
        for got, *parts in zip(numbers_predicted(joined, valid), *each):
            near(got, sum(parts) / 3, 0.05)
        measured = good("evaluate", joined, valid, "--full", "--json").json()["metrics"]
        near(told["validation"]["r2"], measured["r2"]["value"], 1e-5)
        # A mean of squared errors is never above that of the members (Krogh & Vedelsby 1995).
        truth = [float(line.split(",")[2]) for line in read(valid).decode().splitlines()[1:]]
        errors = [sum((a - b) ** 2 for a, b in zip(one, truth)) / len(truth) for one in each]
        assert measured["mean_squared_error"]["value"] <= sum(errors) / 3, (measured, errors)


@case
def of_numbers_settings_are_tried(folder):
    """By the loss of the scaled label, so that its unit decides nothing."""
    data, model = numbers_table(folder, rows=300), os.path.join(folder, "m")
    how = ["train", data, "--label", "y", "--out", model, "--json", "--progress", "lines", *SMALL]
    result = good(*how, "--effort", "medium")
    told = trials(result)
    assert len(told) >= 9 and all(0 < t[3] < 3 for t in told), told
    winner = min((t for t in told if t[2] == told[-1][2]), key=lambda t: t[3])[4]
    settings = result.json()["settings"]
    near(settings["rate"]["value"], float(winner[-1]), 1e-6)
    assert settings["architecture"]["value"] == winner[0], (settings, winner)
    high = good(*how, "--effort", "high", "--members", "2")
    assert high.json()["members"] == 2 and trials(high) == told, str(high)
    assert "model 2: " in high.err and ", validation loss 0.0000" not in high.err, high.err
    good("evaluate", model, data, "--full", "--json")
    cv = ["cv", data, "--label", "y", "--folds", "2", "--epochs", "3", "--json"]
    assert good(*cv, "--members", "2").json()["metrics"] != good(*cv).json()["metrics"]


@case
def cross_validation_takes_them(folder):
    data = table(folder, rows=300)
    how = ["cv", data, "--label", "group", "--folds", "2", "--epochs", "3", "--json"]
    low = good(*how).json()
    medium = good(*how, "--effort", "medium").json()
    joined = good(*how, "--members", "2").json()
    assert medium["metrics"] != low["metrics"] or joined["metrics"] != low["metrics"]


@case
def stopped_while_settings_are_tried(folder):
    data, model = table(folder, rows=3000), os.path.join(folder, "m")
    for more in (["--effort", "medium"], ["--members", "50"]):
        process = subprocess.Popen(
            [cli.GROVE, "train", data, "--label", "group", "--out", model, "--progress", "lines",
             "--epochs", "300", "--patience", "300", *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        process.stderr.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, (process.returncode, err)
        assert b"no model was written" in err and not os.path.exists(model), err
    no_leftovers(folder)


@case
def what_does_not_go_together(folder):
    data = table(folder, rows=60)
    out = write(os.path.join(folder, "out"), "before")
    train = ["train", data, "--label", "group", "--out", out]
    for option in (["--resume"], ["--keep-checkpoint"], ["--checkpoint", out + ".c"],
                   ["--checkpoint-every", "5"]):
        for several in (["--effort", "high"], ["--members", "2"]):
            refused(2, option[0] + " goes with one model", *train, *several, *option)
    refused(2, "--profile tells of one model", *train, "--members", "2", "--profile")
    refused(2, "--valid-fraction 0 leaves none", *train, "--effort", "medium", "--valid-fraction",
            "0")
    refused(2, "from 1 to 64", *train, "--members", "65")
    refused(2, "low, medium, high", *train, "--effort", "huge")
    refused(2, "from 0.001", *train, "--time-limit", "0")
    assert read(out) == b"before"


@case
def how_unsure_the_answers_are(folder):
    """Entropies are those of the probabilities; what members disagree about is a part of them."""
    data, model, one = (os.path.join(folder, name) for name in ["data.csv", "m", "one"])
    write(data, text_of(cli.trees(400)))
    good("train", data, "--label", "group", "--out", model, "--members", "3", "-q", *SMALL)
    good("train", data, "--label", "group", "--out", one, "-q", *SMALL)
    rows = list(csv.DictReader(io.StringIO(good("predict", model, data, "--uncertainty").out)))
    some = 0
    for row in rows:
        p = [float(row[name]) for name in row if name.startswith("probability.")]
        entropy = -sum(x * math.log(x) for x in p if x > 0)
        near(float(row["entropy"]), entropy, 1e-5)
        shared = float(row["mutual_information"])
        assert 0 <= shared <= entropy + 1e-6
        some += shared > 1e-4
    assert some > 100
    told = good("predict", model, data, "--uncertainty", "--json").json()["predictions"]
    near(told[5]["mutual_information"], float(rows[5]["mutual_information"]), 1e-6)
    near(told[5]["entropy"], float(rows[5]["entropy"]), 1e-6)
    single = good("predict", one, data, "--uncertainty").out.splitlines()[0]
    assert single.endswith(",entropy"), single
    plain = good("predict", model, data).out.splitlines()
    assert [line.split(",")[0] for line in plain[1:]] == [row["prediction"] for row in rows]
    assert "entropy" not in plain[0]


@case
def a_single_network_of_numbers_is_not_unsure(folder):
    data, model, out = (os.path.join(folder, name) for name in ["data.csv", "m", "out.csv"])
    write(data, "a,y\n" + "".join("%d,%d.5\n" % (i % 50, i) for i in range(300)))
    good("train", data, "--label", "y", "--out", model, "-q", "--epochs", "1")
    told = cli.run("predict", model, data, "--uncertainty", "--out", out)
    assert told.code == 2 and "--members 5" in told.err and not os.path.exists(out), str(told)
    maker, plain = os.environ.get("GROVE_MAKE_PLAIN_MODEL"), os.path.join(folder, "plain")
    if not maker:
        raise cli.Skip("$GROVE_MAKE_PLAIN_MODEL is not set")
    subprocess.run([*cli.RUNNER, maker, plain], check=True)
    told = cli.run("predict", plain, data, "--uncertainty", "--out", out)
    assert told.code == 2 and "grove train wrote" in told.err and not os.path.exists(out), str(told)


cli.main()
