#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# One model on two kinds of processors: $GROVE, built for another machine, against $GROVE_NATIVE,
# built for this one. What one of them has trained the other predicts alike and trains alike.
from cli import *

NATIVE = [os.environ.get("GROVE_NATIVE", "")]
ABROAD = RUNNER + [GROVE]
TRAINING = ["--epochs", "3", "--hidden", "32", "--batch", "64", "--rate", "0.01", "--seed", "4"]


def numbers_of(result):
    """Predictions, probabilities of a CSV of predict."""
    lines = [line.split(",") for line in result.out.splitlines()[1:]]
    return [line[0] for line in lines], [[float(p) for p in line[1:]] for line in lines]


def close(a, b, tolerance):
    assert len(a) == len(b) > 0
    for row, other in zip(a, b):
        for x, y in zip(row, other):
            near(x, y, tolerance)


def model_of(command, folder, *options, **more):
    """A table, a model that the command trained on it, and what it said of the training."""
    data = table(folder, rows=600)
    model = os.path.join(folder, "%d.safetensors" % (command is NATIVE))
    told = good("train", data, "--label", "group", "--out", model, "-q", "--json", *TRAINING,
                *options, command=command, **more).json()
    return data, model, told


@case
def what_one_has_trained_the_other_predicts(folder):
    for trainer in (NATIVE, ABROAD):
        data, model, _ = model_of(trainer, folder)
        (here, p), (there, q) = (numbers_of(good("predict", model, data, command=command))
                                 for command in (NATIVE, ABROAD))
        close(p, q, 2e-6)
        sure = [sorted(row)[-1] - sorted(row)[-2] > 1e-5 for row in p]
        assert sum(sure) > 500 and all(a == b for a, b, s in zip(here, there, sure) if s)


@case
def the_same_seed_gives_close_models(folder):
    """Sums are added in another order: what differs is rounding, and what training makes of it."""
    for options in ([], ["--optimizer", "adagrad", "--dropout", "0.2"]):
        data, model, told = model_of(NATIVE, folder, *options)
        _, other, also_told = model_of(ABROAD, folder, *options)
        near(told["training_loss"], also_told["training_loss"], 1e-5)
        _, p = numbers_of(good("predict", model, data, command=NATIVE))
        _, q = numbers_of(good("predict", other, data, command=NATIVE))
        close(p, q, 1e-3)


@case
def threads_change_no_byte_abroad(folder):
    data = table(folder, rows=600)
    files = []
    for threads in ("1", "3"):
        model = os.path.join(folder, threads)
        good("train", data, "--label", "group", "--out", model, "-q", *TRAINING, "--threads",
             threads, env=dict(os.environ, GROVE_THREADS_FROM="0"))
        files.append(read(model))
    assert files[0] == files[1]


@case
def either_level_makes_close_models(folder):
    """With the products of the CBLAS, and with grove's own."""
    losses = []
    for level in ("neon", "baseline"):
        env = dict(os.environ, GROVE_CPU=level)
        losses.append(model_of(ABROAD, folder, env=env)[2]["training_loss"])
    near(losses[0], losses[1], 1e-5)


@case
def the_version_tells_the_instructions(folder):
    def levels(level):
        told = good("--version", env=dict(os.environ, GROVE_CPU=level)).out.splitlines()
        return [line.split(": ")[1] for line in told if line.startswith("instructions: ")]

    assert levels("baseline") == ["baseline"]
    assert levels("neon") == levels("") == levels("v3") == ["neon"]


if __name__ == "__main__":
    if not NATIVE[0]:
        print("skipped: $GROVE_NATIVE is not set")
        sys.exit(77)
    main()
