#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove calibrate: a temperature that is found, kept in the model, and used by predict and evaluate.
from cli import *


def too_sure(folder):
    """A model that was trained for long on few rows of a noisy table, and new rows of it."""
    data = table(folder, rows=250, classes=3)
    valid, test = (table(folder, "%s.csv" % n, rows=700, seed=s, classes=3)
                   for n, s in [("valid", 2), ("test", 3)])
    model = os.path.join(folder, "m.safetensors")
    good("train", data, "--label", "group", "--out", model, "-q", "--epochs", "60", "--rate",
         "0.01", "--dropout", "0", "--valid-fraction", "0")
    return model, valid, test


@case
def a_model_becomes_as_sure_as_it_is_right(folder):
    model, valid, test = too_sure(folder)
    out = os.path.join(folder, "c.safetensors")
    told = good("calibrate", model, valid, "--out", out, "--json").json()
    assert list(told) == ["schema", "model", "rows", "temperature", "log_loss", "ece_15",
                          "brier_score_loss", "accuracy"], told
    assert told["temperature"] > 1.2 and told["rows"] == 700, told
    assert told["log_loss"]["after"] < told["log_loss"]["before"], told
    assert told["ece_15"]["after"] < told["ece_15"]["before"] / 2, told
    assert told["accuracy"]["after"] == told["accuracy"]["before"], told
    again = good("evaluate", out, valid, "--json").json()
    near(again["log_loss"], told["log_loss"]["after"])
    near(good("evaluate", model, valid, "--json").json()["log_loss"], told["log_loss"]["before"])
    before, after = (good("evaluate", m, test, "--full", "--json").json()["metrics"]
                     for m in (model, out))
    assert after["log_loss"]["value"] < before["log_loss"]["value"]
    assert after["ece_15"]["value"] < before["ece_15"]["value"] / 2
    assert after["accuracy"]["value"] == before["accuracy"]["value"]
    # once more changes nothing, and the temperature is told of both together
    twice = os.path.join(folder, "d.safetensors")
    near(good("calibrate", out, valid, "--out", twice, "--json").json()["temperature"], 1, 1e-3)
    assert read(model) != read(out)
    same = os.path.join(folder, "e.safetensors")
    good("calibrate", model, valid, "--out", same)
    assert read(same) == read(out), "the same rows give the same bytes"
    words = good("calibrate", model, valid, "--out", same).out
    assert words.startswith("temperature  %.4f, found on 700 rows\n" % told["temperature"]), words
    assert "log_loss           %8.4f %8.4f\n" % (told["log_loss"]["before"],
                                                 told["log_loss"]["after"]) in words, words


@case
def every_architecture(folder):
    data, valid = table(folder, rows=400), table(folder, "valid.csv", rows=300, seed=2)
    model, out = os.path.join(folder, "m"), os.path.join(folder, "c")
    for name in ["mlp", "resnet", "transformer", "wide-deep"]:
        good("train", data, "--label", "group", "--out", model, "-q", "--epochs", "2",
             "--architecture", name)
        told = good("calibrate", model, valid, "--out", out, "--json").json()
        assert abs(told["temperature"] - 1) > 0.001, told
        assert told["log_loss"]["after"] < told["log_loss"]["before"], (name, told)
        near(good("evaluate", out, valid, "--json").json()["log_loss"], told["log_loss"]["after"])


@case
def joined_models_and_texts(folder):
    """What has no last layer of its own: several networks' mean, and tables of words alone."""
    data, valid = table(folder, rows=400), table(folder, "valid.csv", rows=300, seed=2)
    words = random.Random(1)
    for path, count in [("texts.csv", 300), ("more.csv", 200)]:
        lines = ["text,topic"]
        for i in range(count):
            topic = words.choice(["sea", "land"])
            said = [words.choice(["wave", "ship", "salt"] if topic == "sea" else
                                 ["hill", "road", "salt"]) for _ in range(12)]
            lines.append("%s,%s" % (" ".join(said), topic if i % 5 else "sea"))
        write(os.path.join(folder, path), text_of(lines))
    model, out = os.path.join(folder, "m"), os.path.join(folder, "c")
    for train, rows, label, options in [
            (data, valid, "group", ["--members", "3", "--epochs", "2"]),
            (os.path.join(folder, "texts.csv"), os.path.join(folder, "more.csv"), "topic",
             ["--text", "text", "--epochs", "3"]),
            (data, valid, "group", ["--task", "multilabel", "--members", "2", "--epochs", "2"])]:
        good("train", train, "--label", label, "--out", model, "-q", *options)
        told = good("calibrate", model, rows, "--out", out, "--json").json()
        assert abs(told["temperature"] - 1) > 0.001, told
        assert told["log_loss"]["after"] < told["log_loss"]["before"], (options, told)
        near(good("evaluate", out, rows, "--json").json()["log_loss"], told["log_loss"]["after"])
        again = good("calibrate", out, rows, "--out", model, "--json").json()
        near(again["temperature"], 1, 1e-3)


@case
def what_the_model_says_of_its_training_stays(folder):
    model, valid, _ = too_sure(folder)
    out = os.path.join(folder, "c.safetensors")
    good("calibrate", model, valid, "--out", out)
    keys = []
    for path in (model, out):
        content = read(path)
        size = int.from_bytes(content[:8], "little")
        keys.append(json.loads(content[8:8 + size])["__metadata__"])
    assert float(keys[1].pop("temperature")) > 1.2
    assert sorted(keys[0]) == sorted(keys[1])
    assert keys[0]["columns"] == keys[1]["columns"] and keys[0]["model"] == keys[1]["model"]


@case
def what_is_refused(folder):
    model, valid, _ = too_sure(folder)
    out = os.path.join(folder, "c.safetensors")
    numbers = write(os.path.join(folder, "n.csv"), text_of(
        ["x,y"] + ["%d,%d" % (i % 50, i % 50 * 3) for i in range(200)]))
    regression = os.path.join(folder, "r.safetensors")
    good("train", numbers, "--label", "y", "--out", regression, *QUICK, "-q")
    refused(4, "the model predicts numbers", "calibrate", regression, numbers, "--out", out)
    refused(2, "--out MODEL is missing", "calibrate", model, valid)
    refused(2, "would write over", "calibrate", model, valid, "--out", model)
    refused(2, "--out must name a file", "calibrate", model, valid, "--out", "-")
    bad = write(os.path.join(folder, "bad.csv"), "species,region,height,trunk,group\ns,N,1,1,z\n")
    refused(3, "is not a label the model knows", "calibrate", model, bad, "--out", out)
    refused(1, "nowhere", "calibrate", model, valid, "--out",
            os.path.join(folder, "nowhere", "c.safetensors"))
    assert not os.path.exists(out)


@case
def rows_that_are_always_right(folder):
    model, _, _ = too_sure(folder)
    out = os.path.join(folder, "c.safetensors")
    known = write(os.path.join(folder, "k.csv"), "\n".join(
        read(os.path.join(folder, "data.csv")).decode().splitlines()[:12]) + "\n")
    told = good("calibrate", model, known, "--out", out)
    said = good("evaluate", model, known, "--json").json()
    assert said["accuracy"] < 1 or "are these training rows?" in told.err, str(told)


if __name__ == "__main__":
    main()
