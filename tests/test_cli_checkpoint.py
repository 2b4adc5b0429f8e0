#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""grove train is killed, interrupted and starved of disk; and goes on to the bytes it would have had.

    tests/test_cli_checkpoint.py [CASE...]
"""
import os
import random
import resource
import signal
import subprocess
import time

import cli
from cli import case, good, read, refused, run, strict_json, table, text_of, write

TINY = ["--epochs", "6", "--hidden", "8", "--batch", "64", "-q"]


def command(data, model, *options):
    return ["train", data, "--label", "group", "--out", model, *options]


def start(arguments, **more):
    return subprocess.Popen([cli.GROVE, *arguments], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, **more)


def wait_for(process, beginning):
    """Reads lines of stderr until one begins so."""
    for line in process.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError("it ended before '%s' was said" % beginning)


def whole(folder, data, *options):
    model = os.path.join(folder, "whole.safetensors")
    good(*command(data, model, *options))
    return read(model)


def no_checkpoints(folder):
    left = [name for name in os.listdir(folder) if ".ckpt." in name]
    assert not left, "checkpoints are left: %s" % left


@case
def killed_fifty_times(folder):
    """By signal 9, anywhere: while reading, in a step, while a checkpoint or the model is written."""
    chance = random.Random(20)
    data = table(folder, rows=3000)
    expected = whole(folder, data, *TINY)
    model = os.path.join(folder, "killed.safetensors")
    kept = os.path.join(folder, "killed.ckpt.safetensors")
    options = [*TINY, "--checkpoint", kept, "--checkpoint-every", "0.001"]
    begin = time.monotonic()
    good(*command(data, model, *options))
    span = time.monotonic() - begin
    kills = resumed = finished = 0
    os.remove(model)
    while kills < 50:
        again = os.path.exists(kept)
        process = start(command(data, model, *options, *(["--resume"] if again else [])))
        try:
            process.wait(chance.uniform(0, 1.1 * span))
        except subprocess.TimeoutExpired:
            process.kill()
        err = process.communicate()[1]
        resumed += again
        if process.returncode == -signal.SIGKILL:
            kills += 1
        else:
            assert process.returncode == 0, err
            assert read(model) == expected, "other bytes after %d kills" % kills
            finished += 1
            os.remove(model)
    if os.path.exists(kept):
        good(*command(data, model, *options, "--resume"))
        assert read(model) == expected
    print("killed %d times, resumed %d, finished %d" % (kills, resumed, finished))
    assert resumed >= 10 and finished >= 1
    no_checkpoints(folder)


LONG = ["--epochs", "1500", "--patience", "1500", "--hidden", "8", "--batch", "64", "--progress",
        "lines"]


def stopped_by(folder, number):
    """Stops a training in the middle, and does what it says."""
    data = table(folder, rows=300)
    expected = whole(folder, data, *LONG)
    model = os.path.join(folder, "it's.safetensors")
    process = start(command(data, model, *LONG))
    wait_for(process, "epoch ")
    process.send_signal(number)
    err = process.communicate()[1].splitlines()
    assert process.returncode == 128 + number, (process.returncode, err[-2:])
    assert err[-2].startswith("grove train: training was stopped in epoch "), err[-2]
    assert os.path.exists(os.path.join(folder, "it's.ckpt.safetensors"))
    assert not os.path.exists(model)
    again = subprocess.run(err[-1], shell=True, capture_output=True)
    assert again.returncode == 0, again.stderr
    assert not again.stderr.startswith(b"epoch  1 "), "it began anew"
    assert read(model) == expected
    no_checkpoints(folder)
    cli.no_leftovers(folder)


@case
def ctrl_c(folder):
    stopped_by(folder, signal.SIGINT)


@case
def asked_to_terminate(folder):
    stopped_by(folder, signal.SIGTERM)


@case
def a_second_ctrl_c_ends_at_once(folder):
    """In a step that takes long; what was ignored from the beginning stays ignored."""
    data = table(folder, rows=1000)
    model = os.path.join(folder, "x.safetensors")
    options = ["--hidden", "3000,3000", "--batch", "1000", "--epochs", "1000"]
    process = start(command(data, model, *options))
    wait_for(process, "table of")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # not SIGHUP: nohup has that one ignored
    process.communicate(timeout=20)
    # Sent so close together, either may come second, and that one ends it.
    assert process.returncode in (-signal.SIGTERM, -signal.SIGINT), process.returncode
    no_checkpoints(folder)
    process = start(command(data, model, *TINY), preexec_fn=lambda: signal.signal(
        signal.SIGINT, signal.SIG_IGN))
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 0


@case
def a_full_disk_leaves_the_old_checkpoint_whole(folder):
    data = table(folder, rows=300)
    more = ["--epochs", "9", *TINY[2:]]
    expected = whole(folder, data, *more)
    model = os.path.join(folder, "x.safetensors")
    kept = os.path.join(folder, "x.ckpt.safetensors")
    good(*command(data, model, *TINY, "--keep-checkpoint"))
    before, first = read(kept), read(model)
    process = start(command(data, model, *more, "--keep-checkpoint", "--resume"),
                    restore_signals=False,  # SIGXFSZ stays ignored: writing fails
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
    err = process.communicate()[1].splitlines()
    assert process.returncode == 1, err
    assert err[0].startswith("grove train: warning: cannot write '%s'" % kept), err
    assert len(err) == 2 and "cannot write '%s'" % model in err[1], err
    assert read(kept) == before and read(model) == first
    cli.no_leftovers(folder)
    good(*command(data, model, *more, "--resume"))
    assert read(model) == expected
    no_checkpoints(folder)


@case
def what_belongs_to_another_training(folder):
    data = table(folder, rows=300)
    model = os.path.join(folder, "x.safetensors")
    kept = os.path.join(folder, "x.ckpt.safetensors")
    refused(4, "there is no checkpoint '%s'" % kept, *command(data, model, *TINY, "--resume"))
    good(*command(data, model, *TINY, "--keep-checkpoint"))
    first, saved = read(model), read(kept)
    more = ["--resume", "--keep-checkpoint"]
    for options, words in [(["--dropout", "0.2"], "'--dropout 0.25', not '--dropout 0.2'"),
                           (["--hidden", "8,8"], "'--hidden 8', not '--hidden 8,8'"),
                           (["--seed", "2"], "'--seed 1', not '--seed 2'"),
                           (["--optimizer", "sgd"], "'--optimizer adam', not '--optimizer sgd'"),
                           (["--epochs", "3"], "in epoch 6 already, and 3 are wanted"),
                           (["--patience", "1", "--min-count", "3"], "'--min-count 0', not")]:
        refused(4, words, *command(data, model, *TINY, *more, *options))
    other = write(os.path.join(folder, "other.csv"), text_of(cli.trees(300, seed=2)))
    refused(4, "belongs to other data", *command(other, model, *TINY, *more))
    write(kept, saved[:-1])
    refused(4, kept, *command(data, model, *TINY, *more))
    assert read(model) == first
    write(kept, saved)
    good(*command(data, model, *TINY, *more, "--threads", "2"))
    assert read(model) == first and os.path.exists(kept)
    noted = good(*command(data, model, *TINY))
    assert "is the checkpoint of a training that was not finished" in noted.err, noted.err
    for option in ["--log", "--checkpoint"]:
        refused(2, "would write the same file '%s'" % model,
                *command(data, model, *TINY, option, model))
        refused(2, "would write over", *command(data, model, *TINY, option, data))


@case
def a_log_without_gaps_and_twins(folder):
    data = table(folder, rows=300)
    model, log = (os.path.join(folder, name) for name in ("x.safetensors", "x.jsonl"))

    def lines():
        found = [strict_json(line) for line in read(log).decode().splitlines()]
        for line in found:
            assert list(line) == ["epoch", "step", "split", "loss", "metrics", "lr", "seconds",
                                  "rows"], line
            assert line.pop("seconds") > 0
        return found

    good(*command(data, model, *TINY, "--log", log))
    expected, trained_before = lines(), read(model)
    assert [(line["epoch"], line["split"]) for line in expected] == [
        (epoch, split) for epoch in range(1, 7) for split in ("train", "valid")]
    assert expected[-1]["step"] == 6 * -(-expected[0]["rows"] // 64)
    cli.near(expected[0]["lr"], 0.002)
    assert "accuracy" in expected[1]["metrics"] and expected[1]["rows"] < expected[0]["rows"]
    good(*command(data, model, *TINY, "--epochs", "4", "--keep-checkpoint", "--log", log))
    assert lines() == expected[:8]
    good(*command(data, model, *TINY, "--resume", "--log", log))
    assert lines() == expected
    result = run(*command(data, model, *TINY, "--log", "/dev/full"))  # the model is not lost
    assert result.code == 1 and "cannot write the log '/dev/full': No space" in result.err, result
    assert result.err.count("\n") == 1 and read(model) == trained_before, result
    refused(1, "cannot write the log", *command(data, model, *TINY, "--log", "/nowhere/log"))


cli.main()
