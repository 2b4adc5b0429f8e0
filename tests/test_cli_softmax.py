#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Labels of very many classes: grove train --softmax, what evaluate and predict --top tell of them,
# and that no command keeps a probability of each class for each row.
import os
import random

from cli import *

def sites(folder, kinds=120, shades=100, more=0, name="sites.csv"):
    """One class for each pair of a kind and a shade, a row for each and some more."""
    r = random.Random(1)
    pairs = [(k, s) for k in range(kinds) for s in range(shades)]
    pairs += [(r.randrange(kinds), r.randrange(shades)) for _ in range(more)]
    return write(os.path.join(folder, name), "kind,shade,what\n" + "".join(
        "k%d,s%d,w%d\n" % (k, s, k * shades + s) for k, s in pairs))


def few(folder):
    """12 classes of a kind and a shade, 100 rows of each."""
    return sites(folder, 4, 3, 1188)


LEARN = ["--hidden", "16", "--epochs", "12", "--batch", "32", "--rate", "0.01", "--dropout", "0",
         "--refit", "no"]


def train(data, out, *options, **more):
    return good("train", data, "--label", "what", "--out", out, "-q", *options, **more)


def peak_of(*arguments):
    """Megabytes of a run of the command."""
    pid = os.posix_spawn(GROVE, [GROVE, *arguments], os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, (status, arguments)
    return usage.ru_maxrss / 1e3


@case
def each_loss_learns_and_is_validated_by_all_classes(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    for kind in ["full", "sampled", "nce"]:
        draws = [] if kind == "full" else ["--samples", "8"]
        told = train(data, model, "--softmax", kind, *draws, *LEARN, "--split-out",
                     os.path.join(folder, "split.csv"), "--json").json()
        assert told["validation"]["accuracy"] > 0.95, (kind, told["validation"])
        assert told["validation"]["log_loss"] < 0.5
        softmax = told["task"]["softmax"]
        assert softmax["kind"] == kind
        assert softmax["samples"] == (None if kind == "full" else 8)
        assert softmax["sampler"] == (None if kind == "full" else "unigram")
        # The model's answers are probabilities of all classes, whatever it learned them by.
        answers = good("predict", model, data).out.splitlines()
        numbers = [float(x) for x in answers[1].split(",")[1:]]
        assert len(numbers) == 12
        near(sum(numbers), 1, 1e-5)


@case
def samplers_and_draws_are_what_is_asked_for(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    seen = set()
    for options in [["--sampler", "uniform"], ["--sampler", "log-uniform"],
                    ["--sampler", "unigram"], ["--samples", "4"]]:
        words = good("train", data, "--label", "what", "--softmax", "sampled", "--samples", "8",
                     "--out", model, "--progress", "none", *LEARN, *options).out
        assert "softmax  sampled: %s classes drawn for a batch, %s" % (
            "4" if "--samples" in options else "8",
            options[1] if "--sampler" in options else "unigram") in words
        assert "classes that are drawn want one last layer" in words
        assert "an average would move all" in words
        seen.add(read(model))
    assert len(seen) == 4


@case
def the_same_seed_gives_the_same_file(folder):
    data = few(folder)
    how = ["--softmax", "nce", "--samples", "8", "--hidden", "8", "--epochs", "2"]
    first = model_bytes(folder, data, *how, label="what")
    assert model_bytes(folder, data, *how, "--threads", "2", label="what") == first
    assert model_bytes(folder, data, *how, "--seed", "2", label="what") != first


@case
def a_training_goes_on_with_the_same_draws(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    how = ["--softmax", "sampled", "--samples", "8", "--hidden", "8", "--refit", "no"]
    whole = model_bytes(folder, data, *how, "--epochs", "4", label="what")
    train(data, model, *how, "--epochs", "2", "--checkpoint", os.path.join(folder, "c"),
          "--keep-checkpoint")
    told = run("train", data, "--label", "what", "--out", model, "-q", *how, "--epochs", "4",
               "--checkpoint", os.path.join(folder, "c"), "--resume", "--samples", "9")
    assert told.code != 0 and "--samples" in told.err, str(told)
    train(data, model, *how, "--epochs", "4", "--checkpoint", os.path.join(folder, "c"),
          "--resume")
    assert read(model) == whole


@case
def members_folds_and_weights(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    how = ["--softmax", "sampled", "--samples", "8", *LEARN]
    told = train(data, model, *how, "--members", "2", "--json").json()
    assert told["members"] == 2 and told["validation"]["accuracy"] > 0.95
    told = good("cv", data, "--label", "what", "--folds", "2", *how, "--json").json()
    assert told["metrics"]["accuracy"]["mean"] > 0.9
    weighted = train(data, model, *how, "--class-weight", "balanced", "--json").json()
    assert weighted["validation"]["accuracy"] > 0.95


@case
def very_many_classes_from_end_to_end(folder):
    data, model = sites(folder, 300, 200), os.path.join(folder, "m.safetensors")
    some = write(os.path.join(folder, "some.csv"),
                 "".join(read(data).decode().splitlines(True)[:3000]))
    how = ["--label", "what", "-q", "--softmax", "sampled", "--hidden", "4", "--epochs", "1",
           "--batch", "256", "--valid-fraction", "0.05", "--dropout", "0", "--rate", "0.01"]
    # 3,000 rows of 60,000 probabilities are 720 MB.
    for arguments in [["train", data, *how, "--out", model], ["evaluate", model, some],
                      ["predict", model, some, "--top", "2"]]:
        peak = peak_of(*arguments)
        assert is_sanitized() or peak < 250, (peak, arguments)
    told = good("evaluate", model, some, "--json").json()
    assert told["classes"] > 50000
    assert told["roc_auc"] is None and 0 <= told["accuracy"] <= told["top_10_accuracy"] <= 1
    assert "too many for curves" in good("evaluate", model, some).out


@case
def the_most_probable_classes(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    train(data, model, *LEARN)
    lines = good("predict", model, data).out.splitlines()
    names = [name[len("probability."):] for name in lines[0].split(",")[1:]]
    top = good("predict", model, data, "--top", "3").out.splitlines()
    assert top[0] == ("prediction,probability,prediction.2,probability.2,"
                      "prediction.3,probability.3")
    listed = good("predict", model, data, "--top", "3", "--json").json()
    assert listed["classes"] is None and len(top) == len(lines) == listed["rows"] + 1
    for line, best, row in zip(lines[1:], top[1:], listed["predictions"]):
        p = line.split(",")[1:]
        order = sorted(range(12), key=lambda c: (-float(p[c]), c))[:3]
        assert best.split(",") == [x for c in order for x in (names[c], p[c])]
        assert row["prediction"] == line.split(",")[0]
        assert [one["class"] for one in row["top"]] == [names[c] for c in order]
    all_of_them = good("predict", model, data, "--top", "99").out.splitlines()
    assert all_of_them[0].endswith("probability.12")


@case
def what_is_refused(folder):
    data, out = few(folder), os.path.join(folder, "out")
    numbers = write(os.path.join(folder, "numbers.csv"),
                    "kind,y\n" + "".join("k%d,%d.5\n" % (i % 9, i) for i in range(200)))
    base = ["train", data, "--label", "what", "--out", out, "-q"]
    for code, words, arguments in [
            (2, "--softmax takes one of full, sampled, nce", base + ["--softmax", "some"]),
            (2, "--sampler takes one of unigram, log-uniform, uniform",
             base + ["--softmax", "nce", "--sampler", "zipf"]),
            (2, "--samples takes a whole number from 1",
             base + ["--softmax", "nce", "--samples", "0"]),
            (2, "--samples goes with --softmax sampled or nce", base + ["--samples", "5"]),
            (2, "--sampler goes with --softmax sampled or nce", base + ["--sampler", "uniform"]),
            (2, "--architecture wide-deep adds to them",
             base + ["--softmax", "nce", "--architecture", "wide-deep"]),
            (2, "--crosses go with --architecture wide-deep, and that not with --softmax nce",
             base + ["--softmax", "nce", "--crosses", "kind*shade"]),
            (2, "--softmax nce is of one plain network: not together with --bayesian",
             base + ["--softmax", "nce", "--bayesian"]),
            (2, "--softmax nce is of one plain network: not together with --boost",
             base + ["--softmax", "nce", "--boost", "3"]),
            (3, "texts and a wide-deep network add to them",
             base + ["--softmax", "nce", "--text", "kind"]),
            (3, "--softmax is for labels that are one class a row",
             ["train", numbers, "--label", "y", "--out", out, "-q", "--softmax", "sampled"]),
            (3, "--softmax is for labels that are one class a row",
             base + ["--label-split", ";", "--softmax", "sampled"])]:
        refused(code, words, *arguments)


@case
def what_is_refused_of_answers(folder):
    data, model = few(folder), os.path.join(folder, "m.safetensors")
    out = os.path.join(folder, "out")
    train(data, model, "--hidden", "4", "--epochs", "1")
    many = os.path.join(folder, "many.safetensors")
    site = sites(folder, name="many.csv")
    train(site, many, "--softmax", "sampled", "--hidden", "2", "--epochs", "1")
    lines = read(site).decode().splitlines(True)
    twice = write(os.path.join(folder, "twice.csv"), "".join(lines + lines[1:]))
    numbers = write(os.path.join(folder, "numbers.csv"),
                    "kind,y\n" + "".join("k%d,%d.5\n" % (i % 9, i) for i in range(200)))
    of_numbers = os.path.join(folder, "numbers.safetensors")
    good("train", numbers, "--label", "y", "--out", of_numbers, "-q", *QUICK)
    for code, words, arguments in [
            (2, "--top and --uncertainty exclude each other",
             ["predict", model, data, "--top", "2", "--uncertainty", "--out", out]),
            (2, "--top is for models that tell one class a row",
             ["predict", of_numbers, numbers, "--top", "2", "--out", out]),
            (2, "--top takes a whole number from 1",
             ["predict", model, data, "--top", "0", "--out", out]),
            (1, "--top 10 tells the ten most probable", ["predict", many, site, "--out", out]),
            (1, "--full would keep a probability of each of", ["evaluate", many, site, "--full"]),
            (1, "--require would keep", ["evaluate", many, site, "--require", "accuracy>=0"]),
            (1, "report would keep", ["report", many, site, "--out", out]),
            (1, "calibrate would keep", ["calibrate", many, site, "--out", out]),
            (1, "cv would keep", ["cv", twice, "--label", "what", "--folds", "2", "--hidden", "2",
                                  "--epochs", "1"])]:
        assert not refused(code, words, *arguments).out


def compare(data, *options):
    return good("compare", data, "--label", "what", "--softmax", "-q", "--hidden", "8", "--epochs",
                "3", "--rate", "0.01", "--dropout", "0", *options)


@case
def losses_side_by_side(folder):
    data = few(folder)
    told = compare(data, "--samples", "2,32", "--json").json()
    losses = told["losses"]
    assert [loss["softmax"] for loss in losses] == ["full", "sampled", "sampled", "nce", "nce"]
    assert [loss["samples"] for loss in losses] == [None, 2, 32, 2, 32]
    assert told["schema"] == 1 and told["classes"] == 12 and told["draws"] == 100
    assert told["settings"]["average"]["value"] == 0
    full = losses[0]
    for loss in losses:
        assert loss["parameters"] == full["parameters"]
        assert loss["memory_bytes"] > 4 * loss["parameters"] and loss["step_us"] > 0
        for name in ["log_loss", "accuracy", "top_10_accuracy"]:
            assert loss[name]["low"] <= loss[name]["value"] <= loss[name]["high"]
        assert loss["accuracy"]["value"] <= loss["top_10_accuracy"]["value"]
    assert full["loss_estimate"] == full["gradient_estimate"] == {"bias": 0, "spread": 0}
    assert full["gradient_cosine"] == 1
    rough, fine = losses[1], losses[2]
    for what in ["loss_estimate", "gradient_estimate"]:  # more draws are nearer, and less apart
        assert abs(fine[what]["bias"]) < abs(rough[what]["bias"]), what
        assert fine[what]["spread"] < rough[what]["spread"], what
    assert rough["loss_estimate"]["bias"] < 0  # a logarithm of a mean lies above
    assert rough["gradient_cosine"] < fine["gradient_cosine"] <= 1
    assert losses[3]["loss_estimate"]["bias"] is None


@case
def the_full_one_is_what_train_makes(folder):
    data, out = few(folder), os.path.join(folder, "m.safetensors")
    full = compare(data, "--samples", "2", "--json").json()["losses"][0]
    told = train(data, out, "--hidden", "8", "--epochs", "3", "--rate", "0.01", "--dropout", "0",
                 "--refit", "no", "--average", "0", "--architecture", "mlp", "--json").json()
    near(full["log_loss"]["value"], told["validation"]["log_loss"], 1e-6)
    near(full["accuracy"]["value"], told["validation"]["accuracy"], 1e-9)


@case
def the_comparison_in_words(folder):
    data = few(folder)
    out = compare(data, "--samples", "4", "--sampler", "uniform").out
    for words in ["label 'what': 12 classes", "full softmax", "sampled, 4 draws", "nce, 4 draws",
                  "over 100 draws", "us a step", "top-10", "cosine"]:
        assert words in out, words

    def numbers(*options):
        return [[loss["log_loss"], loss["loss_estimate"], loss["gradient_cosine"]]
                for loss in compare(data, "--samples", "4", "--json", *options).json()["losses"]]
    first = numbers()
    assert numbers("--threads", "2") == first
    assert numbers("--sampler", "uniform") != first


@case
def what_cannot_be_compared(folder):
    data, out = few(folder), os.path.join(folder, "out.html")
    numbers = write(os.path.join(folder, "numbers.csv"),
                    "kind,y\n" + "".join("k%d,%d.5\n" % (i % 9, i) for i in range(200)))
    base = ["compare", data, "--label", "what", "-q"]
    for code, words, arguments in [
            (2, "--column NAME is missing", base),
            (2, "--column and --softmax exclude each other",
             base + ["--softmax", "--column", "kind"]),
            (2, "--buckets and --softmax exclude each other",
             base + ["--softmax", "--buckets", "4"]),
            (2, "--samples goes with --softmax", base + ["--column", "kind", "--samples", "4"]),
            (2, "--sampler goes with --softmax",
             base + ["--column", "kind", "--sampler", "uniform"]),
            (2, "--samples takes", base + ["--softmax", "--samples", "0"]),
            (3, "this label holds something else",
             ["compare", numbers, "--label", "y", "--softmax", "-q"]),
            (3, "--ignore leaves out bags and texts", base + ["--softmax", "--text", "kind"]),
            (3, "2 rows or more to validate on", base + ["--softmax", "--valid-fraction", "0"])]:
        assert not refused(code, words, *arguments).out
    refused(1, "No such file", *base, "--softmax", "--out", os.path.join(folder, "none", "p.html"))
    good(*base, "--softmax", "--samples", "4", "--epochs", "1", "--out", out)
    assert b"</html>" in read(out)


main()
