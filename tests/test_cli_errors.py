#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Bad usage, bad data, bad models: each with its sentence and its exit code, never with a crash, and
# never with a file that was touched.
import gzip
import os
import re

from cli import *

DATA = ("train", "evaluate", "predict", "inspect", "gradcheck")


# ---- usage --------------------------------------------------------------------------------------


@case
def help_texts(folder):
    for word in ("--help", "-h", "help"):
        result = good(word)
        assert result.err == "" and result.out.startswith("Usage: grove COMMAND"), str(result)
        assert all("\n  %s " % command in result.out for command in DATA), str(result)
    result = good("--version")
    assert re.fullmatch(r"grove \d+\.\d+\.\d+\ncompiler: \w.*\nBLAS: \w.*\ninstructions: \w+\n"
                        r"numbers: (float|double)\n", result.out), str(result)
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "meson.build")
    version = re.search(r"version: '([\d.]+)'", read(root).decode()).group(1)
    assert result.out.startswith("grove %s\n" % version), str(result)
    low = good("--version", env=dict(os.environ, GROVE_CPU="baseline"))
    assert "instructions: baseline\n" in low.out, str(low)
    for command in DATA:
        one, other = good(command, "--help"), good(command, "-h")
        assert one.out == other.out and one.err == "", str(one)
        assert one.out.startswith("Usage: grove %s [OPTION...]" % command), str(one)
        assert "Example: " in one.out and one.out.endswith("\n"), str(one)
        assert "--json" in one.out and "--help" in one.out, str(one)
    text = " ".join(good("train", "--help").out.split())
    for option in ["--label=COLUMN the column to predict (required)", "--out=MODEL",
                   "--valid=FILE", "--valid-fraction=P", "(default: 0.1)", "--epochs=N|auto",
                   "--batch=N|auto rows in a step (default: auto: chosen from the data)",
                   "--hidden=N,N|auto", "--numbers=FORM", "--average=D|auto",
                   "--table-dropout=P|auto", "--embedding-dim=N|auto", "(default: auto,", "--optimizer=",
                   "(default: auto: adam)", "--rate=R", "(default: auto: 0.002", "--dropout=P", "--seed=N",
                   "(default: 1)", "--threads=N", "--categorical=A,B", "--numeric=A,B",
                   "--bag=A,B=CHAR", "--text=A,B", "--word-dropout=P", "--ignore=A,B", "--weight-decay=D", "--unknown-share=P", "(default: auto: 0.01)",
                   "--patience=N|auto", "--min-count=N", "--schema=FILE",
                   "--na-values=A,B", "--max-vocab=N", "--hash-above=N", "--max-bad-rows=N", "--separator=CHAR|auto", "--comment=CHAR", "--skip=N", "--decimal=CHAR",
                   "--no-header", "--trim", "--progress=KIND", "-q, --quiet", "--check-finite",
                   "--profile"]:
        assert option in text, "%s is not in the help" % option


@case
def usage(folder):
    refused(2, "which command?")
    refused(2, "no command 'teach'", "teach")
    refused(2, "no option '--foo'", "--foo")
    for command in DATA:
        refused(2, "'--foo'", command, "--foo", "a", "b")
        refused(2, "an argument is missing", command, "--label", "y", "--out", "o") \
            if command == "train" else refused(2, "an argument is missing", command)
        first = ["a"] if command in ("train", "inspect") else ["a", "b"]
        refused(2, ["'c'", "too many"], command, *first, "c", "d")
    refused(2, "an argument is missing", "predict", "model")
    data = table(folder, rows=60)
    out = os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--out", out]
    refused(2, "--label COLUMN is missing", "train", data, "--out", out)
    refused(2, "--out MODEL is missing", "train", data, "--label", "group")
    refused(2, "--out must name a file", "train", data, "--label", "group", "--out", "-")
    refused(2, "requires an argument", *train, "--epochs")
    refused(2, "doesn't allow an argument", *train, "--json=yes")
    refused(2, "exclude each other", *train, "--valid", data, "--valid-fraction", "0.2")
    refused(2, "exclude each other", *train, "--profile", "--check-finite")
    refused(2, "standard input", "train", "-", "--label", "a", "--out", out, "--valid", "-")
    refused(2, "cannot be the same", *train, "--comment", ";", "--separator", ";")
    refused(2, "cannot be the same", *train, "--decimal", ",", "--separator", ",")
    refused(2, "cannot be the same", *train, "--decimal", ".", "--separator", ".")
    for option, words, values in [
            ("epochs", "a whole number from 1 to", ["0", "-1", "x", "", "1.5", "9" * 20]),
            ("batch", "a whole number from 1 to", ["0", "-5", "1e3"]),
            ("patience", "a whole number from 1 to", ["0", "two"]),
            ("min-count", "a whole number from 1 to", ["0", "-2"]),
            ("seed", "a whole number from 0 to", ["-1", "0x10", "9999999999"]),
            ("threads", "a whole number from 1 to", ["0", "-1", "many", "", "1.5", "1025"]),
            ("hidden", "a whole number from 1 to", ["0", "8,0", "8,,8", ",", "", "8,", "8;8"]),
            ("hidden", "at most 16 layers", [",".join(["4"] * 17)]),
            ("embedding-dim", "a whole number from 1 to", ["0", "Auto", "-3"]),
            ("rate", "a number from", ["0", "-1", "fast", "nan", "inf", "1,5"]),
            ("dropout", "a number from 0 to", ["1", "-0.1", "10%"]),
            ("weight-decay", "a number from 0 to", ["-0.1", "nan", ""]),
            ("unknown-share", "a number from 0 to", ["1", "-1"]),
            ("valid-fraction", "a number from 0 to", ["2", "-0.1", "1"]),
            ("architecture", "one of auto, mlp, resnet, transformer, wide-deep, not", ["deep"]),
            ("optimizer", "one of auto, adam, adamw, sgd, adagrad, not", ["foo", "", "Adam"]),
            ("progress", "one of auto, bar, lines, none, not", ["dots"]),
            ("separator", "one character, or auto, not", ["ab", "", '"', "\n"]),
            ("comment", "one character, and no quote, not", ["", "//", '"', "\n"]),
            ("decimal", "one of ., ,, not", ["", ";", "comma"]),
            ("skip", "a whole number from 0 to", ["-1", "x", ""]),
            ("categorical", "names of columns", ["", "a,", ",a", '"a', '"a"b']),
            ("numeric", "names of columns", [","]), ("ignore", "names of columns", ["a,,b"])]:
        for value in values:
            result = run(*train, "--" + option, value)
            assert result.code == 2 and words in result.err, str(result)
            assert "--" + option in result.err and "--help" in result.err, str(result)
            assert result.out == "" and not os.path.exists(out), str(result)


@case
def number_of_threads(folder):
    data, model = trained(folder)
    out = os.path.join(folder, "m")
    train = ["train", data, "--label", "group", "--epochs", "1", "--out", out]
    using = [train, ["evaluate", model, data], ["predict", model, data],
             ["gradcheck", model, data, "--samples", "1"]]
    for value in ["0", "-1", "many", "1.5", " 2", "2 ", "1025", "9" * 30]:
        env = dict(os.environ, GROVE_NUM_THREADS=value)
        for command in using:
            refused(2, ["GROVE_NUM_THREADS is '%s'" % value, "from 1 to 1024", "--threads"],
                    *command, env=env)
        assert not os.path.exists(out)
        good("inspect", model, env=env)  # has no threads to ask for
        good(*using[1], "--threads", "2", env=env)  # the option wins
    for value in ["", "1", "2", "1024"]:
        good(*using[2], env=dict(os.environ, GROVE_NUM_THREADS=value))
    for value in ["-1", "much", "1.5", "9" * 30]:
        env = dict(os.environ, GROVE_THREADS_FROM=value)
        for command in using:
            refused(2, ["GROVE_THREADS_FROM is '%s'" % value, "a whole number"], *command, env=env)
        assert not os.path.exists(out)
    for value in ["", "0", "5000000"]:
        good(*using[2], env=dict(os.environ, GROVE_THREADS_FROM=value))


@case
def inputs_are_not_written_over(folder):
    data, model = trained(folder)
    before = read(data), read(model)
    refused(2, "write over", "train", data, "--label", "group", "--out", data)
    refused(2, "write over", "train", data, "--label", "group", "--out", model, "--valid", model)
    refused(2, "write over", "predict", model, data, "--out", data)
    os.symlink(model, os.path.join(folder, "link"))
    refused(2, "write over", "predict", model, data, "--out", os.path.join(folder, "link"))
    assert (read(data), read(model)) == before


# ---- data ---------------------------------------------------------------------------------------

BAD_TABLES = [
    ("nothing", b"", "is empty"),
    ("only a byte order mark", b"\xef\xbb\xbf", "is empty"),
    ("only line ends", b"\n\r\n\n", "is empty"),
    ("only a header", b"species,region,height,trunk,group\n", "no row below"),
    ("too few cells", b"a,b,y\n1,2,p\n1,2\n", ["line 3", "2 cells", "the header has 3"]),
    ("too many cells", b"a,b,y\n1,2,p,4\n1,2,q\n", ["line 2", "4 cells", "the header has 3"]),
    ("ragged behind a long cell", b'a,y\n"1\n\n2",p\n3\n', ["line 5", "1 cell,", "has 2"]),
    ("a NUL byte", b"a,y\n1,p\n2\0,q\n", ["line 3", "NUL"]),
    ("an open quote", b'a,y\n1,p\n2,"q\n3,p\n', ["line 3", "never closed"]),
    ("text behind a quote", b'a,y\n1,p\n"2"x,q\n', ["line 3", "closing quote"]),
    ("a quote within a cell", b'a,y\n1,p\n2"x,q\n', ["line 3", "quote within a cell"]),
    ("two columns of a name", b"a,y,a\n1,p,1\n2,q,2\n", ["line 1", "'a'"]),
    ("a column without name", b"a,,y\n1,1,p\n2,2,q\n", ["line 1", "name"]),
]


@case
def bad_tables(folder):
    _, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")
    data = os.path.join(folder, "bad.csv")
    for words, content, told in BAD_TABLES:
        write(data, content)
        told = [told] if isinstance(told, str) else told
        named = ["bad.csv"] + told
        refused(3, named, "train", data, "--label", "y", "--out", out)
        refused(3, named, "predict", model, data, "--out", out)
        refused(3, named, "evaluate", model, data)
        refused(3, named, "inspect", data)
        refused(3, named, "gradcheck", model, data)
        refused(3, ["standard input"] + told, "predict", model, "-", stdin=content)
        assert read(out) == b"before", words
    no_leftovers(folder)


@case
def packed_tables(folder):
    """Every command reads them, from files and from standard input, or refuses the damaged."""
    data, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")
    for name, pack in [("gzip", gzip.compress), ("zstd", lambda b: zstd_frame(b.decode()))]:
        whole = pack(read(data))
        path = write(os.path.join(folder, "packed"), whole)
        for command in ["predict", "evaluate"]:
            plain = good(command, model, data).out
            assert good(command, model, path).out == plain
            assert good(command, model, "-", stdin=whole).out == plain
        assert good("inspect", path).out == good("inspect", data).out
        assert good("inspect", "-", stdin=whole).out == good("inspect", data).out
        train = ["--label", "group", "--out", out, "-q", *QUICK]
        good("train", data, "--valid", data, *train)
        one = read(out)
        good("train", path, "--valid", path, *train)
        assert read(out) == one
        write(out, "before")
        for bad, words in [(whole[:-3], "cut off"), (whole + b"PK", ""),
                           (whole[:6] + b"\xff" + whole[7:] if name == "zstd" else
                            whole[:-8] + b"1234" + whole[-4:], "damaged")]:
            write(path, bad)
            words = ["packed: what %s packed there is " % name, words]
            refused(3, words, "train", path, "--label", "group", "--out", out)
            refused(3, words, "train", data, "--valid", path, "--label", "group", "--out", out)
            refused(3, words, "predict", model, path, "--out", out)
            refused(3, words, "evaluate", model, path)
            refused(3, words, "inspect", path)
            refused(3, "standard input: what " + name, "predict", model, "-", stdin=bad)
        assert read(out) == b"before"


@case
def skipped_lines_are_counted(folder):
    _, model = trained(folder)
    data = os.path.join(folder, "s.csv")
    write(data, "export;1\n\"x\n# a\na,y\n1,p\n#2\n2,q,3\n")
    how = ["--skip", "2", "--comment", "#"]
    refused(3, ["line 7 has 3 cells"], "inspect", data, *how)
    refused(3, ["line 7 has 3 cells"], "train", data, "--label", "y", "--out", data + ".m", *how)
    for command in ("evaluate", "predict", "gradcheck"):
        refused(3, ["line 7 has 3 cells"], command, model, data, *how)
    refused(3, "without what is skipped, the file is empty", "inspect", data, "--skip", "99")
    refused(3, "line 4", "inspect", data, "--skip", "2", "--separator", ",")


@case
def no_such_data(folder):
    data, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")
    for path, words in [(os.path.join(folder, "none.csv"), ["none.csv", "No such file"]),
                        (folder, [os.path.basename(folder), "directory"]), ("", "cannot read"),
                        (data + "/x", "Not a directory")]:
        refused(3, words, "train", path, "--label", "group", "--out", out)
        refused(3, words, "train", data, "--valid", path, "--label", "group", "--out", out)
        refused(3, words, "predict", model, path, "--out", out)
        refused(3, words, "evaluate", model, path)
        refused(3, words, "inspect", path)
    refused(3, "model.safetensors", "evaluate", model, model)
    refused(3, "model.safetensors", "train", model, "--label", "group", "--out", out)
    assert read(out) == b"before"


@case
def bad_columns(folder):
    data = table(folder, rows=60)
    out = write(os.path.join(folder, "out"), "before")
    train = ["train", data, "--out", out]
    refused(3, ["'gruop'", "'group'"], *train, "--label", "gruop")
    refused(3, ["'hight'", "'height'"], *train, "--label", "group", "--numeric", "hight")
    refused(3, ["'Region'", "'region'"], *train, "--label", "group", "--ignore", "Region")
    refused(3, ["region", "line 2", "is not a number"], *train, "--label", "group", "--numeric",
            "region")
    refused(3, ["'group'", "both"], *train, "--label", "group", "--ignore", "group")
    refused(3, ["'trunk'", "both"], *train, "--label", "group", "--numeric", "trunk",
            "--categorical", "trunk")
    crosses = train + ["--label", "group", "--crosses"]
    refused(3, f"--crosses: column 'hight' is not in {data}; did you mean 'height'?", *crosses,
            "species*hight")
    no = refused(3, f"--crosses: column 'zzzzzzz' is not in {data}", *crosses, "species*zzzzzzz")
    assert "did you mean" not in no.err
    refused(3, "'height' is not categorical", *crosses, "species*region,region*height")
    refused(3, "'species' is no cross", *crosses, "species")
    refused(3, "a column stands twice in a cross of 'species'", *crosses, "species*region*species")
    refused(3, "at most 4 columns", *crosses, "*".join(["species"] * 5))
    refused(2, "--architecture wide-deep, not with mlp", *crosses, "species*region",
            "--architecture", "mlp")
    refused(3, "column to learn from", *train, "--label", "group", "--ignore",
            "species,region,height,trunk")

    def bad(words, lines, *options):
        path = write(os.path.join(folder, "bad.csv"), text_of(lines))
        refused(3, words, "train", path, "--label", "y", "--out", out, *options)

    bad(["'y'", "'p'", "nothing to tell apart"], ["a,y"] + ["1,p", "2,p"])
    bad(["line 3", "'y'", "label is missing"], ["a,y", "1,p", "2,", "3,q"])
    bad(["'y'", "label is missing"], ["a,y", "1,", "2,"])
    valid = write(os.path.join(folder, "valid.csv"), text_of(trees(5) + ["x,N,1,1,zebra"]))
    refused(3, ["valid.csv", "line 7", "'group'", "'zebra'", "'a', 'b', 'c'"], *train, "--label",
            "group", "--valid", valid)
    write(valid, "species,region,height,trunk\nx,N,1,1\n")
    refused(3, ["valid.csv", "no column 'group'"], *train, "--label", "group", "--valid", valid)
    refused(3, ["'schöne\"'"], *train, "--label", 'schöne"')
    assert read(out) == b"before"
    no_leftovers(folder)


@case
def bad_rows_for_a_model(folder):
    data, model = trained(folder)
    header = "species,region,height,trunk,group\n"

    def bad(words, content, *commands):
        for command in commands or ("predict", "evaluate"):
            refused(3, ["standard input"] + words, command, model, "-", stdin=content.encode())

    bad(["line 3", "'height'", "'tall'", "not a number"], header + "s,N,1,1,a\ns,N,tall,1,a\n")
    bad(["line 2", "'trunk'", "'1e300'", "too far"], header + "s,N,1,1e300,a\n")
    bad(["line 2", "'trunk'", "'nan'", "not a number"], header + "s,N,1,nan,a\n")
    bad(["no column 'region'", "'species', 'height'"], "species,height,trunk,group\ns,1,1,a\n")
    bad(["no column 'species'"], "a,b\n1,2\n")
    bad(["no column 'group'"], "species,region,height,trunk\ns,N,1,1\n", "evaluate")
    bad(["line 3", "'group'", "'zebra'"], header + "s,N,1,1,a\ns,N,1,1,zebra\n", "evaluate")
    bad(["line 2", "'group'", "label is missing"], header + "s,N,1,1,\n", "evaluate")


@case
def loss_that_runs_away(folder):
    data = table(folder, rows=300)
    out = write(os.path.join(folder, "out"), "before")
    refused(1, ["loss", "smaller rate"], "train", data, "--label", "group", "--out", out,
            "--optimizer", "sgd", "--rate", "1000", "--epochs", "30", "--hidden", "64,64")
    assert read(out) == b"before"
    result = refused(1, ["training, epoch ", "all that it reads is finite: it was made here"],
                     "train", data, "--label", "group", "--out", out, "--optimizer", "sgd",
                     "--rate", "1000", "--epochs", "30", "--hidden", "64,64", "--check-finite")
    told = re.search(r"epoch \d+: \w+ \(node \d+.*(forward|backward|an update).*: (nan|-?inf).* at "
                     r"row \d+.*'mlp\.\d\.(weight|bias)'", result.err)
    assert told, "op, parameter and row are not told in\n%s" % result
    assert read(out) == b"before"
    no_leftovers(folder)


# ---- models -------------------------------------------------------------------------------------


@case
def bad_models(folder):
    data, model = trained(folder)
    out = write(os.path.join(folder, "out"), "before")
    for path, words in [(os.path.join(folder, "none"), "No such file"), (folder, "directory"),
                        (data, ["data.csv", "it is no safetensors file"]),
                        (write(os.path.join(folder, "empty"), ""), "empty")]:
        refused(4, words, "predict", path, data, "--out", out)
        refused(4, words, "evaluate", path, data)
    refused(4, "x.safetensors", "inspect", write(os.path.join(folder, "x.safetensors"), "a,b\n1,2"))
    refused(3, "no column 'species'", "predict", model,
            write(os.path.join(folder, "other.csv"), "a,b\n1,2\n"))
    assert read(out) == b"before"


def damaged(content):
    """Copies of a model's bytes, each with a word on what was done."""
    size = len(content)
    header = int.from_bytes(content[:8], "little") + 8
    for length in list(range(0, 24)) + list(range(24, size, size // 60)) + [header, size - 1]:
        yield "cut to %d" % length, content[:length]
    for more in (b"\0", b"x" * 8, content):
        yield "%d more" % len(more), content + more
    places = set(range(0, 16)) | set(range(16, header, 23)) | set(range(header, size, size // 80))
    for place in sorted(places):
        for mask in (1, 0x80):
            changed = bytearray(content)
            changed[place] ^= mask
            yield "byte %d ^ %d" % (place, mask), bytes(changed)
    r = random.Random(1)
    for _ in range(40):
        changed = bytearray(content)
        begin = r.randrange(size)
        changed[begin:begin + 8] = bytes(r.randrange(256) for _ in range(8))
        yield "8 bytes from %d" % begin, bytes(changed[:size])


@case
def damaged_models(folder):
    """Refused, or read as the same model; nothing else, and never a crash."""
    data, model = trained(folder, "--epochs", "1", "--hidden", "4", rows=100)
    rows = b"\n".join(read(data).splitlines()[:5])
    one = good("predict", model, "-", stdin=rows).out
    content, path = read(model), os.path.join(folder, "damaged.safetensors")
    refusals = 0
    for words, changed in damaged(content):
        if changed == content:
            continue
        write(path, changed)
        result = run("predict", path, "-", stdin=rows)
        if result.code == 0:
            assert result.out == one, "%s: other answers" % words
        else:
            told = "%s: %s" % (words, result)
            assert result.code == 4 and len(result.err.splitlines()) == 1, told
            assert result.out == "" and "damaged.safetensors" in result.err, words
            refusals += 1
            if refusals % 8 == 0:
                refused(4, "damaged.safetensors", "inspect", path)
                refused(4, "damaged.safetensors", "evaluate", path, data)
    assert refusals > 300, refusals


main()
