# SPDX-License-Identifier: MIT
#
# What the tests of the command line share: running the command, tables to run it on, counting. It
# is imported by tests/test_cli_*.py, which find the command in $GROVE.
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

GROVE = os.environ.get("GROVE", "grove")
# What runs programs that are built for another machine than this one.
RUNNER = shlex.split(os.environ.get("GROVE_RUNNER", ""))
cases = []


def case(function):
    """Marks a function as a test; it takes a folder of its own."""
    cases.append(function)
    return function


class Skip(Exception):
    pass


def main():
    """Runs every case, prints what failed, ends the program. Names as arguments choose some."""
    wanted = sys.argv[1:]
    passed = failed = 0
    for function in cases:
        if wanted and function.__name__ not in wanted:
            continue
        folder = tempfile.mkdtemp(prefix="grove-cli-")
        os.chmod(folder, 0o755)
        try:
            function(folder)
            passed += 1
        except Skip as why:
            print("skipped: %s: %s" % (function.__name__, why))
        except Exception as mistake:
            failed += 1
            frames = [f for f in traceback.extract_tb(mistake.__traceback__)
                      if f.filename == function.__code__.co_filename]
            print("---- %s, line %s: %s: %s" % (function.__name__, frames[-1].lineno,
                                                type(mistake).__name__, mistake))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


# ---- running ------------------------------------------------------------------------------------


def is_sanitized():
    """Its memory is then that of the sanitizers, too."""
    with open(GROVE, "rb") as program:
        return b"__asan_" in program.read()


class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return "grove %s\nexit code %s\nstdout: %s\nstderr: %s" % (
            " ".join(self.arguments), self.code, self.out[:1500], self.err[:1500])

    def json(self):
        return strict_json(self.out)


def run(*arguments, stdin=b"", env=None, **more):
    arguments = [str(a) for a in arguments]
    command = more.pop("command", RUNNER + [GROVE])
    done = subprocess.run(command + arguments, input=stdin, env=env, timeout=100,
                          stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          **more)
    out = (done.stdout or b"").decode("utf-8", "replace")
    return Result(arguments, done.returncode, out, done.stderr.decode("utf-8", "replace"))


def good(*arguments, **more):
    result = run(*arguments, **more)
    assert result.code == 0, str(result)
    return result


OUTPUTS = ("--out", "--split-out", "--out-train", "--out-valid", "--out-test", "--predictions")


def outputs_of(arguments):
    """The files that a command is to write: values of options, apart or behind '='. Standard output
    is none, nor the folder that embed --format tsv makes."""
    words = [str(a) for a in arguments]
    files = [b for a, b in zip(words, words[1:]) if a in OUTPUTS]
    files += [a.split("=", 1)[1] for a in words if a.startswith(tuple(o + "=" for o in OUTPUTS))]
    return [f for f in files if f not in ("", "-") and not f.startswith("/dev/")
            and "tsv" not in words]


def left_alone(files):
    """Puts something into the place of each file that is not there, if that can be; returns a
    function that fails unless all are as they were, and takes away what was put there."""
    placed = []
    for file in dict.fromkeys(files):
        folder = os.path.dirname(file) or "."
        if not os.path.lexists(file) and os.path.isdir(folder) and os.access(folder, os.W_OK):
            placed.append(write(file, "what was here before"))

    def seen():
        return {f: (os.stat(f).st_mtime_ns, os.stat(f).st_ino, os.path.isfile(f) and read(f))
                if os.path.exists(f) else None for f in files}

    before = seen()

    def check(result):
        after = seen()
        for file in placed:
            os.remove(file)
        for file in files:
            assert after[file] == before[file], "'%s' was touched by\n%s" % (file, result)
            no_leftovers(os.path.dirname(file) or ".")

    return check


def refused(code, words, *arguments, **more):
    """Runs what must fail: with this code, one line on stderr that holds all the words, and every
    file that it was to write as it was before, bytes and time."""
    untouched = left_alone(outputs_of(arguments))
    result = run(*arguments, **more)
    untouched(result)
    assert result.code == code, "expected exit code %d of\n%s" % (code, result)
    lines = result.err.splitlines()
    if code == 2 and len(lines) in (2, 3) and "--help" in lines[1]:
        lines = lines[:1]  # "Try ... --help", wrapped where the command's name is long
    mistakes = [line for line in lines if not line.startswith(("epoch ", "table of '"))]
    assert len(mistakes) == 1, "expected one line in\n%s" % result
    assert mistakes[0].startswith("grove"), str(result)
    for word in [words] if isinstance(words, str) else words:
        assert word in mistakes[0], "expected '%s' in\n%s" % (word, result)
    return result


def epochs_of(result):
    """The lines of progress: those about the tables come before them, those of a refit after."""
    lines = result.err.split("now anew")[0].splitlines()
    while lines and lines[0].startswith("table of '"):
        lines.pop(0)
    return lines


def strict_json(text):
    def no_constant(word):
        raise ValueError("JSON has no " + word)

    def no_twins(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a key twice in " + text
        return dict(pairs)

    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_twins)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def zstd_frame(text):
    """A frame of zstd, of one block that is stored as it is (RFC 8878)."""
    content = text.encode()
    assert len(content) < 1 << 17
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(content) << 3 | 1).to_bytes(3, "little") + content


def near(a, b, tolerance=1e-6):
    assert a is not None and b is not None and abs(a - b) <= tolerance, "%r is not %r" % (a, b)


def no_leftovers(folder):
    left = [name for name in os.listdir(folder) if name.endswith(".tmp")] \
        if os.path.isdir(folder) else []
    assert not left, "temporary files are left: %s" % left


# ---- tables -------------------------------------------------------------------------------------

SPECIES = 150
QUICK = ["--epochs", "2", "--hidden", "8", "--batch", "64"]


def trees(rows, classes=3, seed=1, first_species=0):
    """Lines of a table: the group hangs on the species and on the height; one in ten is chance."""
    r = random.Random(seed)
    lines = ["species,region,height,trunk,group"]
    for _ in range(rows):
        species = first_species + r.randrange(SPECIES)
        group = species * 7 % classes if r.random() < 0.9 else r.randrange(classes)
        height = "" if r.random() < 0.1 else "%.2f" % r.gauss(5 + 3 * group, 3)
        lines.append("species %d,%s,%s,%.3f,%s" % (species, r.choice("NSEW"), height,
                                                   r.gauss(1, 0.3), "abcdefgh"[group]))
    return lines


def text_of(lines):
    return "\n".join(lines) + "\n"


def table(folder, name="data.csv", **more):
    return write(os.path.join(folder, name), text_of(trees(**more)))


def trained(folder, *options, name="model.safetensors", label="group", **more):
    """A table and a model that was trained on it."""
    more.setdefault("rows", 300)
    data = table(folder, **more)
    model = os.path.join(folder, name)
    good("train", data, "--label", label, "--out", model, "-q", *(options or QUICK))
    return data, model


def model_bytes(folder, data, *options, label="group", env=None):
    """The bytes of the model that these options give."""
    path = os.path.join(folder, "bytes.safetensors")
    good("train", data, "--label", label, "--out", path, "-q", *options, env=env)
    return read(path)
