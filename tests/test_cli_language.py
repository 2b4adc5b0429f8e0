#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove language and grove generate: learning, the same bytes for the same seed, samples, the
# fraction of successes with checks that hang, crash, write a gigabyte or leave processes behind;
# evaluate, embed, nearest and inspect of such models; refusals.
import math
import sys
import time

from cli import *

TINY = ["--epochs", "3", "--embedding-dim", "8", "--hidden", "16", "--layers", "1", "-q"]
KINDS = ["transformer", "gru", "mlp"]


def names(folder, count=300, name="names.txt"):
    r = random.Random(1)
    lines = [r.choice(["an", "el", "lo", "me"]) * r.randint(1, 3) for _ in range(count)]
    return write(os.path.join(folder, name), text_of(lines))


def learned(folder, *options, lines=None, name="m.safetensors"):
    model = os.path.join(folder, name)
    good("language", lines or names(folder), "--out", model, *TINY, *options)
    return model


def script(folder, name, text):
    return "%s %s" % (sys.executable, write(os.path.join(folder, name), text))


@case
def learns_and_tells(folder):
    lines = names(folder)
    for kind in KINDS:
        model = os.path.join(folder, kind)
        told = good("language", lines, "--out", model, "--architecture", kind, *TINY, "--epochs",
                    "30", "--rate", "0.01", "--json").json()
        assert told["architecture"] == kind and told["rows"] == 270 and told["units"] == "letter"
        assert told["loss"] < told["bigram_loss"] < math.log(told["vocabulary"] + 1), told
        assert len(told["training_loss"]) == len(told["validation_loss"])
        near(min(told["validation_loss"]), told["loss"])
        words = good("language", lines, "--out", model, "--architecture", kind, *TINY).out
        for text in ["lines       270 to train on, 30 to validate on\n", "model       " + kind,
                     "letters     6 different ones; the longest line has 6\n", "\nbigram       ",
                     "\nmodel written to " + model]:
            assert text in words, words
    again = read(model)
    good("language", lines, "--out", model, "--architecture", "mlp", *TINY, "--threads", "2")
    assert read(model) == again
    good("language", lines, "--out", model, "--architecture", "mlp", *TINY, "--seed", "2")
    assert read(model) != again


@case
def samples(folder):
    for kind in KINDS:
        model = learned(folder, "--architecture", kind)
        one = good("generate", model, "--n", "40", "--seed", "3").out
        assert one.count("\n") == 40
        assert good("generate", model, "--n", "40", "--seed", "3", "--threads", "2").out == one
        assert good("generate", model, "--n", "40", "--seed", "3", "--no-cache").out == one
        assert good("generate", model, "--n", "20", "--seed", "3").out.splitlines() == \
            one.splitlines()[:20]
        assert good("generate", model, "--n", "40", "--seed", "4").out != one
        out = os.path.join(folder, "out.txt")
        assert good("generate", model, "--n", "40", "--seed", "3", "--out", out).out == ""
        assert read(out).decode() == one
        cold = good("generate", model, "--n", "3", "--temperature", "0").out.splitlines()
        assert len(set(cold)) == 1
        assert good("generate", model, "--n", "3", "--top-k", "1").out.splitlines() == cold
        prompted = good("generate", model, "--prompt", "an", "--max-length", "3").out
        assert all(line[:2] == "an" and len(line) <= 3 for line in prompted.splitlines()), prompted
    told = good("generate", model, "--n", "25", "--json", "--known",
                os.path.join(folder, "names.txt")).json()
    lines = set(read(os.path.join(folder, "names.txt")).decode().splitlines())
    assert told["samples"] == len(told["texts"]) == 25 and told["unit"] == "letter"
    assert told["known"] == sum(t["text"] in lines for t in told["texts"])
    assert told["distinct"] == len({t["text"] for t in told["texts"]})
    assert all(t["log_probability"] < 0 and t["known"] == (t["text"] in lines)
               for t in told["texts"])


@case
def fraction_of_successes(folder):
    model = learned(folder)
    check = script(folder, "short.py",
                   "import sys\nsys.exit(len(sys.stdin.read().strip()) > 4)\n")
    texts = good("generate", model, "--n", "60").out.splitlines()
    wins = sum(len(t) <= 4 for t in texts)
    told = good("generate", model, "--n", "60", "--check", check, "--json").json()
    share = told["check"]["fraction_of_successes"]
    near(share["value"], wins / 60)
    z, n = 1.959964, 60
    middle, half = (wins + z * z / 2) / (n + z * z), \
        z * math.sqrt(wins * (n - wins) / n + z * z / 4) / (n + z * z)
    near(share["low"], middle - half, 1e-5)
    near(share["high"], middle + half, 1e-5)
    assert told["check"]["passed"] == wins and told["check"]["failed"] == 60 - wins
    assert [t["check"] == "passed" for t in told["texts"]] == [len(t) <= 4 for t in texts]
    words = good("generate", model, "--n", "60", "--check", check, "--check-jobs", "1").out
    assert "fraction of successes   %.4f (" % (wins / 60) in words, words
    assert ": %d of 60\n" % wins in words and "for example:\n" in words, words
    assert good("generate", model, "--n", "3", "--check", "true").out.count("1.0000") == 2
    # Nothing is read by a shell, and quotes hold words together.
    mark = os.path.join(folder, "mark")
    strange = script(folder, "args.py", "import sys\nsys.exit(sys.argv[1:] != ['a b', '$(touch "
                     "%s)', '*', '\"'])\n" % mark)
    told = good("generate", model, "--n", "1", "--json", "--check",
                strange + " 'a b' '$(touch %s)' * \\\"" % mark).json()
    assert told["check"]["passed"] == 1 and not os.path.exists(mark), told


@case
def checks_that_do_not_behave(folder):
    """They hang, crash, write without end, leave a child behind, do not read."""
    model = learned(folder)
    begin = time.time()
    told = good("generate", model, "--n", "6", "--json", "--check", "sleep 60", "--check-timeout",
                "0.3", "--check-jobs", "3").json()["check"]
    assert told["late"] == 6 and time.time() - begin < 30, told
    crash = script(folder, "crash.py", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    told = good("generate", model, "--n", "4", "--json", "--check", crash).json()["check"]
    assert told["crashed"] == 4 and told["fraction_of_successes"]["value"] == 0, told
    loud = script(folder, "loud.py", "import sys\nfor _ in range(1024):\n"
                  "    sys.stdout.write('x' * (1 << 20))\n    sys.stderr.write('y' * (1 << 10))\n")
    result = good("generate", model, "--n", "2", "--json", "--check", loud, "--check-timeout", "60")
    assert result.json()["check"]["passed"] == 2 and len(result.out) < 5000 and result.err == ""
    mark = os.path.join(folder, "left")
    child = script(folder, "child.py", "import subprocess\nsubprocess.Popen(['sh', '-c', "
                   "'sleep 0.6; touch %s'])\n" % mark)
    told = good("generate", model, "--n", "1", "--json", "--check", child).json()["check"]
    assert told["passed"] == 1
    time.sleep(1)
    assert not os.path.exists(mark), "a process was left behind"
    out = os.path.join(folder, "out.txt")
    refused(1, "cannot run 'no-such-command-at-all'", "generate", model, "--out", out, "--check",
            "no-such-command-at-all x")
    refused(2, "a quote is not closed", "generate", model, "--out", out, "--check", "grep 'a")
    refused(2, "there is no command", "generate", model, "--out", out, "--check", "  ")


@case
def other_commands(folder):
    model = learned(folder)
    lines = names(folder)
    told = good("evaluate", model, lines, "--json").json()
    assert told["lines"] == 300 and told["unknown"] == 0 and told["unit"] == "letter", told
    near(told["perplexity"], math.exp(told["loss"]))
    assert "\nloss         %.4f   nats a letter" % told["loss"] in good("evaluate", model, lines).out
    assert good("evaluate", model, "-", stdin=read(lines), ).out == \
        good("evaluate", model, lines).out
    rows = good("embed", model, lines).out.splitlines()
    assert len(rows) == 301 and rows[0] == "line," + ",".join("text_%d" % k for k in range(1, 9))
    assert rows[1].split(",")[0] == read(lines).decode().splitlines()[0]
    assert "letter" in good("nearest", model, "letter", "a", "--json").out
    assert good("embed", model, "--column", "letter").out.startswith("8 8\n")
    assert "table.letter" in good("inspect", model).out
    spoken = write(os.path.join(folder, "words.txt"),
                   "the tree is tall\nthe tree is old\na tree is green\n" * 30)
    model = learned(folder, "--units", "words", "--architecture", "gru", lines=spoken)
    one = good("generate", model, "--prompt", "the tree").out
    assert all(line.startswith("the tree") for line in one.splitlines()), one
    assert "word" in good("nearest", model, "word", "tall", "--json").out


@case
def refusals(folder):
    lines = names(folder)
    model, out = learned(folder), os.path.join(folder, "out")
    data, tables = trained(folder, name="t.safetensors")
    language = ["language", lines, "--out", out]
    refused(3, "No such file", "language", out + "x", "--out", out)
    refused(3, ["line 2", "NUL"], "language", write(out + "y", b"a\nb\0\n"), "--out", out)
    refused(3, "there is no line with a letter in it", "language", write(out + "z", b"\n\n"), "--out",
            out)
    refused(3, "too few lines", "language", write(out + "w", b"ab\n"), "--valid-fraction", "0.9",
            "--out", out)
    refused(2, "3 heads do not divide the width 8", *language, *TINY, "--heads", "3")
    refused(2, "--out MODEL is missing", "language", lines)
    for command in ["predict", "report", "calibrate", "transform", "gradcheck"]:
        more = ["--out", out] if command in ("predict", "report", "calibrate", "transform") else []
        refused(4, "this is a language model, of lines of text", command, model, data, *more)
    refused(4, "this is no language model, as grove language writes them", "generate", tables,
            "--out", out)
    refused(2, "no option '--label'", "evaluate",
            model, lines, "--label", "x")
    refused(2, "--full is for models of tables: this one reads lines", "evaluate", model, lines,
            "--full")
    refused(2, "--separator is for models of tables", "evaluate", model, lines, "--separator", ";")
    refused(2, "either --column NAME or --layer NAME", "embed", tables, data)
    refused(2, "the letter 'Q'", "generate", model, "--prompt", "Q", "--out", out)
    refused(2, "the model has 7 places", "generate", model, "--max-length", "50", "--out", out)
    assert not os.path.exists(out)


main()
