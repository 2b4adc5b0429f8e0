#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# What is made of the table of options when grove is built: manual pages and completions. They lie
# in $GROVE_PAGES.
import json
import os
import re
import shutil
import subprocess

from cli import *

COMMANDS = ("train", "evaluate", "predict", "inspect", "gradcheck", "embed", "nearest", "transform",
            "report", "calibrate")
PAGES = os.environ.get("GROVE_PAGES", "build/tools")
MODEL_PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools/grove-model.5")


def page(name):
    return os.path.join(PAGES, name)


def pages():
    return [page("grove.1"), MODEL_PAGE] + [page("grove-%s.1" % c) for c in COMMANDS]


def text_of_page(path):
    if not shutil.which("groff"):
        raise Skip("no groff")
    done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=78n", "-rcR=1", "-ww",
                           path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert not done.stderr, "%s: %s" % (path, done.stderr.decode())
    return done.stdout.decode()


def plain(text):
    """As one line: what was hyphenated and wrapped is together again."""
    return " ".join(text.replace("-\n", "-").split()).replace("- ", "-").replace(" ", "")


@case
def pages_have_no_warnings(folder):
    if shutil.which("mandoc"):
        for path in pages():
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path],
                                  stdout=subprocess.PIPE)
            told = [line for line in done.stdout.decode().splitlines() if "missing date" not in line]
            assert not told, told
    for path in pages():
        text_of_page(path)


@case
def pages_bear_no_date(folder):
    for path in pages():
        assert not re.search(rb"20[0-9][0-9]|/home|/work|/build", read(path)), path


@case
def pages_tell_every_option(folder):
    for command in COMMANDS:
        help, man = good(command, "--help").out, text_of_page(page("grove-%s.1" % command))
        options = re.findall(r"--[a-z-]+(?:=\S+)?(?=\s)", help[:help.rindex("Example: ")])
        defaults = re.findall(r"\(default: [^()]*\)", help)
        assert len(options) >= 3
        for told in options + defaults:
            assert plain(told) in plain(man), "%s: %s is not in the page" % (command, told)
        assert "EXIT STATUS" in man and "grove " + command in man
    overview = text_of_page(page("grove.1"))
    for word in COMMANDS + ("GROVE_NUM_THREADS", "GROVE_THREADS_FROM", "GROVE_CPU", "EXIT STATUS"):
        assert word in overview, word


@case
def the_page_of_the_file_tells_what_is_in_it(folder):
    _, model = trained(folder)
    bytes_ = read(model)
    header = json.loads(bytes_[8:8 + int.from_bytes(bytes_[:8], "little")])
    text = text_of_page(MODEL_PAGE)
    for key in header["__metadata__"]:
        assert re.search(r"^ +%s\b" % key, text, re.M), key
    for name in set(header) - {"__metadata__"}:
        first, last = name.split(".")[0], name.split(".")[-1]
        assert re.search(r"\b%s\.([A-Z]+\.)?%s\b" % (first, last), text), name


# ---- completions --------------------------------------------------------------------------------


def complete_bash(folder, *words):
    """What bash offers for the last of these words."""
    script = ('source "$0"\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_grove\n'
              'printf "%s\\n" "${COMPREPLY[@]}"\ncomplete -p grove >&2')
    done = subprocess.run(["bash", "-c", script, page("grove.bash"), "grove", *words], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stderr == b"complete -F _grove grove\n", done.stderr.decode()
    return sorted(filter(None, done.stdout.decode().split("\n")))


@case
def bash_completes(folder):
    if not shutil.which("bash"):
        raise Skip("no bash")
    write(os.path.join(folder, "data.csv"), "species,tree height,group\r\n1,2,3\r\n")
    write(os.path.join(folder, "a model"), "x")
    for words, offers in [
            (["tr"], ["train", "transform"]), (["--v"], ["--version"]),
            (["train", "--opt"], ["--optimizer="]), (["nearest", "--to"], ["--top="]),
            (["nearest", "--th"], []), (["train", "--js"], ["--json"]),
            (["train", "--optimizer", "ada"], ["adagrad", "adam", "adamw"]),
            (["train", "--optimizer", "=", "s"], ["sgd"]),
            (["train", "--progress", "="], ["auto", "bar", "lines", "none"]),
            (["predict", "--embedding-dim", "a"], ["a model"]),
            (["train", "--embedding-dim", "a"], ["auto"]), (["train", "--epochs", ""], ["auto"]),
            (["train", "d"], ["data.csv"]), (["predict", "a"], ["a model"]),
            (["train", "--out", "a"], ["a model"]), (["train", "--label", ""], []),
            (["train", "data.csv", "--label", ""], ["group", "species", "tree\\ height"]),
            (["train", "data.csv", "--label", "=", "g"], ["group"])]:
        assert complete_bash(folder, *words) == offers, (words, complete_bash(folder, *words))


@case
def bash_offers_every_option(folder):
    for command in COMMANDS:
        options = re.findall(r"^ {2,6}(?:-\w, )?(--[a-z-]+=?)", good(command, "--help").out, re.M)
        assert complete_bash(folder, command, "-") == sorted(options), command


@case
def other_shells_read_theirs(folder):
    for shell, name in [("zsh", "_grove"), ("fish", "grove.fish")]:
        assert all(command in read(page(name)).decode() for command in COMMANDS)
        if shutil.which(shell):
            subprocess.run([shell, "-n", page(name)], check=True)


def said(folder, *command):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    return sorted(done.stdout.decode().splitlines())


@case
def fish_completes_columns(folder):
    if not shutil.which("fish"):
        raise Skip("no fish")
    write(os.path.join(folder, "data.csv"), "species,tree height;x|group\r\n1,2,3\r\n")
    write(os.path.join(folder, "quoted.csv"), '"a","b"\n')
    for line, offers in [("data.csv --label ", ["group", "species", "tree height", "x"]),
                         ("data.csv --label=g", ["--label=group"]), ("--label ", []),
                         ("quoted.csv --label ", []), ("data.csv --optimizer s", ["sgd"])]:
        got = said(folder, "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                   page("grove.fish"), "grove train " + line)
        assert [word.split("\t")[0] for word in got] == offers, (line, got)


@case
def zsh_completes_columns(folder):
    if not shutil.which("zsh"):
        raise Skip("no zsh")
    write(os.path.join(folder, "a table.csv"), "species\ttree height\tgroup\r\n1\t2\t3\r\n")
    write(os.path.join(folder, "quoted.csv"), '"a","b"\n')
    script = ("compadd() { shift; print -rl -- \"$@\" }; _arguments() { }; words=(grove train); "
              "CURRENT=3; source $1; words=(train ${@[2,-1]} ''); CURRENT=$#words; _grove_columns; "
              "true")
    for words, offers in [(["a\\ table.csv", "--label"], ["group", "species", "tree height"]),
                          (["--label"], []), (["quoted.csv", "--label"], [])]:
        assert said(folder, "zsh", "-fc", script, "zsh", page("_grove"), *words) == offers, words


main()
