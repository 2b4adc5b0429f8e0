#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# How options may be written, and what --help says of them.
import os
import re

from cli import *

COMMANDS = ("train", "evaluate", "predict", "inspect", "gradcheck", "embed", "nearest", "transform",
            "report", "calibrate")


def options_in_help(command):
    return re.findall(r"^ {2}(?:-\w, | {4})--([a-z-]+)", good(command, "--help").out, re.M)


@case
def every_option_has_one_row(folder):
    for command in COMMANDS:
        names = options_in_help(command)
        assert names and names[-1] == "help" and len(set(names)) == len(names), names


@case
def help_is_laid_out(folder):
    for command in COMMANDS:
        text = good(command, "--help").out
        lines = text.splitlines()
        assert all(len(line) <= 79 and line == line.rstrip() for line in lines
                   if not line.startswith(("Example: ", " " * 9 + "grove"))), text
        headings = re.findall(r"^([A-Z][a-z]+):$", text, re.M)
        order = ["Input", "Model", "Training", "Check", "Running", "Output"]
        assert headings == [h for h in order if h in headings], headings


@case
def ways_to_write_options(folder):
    data, model = trained(folder)
    plain = good("predict", model, data).out
    out = os.path.join(folder, "out.csv")
    for words in (["--out", out, model, data], ["--out=" + out, model, data],
                  [model, "--out", out, data], [model, data, "--out", out], [model, data, "--ou", out],
                  ["--out", out, "--", model, data], ["--out", out, model, "--", data]):
        good("predict", *words)
        assert read(out).decode() == plain, words
        os.remove(out)
    os.rename(data, os.path.join(folder, "--json"))
    assert good("predict", "--", model, "--json", cwd=folder).out == plain
    good("train", "--label=group", "-qh")
    refused(2, ["'--val'", "--valid, --valid-fraction"], "train", "--val", "a")
    refused(2, "no option '-x'", "train", "-qx")
    refused(2, "an argument is missing", "predict", model, "--")


@case
def what_was_meant(folder):
    """A mistyped word gets the nearest one that could stand there, and a strange word none."""
    data = table(folder, rows=60)
    out = os.path.join(folder, "m")
    for code, typed, meant in [
            (2, ["train", "--lable", "x"], "did you mean '--label'?"),
            (2, ["train", "--categoricals=a"], "did you mean '--categorical'?"),
            (2, ["evaluate", "--jsn"], "did you mean '--json'?"),
            (2, ["predict", "--no-heading"], "did you mean '--no-header'?"),
            (2, ["tarin"], "did you mean 'train'?"), (2, ["inpsect", "a"], "'inspect'?"),
            (2, ["train", "--optimizer", "adma"], "not 'adma'; did you mean 'adam'?"),
            (2, ["train", "--progress=line"], "did you mean 'lines'?"),
            (3, ["train", data, "--label", "gruop", "--out", out], "nearest name is 'group'"),
            (3, ["train", data, "--label", "group", "--ignore", "regoin", "--out", out],
             "nearest name is 'region'"),
            (3, ["inspect", data, "--categorical", "trunc"], "nearest name is 'trunk'")]:
        refused(code, meant, *typed)
    for typed in (["train", "--banana"], ["banana"], ["evaluate", "--optimizer"], ["x"],
                  ["train", "--optimizer", "momentum"], ["train", "--" + "x" * 500]):
        assert "did you mean" not in refused(2, "", *typed).err


@case
def options_that_would_say_nothing(folder):
    """They are refused, and not passed over in silence."""
    data, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")
    train = ["train", data, "--label", "group", "--out", out, "-q", *QUICK[:2]]
    for code, words, typed in [
            (2, "--cross-buckets is of crosses", [*train, "--architecture", "mlp",
                                                  "--cross-buckets", "9"]),
            (2, "--cross-dropout is of crosses", [*train, "--crosses", "none",
                                                  "--cross-dropout", "0.1"]),
            (2, "--dropout drops units of hidden layers", [*train, "--hidden", "none",
                                                           "--dropout", "0.1"]),
            (2, "--patience waits for a better validation loss", [*train, "--valid-fraction", "0",
                                                                  "--patience", "3"]),
            (2, "--split says which rows to validate on", [*train, "--valid-fraction", "0",
                                                           "--split", "group:region"]),
            (3, "--word-dropout is for columns of text", [*train, "--word-dropout", "0.5"]),
            (2, "--cross-buckets goes with --architecture wide-deep",
             ["compare", data, "--label", "group", "--column", "region", "--cross-buckets", "9"]),
            (2, "--skip says how a table is read", ["inspect", model, "--skip", "1"]),
            (2, "--label says how a table is read", ["inspect", model, "--label", "group"]),
            (2, "--separator says how a table is read", ["embed", model, "--column", "region",
                                                         "--separator", ";", "--out", out])]:
        refused(code, words, *typed)
        assert read(out) == b"before", words
    # Beside nothing that speaks against it, an option of crosses asks for some.
    told = good(*train, "--cross-buckets", "50", "--json").json()["settings"]
    assert told["architecture"]["value"] == "wide-deep", told["architecture"]
    assert told["cross-buckets"]["value"] == 50 and told["crosses"]["value"] != "none", told
    good(*train, "--hidden", "none", "--dropout", "0")


@case
def help_wins_wherever_it_stands(folder):
    for words in (["--help"], ["-h"], ["--label", "x", "--help"], ["a", "-h", "b", "c"],
                  ["-h", "--nonsense"]):
        assert good("train", *words).out.startswith("Usage: grove train"), words
    with open("/dev/full", "w") as full:
        assert run("train", "--help", stdout=full).code == 1


main()
