# SPDX-License-Identifier: MIT
"""What the tests of accuracy on texts share: train with defaults, evaluate, tell every seed."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def run(grove, folder, train, test, seed):
    model = os.path.join(folder, "text.safetensors")
    begin = time.monotonic()
    subprocess.run([grove, "train", train, "--label", "topic", "--out", model, "--seed", str(seed),
                    "--quiet", "--json"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    told = json.loads(subprocess.run([grove, "evaluate", model, test, "--json"], check=True,
                                     stdout=subprocess.PIPE).stdout)
    return told["accuracy"], told["log_loss"], seconds


def main(write_tables, mark, aim):
    """write_tables(folder of the data, folder to write to) -> paths of training and test rows."""
    if len(sys.argv) < 2 or not os.path.isdir(sys.argv[1]):
        print("skipped: the first argument is no folder with the data")
        sys.exit(77)
    grove = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "../../build/tools/grove")
    with tempfile.TemporaryDirectory() as folder:
        train, test = write_tables(sys.argv[1], folder)
        print("grove train TRAIN.csv --label topic (all else as it comes)")
        print("seed  accuracy  log loss  seconds")
        rows = []
        for seed in range(1, 6):
            rows.append(run(grove, folder, train, test, seed))
            print("%4d  %8.4f  %8.4f  %7.1f" % ((seed,) + rows[-1]), flush=True)
    mean = [statistics.mean(column) for column in zip(*rows)]
    print("mean  %8.4f  %8.4f  %7.1f" % tuple(mean))
    good = mean[0] >= mark
    print("%s (accuracy %.3f); aim %.3f %s" % ("reached" if good else "not reached", mark, aim,
                                               "reached" if mean[0] >= aim else "not reached"))
    sys.exit(0 if good else 1)
