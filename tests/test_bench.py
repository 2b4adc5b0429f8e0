#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# The bench from outside: what its lines have, what it refuses; and the plots made of them.
#
#     test_bench.py ROOT BENCH
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

ROOT, BENCH = sys.argv[1:]
KEYS = ["work", "threads", "us_median", "us_best", "bound_us", "bound_fraction", "rss_mb"]
LEAST = ["--seconds", "0", "--repeats", "1"]


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100,
                          universal_newlines=True)
    return done.returncode, done.stdout, done.stderr


def lines_and_refusals():
    code, out, err = run(BENCH, "mlp_small", "--json", *LEAST)
    assert code == 0 and list(json.loads(out)) == KEYS + ["block_mb", "block_bound_mb"], out + err
    code, out, err = run(BENCH, "--sweep", "layers", "--json", *LEAST)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(lines) > 4, err
    assert [list(line) for line in lines] == [
        KEYS + ["size", "block_mb", "block_bound_mb"]] * len(lines), out
    assert [line["work"] for line in lines] == ["layers_%d" % line["size"] for line in lines], out
    sizes = [line["size"] for line in lines]
    assert sizes == sorted(set(sizes)), out
    code, out, _ = run(BENCH, "--list")
    assert code == 0 and "\nsweeps:\nvocabulary " in out, out
    for words, wrong in [("no sweep 'depth'", ["--sweep", "depth"]), ("no workload 'x'", ["x"]),
                         ("exclude each other", ["--sweep", "batch", "adult"])]:
        code, out, err = run(BENCH, *wrong)
        assert code != 0 and out == "" and words in err, err
    code, out, err = run(BENCH, "mlp_small", "--profile", *LEAST)
    assert code == 0 and "\nmatmul " in out and "kB a step" in out, out + err


def plots(folder):
    """A plot for each sweep: the same bytes again, small, no date; the best of all lines counts."""
    script = os.path.join(ROOT, "tools", "bench-plots")
    data = os.path.join(folder, "lines.jsonl")

    def draw(lines):
        with open(data, "w") as file:
            file.write("".join(line if isinstance(line, str) else json.dumps(line) + "\n"
                               for line in lines))
        return run(sys.executable, script, "--out", folder, data)

    def point(sweep, size, best, bound):
        return {"work": "%s_%d" % (sweep, size), "size": size, "us_best": best,
                "bound_us": bound}

    lines = [point(sweep, 10 ** k, 3.5 * 10 ** k, None if k == 2 else 10 ** k)
             for sweep in ("batch", "vocabulary", "exact") for k in range(1, 6)]
    code, out, err = draw(lines)
    if "matplotlib is missing" in err:
        assert code == 1 and "python3-matplotlib" in err, err
        return False
    assert code == 0 and sorted(os.listdir(folder)) == ["batch.svg", "lines.jsonl",
                                                        "vocabulary.svg"], out + err
    first = {}
    for name in ("batch.svg", "vocabulary.svg"):
        with open(os.path.join(folder, name), "rb") as file:
            first[name] = file.read()
        xml.dom.minidom.parseString(first[name])
        assert len(first[name]) < 40000 and b"microseconds a step" in first[name], name
        assert b"dc:date" not in first[name] and b"bound" in first[name], name
    assert b"exact Adam" in first["vocabulary.svg"]
    slower = point("batch", 1000, 9e9, 9e9)
    assert draw(lines + [slower])[0] == 0
    for name, bytes_before in first.items():
        with open(os.path.join(folder, name), "rb") as file:
            assert file.read() == bytes_before, name
    for wrong in ("no json\n", {"work": "batch_1"}, "7\n"):
        code, _, err = draw(lines + [wrong])
        assert code == 1 and "lines.jsonl, line 16: no line of" in err, err
    return True


lines_and_refusals()
with tempfile.TemporaryDirectory(prefix="grove-bench-") as folder:
    drawn = plots(folder)
print("sound" if drawn else "sound; plots are not tried: there is no matplotlib")
