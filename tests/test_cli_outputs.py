#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Places that cannot be written to: folders that are not there or shut, full disks, a standard
# output that takes nothing. A file that stood there stays as it was, and nothing else is left.
import os
import resource
import signal
import subprocess

from cli import *


@case
def bad_outputs(folder):
    data, model = trained(folder, rows=60)
    train = ["train", data, "--label", "group"]
    # So long that the training would not end within the test: the output is looked at first.
    endless = ["--epochs", "1000000", "--patience", "1000000"]
    for out, words in [(os.path.join(folder, "none", "x"), "No such file or directory"),
                       (os.path.join(data, "x"), "Not a directory"), (folder, "folder"),
                       (os.path.join(folder, "x", ""), "directory"), ("", "No such file")]:
        refused(1, ["cannot write '%s'" % out, words], *train, *endless, "--out", out)
        refused(1, ["cannot write '%s'" % out, words], "predict", model, data, "--out", out)
    assert sorted(os.listdir(folder)) == ["data.csv", "model.safetensors"]


@case
def unwritable_folder(folder):
    if os.getuid() != 0:
        become = {}
    else:
        become = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            run("--version", **become)
        except PermissionError:
            raise Skip("the user nobody cannot reach " + GROVE)
    data, model = trained(folder, rows=60)
    shut = os.path.join(folder, "shut")
    os.mkdir(shut)
    out = write(os.path.join(shut, "out"), "before")
    os.chmod(shut, 0o555)
    for command in (["train", data, "--label", "group"], ["predict", model, data]):
        for path in (out, os.path.join(shut, "new")):
            refused(1, ["cannot write", "Permission denied"], *command, "--out", path, **become)
    os.chmod(shut, 0o755)
    assert os.listdir(shut) == ["out"] and read(out) == b"before"
    os.chmod(data, 0)
    refused(3, ["data.csv", "Permission denied"], "inspect", data, **become)
    os.chmod(model, 0)
    refused(4, ["model.safetensors", "Permission denied"], "inspect", model, **become)


def check_full(folder, place, words, **more):
    """Neither a new model nor new answers fit in there."""
    data, model = trained(folder, *QUICK, rows=2000)
    for command in (["train", data, "--label", "group", "--hidden", "512", "--epochs", "1", "-q"],
                    ["predict", model, data], ["predict", "--json", model, data]):
        for name in ("old", "new"):
            out = os.path.join(place, name)
            refused(1, ["cannot write", words], *command, "--out", out, **more)
            assert sorted(os.listdir(place)) == ["old"], os.listdir(place)
            assert read(os.path.join(place, "old")) == b"before"


@case
def full_disk(folder):
    place = os.path.join(folder, "disk")
    os.mkdir(place)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "grove", place]
    if os.getuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("a small file system cannot be mounted here")
    try:
        write(os.path.join(place, "old"), "before")
        check_full(folder, place, "No space left")
    finally:
        subprocess.run(["umount", place], check=True)


@case
def file_size_limit(folder):
    """The same without a file system of its own: no file may grow beyond 16 KiB."""
    place = os.path.join(folder, "disk")
    os.mkdir(place)
    write(os.path.join(place, "old"), "before")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))

    check_full(folder, place, "File too large", preexec_fn=limit)


@case
def stdout_that_takes_nothing(folder):
    data, model = trained(folder, rows=60)
    out = os.path.join(folder, "m")
    commands = [["predict", model, data], ["predict", "--json", model, data],
                ["predict", "--out", "-", model, data], ["evaluate", model, data],
                ["evaluate", "--json", model, data], ["inspect", model], ["inspect", data],
                ["inspect", "--json", data], ["--help"], ["--version"],
                ["train", data, "--label", "group", "--out", out, "-q", *QUICK]]
    wide = text_of([",".join("c%d" % i for i in range(900))] + [",".join(["1"] * 900)] * 2)
    commands.append(["inspect", write(os.path.join(folder, "wide.csv"), wide)])
    before = read(model)
    for command in commands:
        with open("/dev/full", "wb") as full:
            result = run(*command, stdout=full)
        lines = [line for line in result.err.splitlines() if "training did not see" not in line]
        assert result.code == 1 and len(lines) == 1, "full: %s" % result
        shut = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', GROVE, *command],
                              stderr=subprocess.PIPE)
        lines = [line for line in shut.stderr.splitlines() if b"training did not see" not in line]
        assert shut.returncode == 1 and len(lines) == 1, "closed: %s: %s" % (command, shut)
    assert read(model) == before
    # What was said into the closed stream did not get into the model.
    good("evaluate", out, data)
    shut = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&- 2>&- <&-', GROVE, "train", data,
                           "--label", "group", "--out", out])
    assert shut.returncode == 1
    good("evaluate", out, data)
    no_leftovers(folder)


main()
