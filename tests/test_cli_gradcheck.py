#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# grove gradcheck: the gradients of trained and of plain models agree with differences; what is
# demanded and not shown is exit code 5.
import os
import subprocess

from cli import *

VERDICTS = {"agrees", "below the noise", "WRONG", "ZERO", "NOT FINITE", "NOT JUDGED"}
PARAMETERS = ["table.species.weight", "table.region.weight", "bins.weight", "mlp.0.weight",
              "mlp.0.bias", "mlp.1.weight", "mlp.1.bias"]


@case
def trained_model_passes(folder):
    data, model = trained(folder, *QUICK, "--numbers", "bins")
    before = read(model), read(data)
    result = good("gradcheck", model, data)
    assert result.err == "", str(result)
    lines = result.out.splitlines()
    assert lines[0].split()[:3] == ["parameter", "shape", "checked"], lines[0]
    assert [line.split()[0] for line in lines[1:8]] == PARAMETERS, result.out
    assert all(line.endswith("  agrees") for line in lines[1:8]), result.out
    for words in ("rows        16, loss 1.", "fourth order in float, steps from 0.5 down by 4",
                  "tolerance   derived: ", "1/64 of a component",
                  "\n7 of 7 gradients agree with differences: "):
        assert words in result.out, "'%s' is not in\n%s" % (words, result)
    good("gradcheck", model, data, "--training")
    assert good("gradcheck", model, "-", stdin=read(data)).out == result.out
    assert good("gradcheck", model, data, "--threads", "2").out == result.out
    assert (read(model), read(data)) == before
    # Rows and components are drawn by the seed.
    assert good("gradcheck", model, data, "--seed", "2").out != result.out
    assert "rows        5," in good("gradcheck", model, data, "--rows", "5").out
    # (Of a few components, all may lie at kinks or be too small to be judged.)
    assert "rows        300," in good("gradcheck", model, data, "--rows", "9999", "--samples",
                                      "12").out
    assert "steps from 0.25 down" in good("gradcheck", model, data, "--step", "0.25").out


@case
def json_report(folder):
    data, model = trained(folder, *QUICK, "--numbers", "bins")
    told = good("gradcheck", model, data, "--json", "--samples", "12").json()
    assert list(told) == ["schema", "passed", "words", "precision", "rows", "loss", "tolerance",
                          "parameters"], told
    assert (told["schema"], told["passed"], told["precision"]) == (1, True, "float"), told
    assert told["rows"] == 16 and 0.3 < told["loss"] < 3 and told["tolerance"] is None, told
    assert [p["name"] for p in told["parameters"]] == PARAMETERS
    for p in told["parameters"]:
        assert list(p) == ["name", "shape", "verdict", "size", "checked", "agreeing", "zero",
                           "too_small", "kinks", "wrong", "worst", "whole"], p
        assert p["verdict"] in VERDICTS and p["wrong"] == 0, p
        assert p["checked"] == (p["agreeing"] + p["zero"] + p["too_small"] + p["kinks"]), p
        size = 1
        for dim in p["shape"]:
            size *= dim
        assert size == p["size"] and p["checked"] <= min(size, 12 + 8), p
        assert p["whole"]["error"] <= p["whole"]["allowed"], p
        assert p["agreeing"] or p["whole"]["judged"], p
        assert 0 <= p["worst"]["position"] < size, p
    all_of_them = good("gradcheck", model, data, "--json", "--samples", "all").json()
    species = all_of_them["parameters"][0]
    assert species["checked"] == species["size"] > 1000, species
    assert species["zero"] >= species["size"] * 0.8, "rows that 16 rows do not name: %s" % species


@case
def demanded_and_not_shown(folder):
    """No float can show a relative error of 1e-12: exit code 5, with the report."""
    data, model = trained(folder)
    result = refused(5, ["'table.species.weight'", "cannot be judged"], "gradcheck", model, data,
                     "--tolerance", "1e-12")
    assert "NOT JUDGED" in result.out and "tolerance   1e-12 of a component" in result.out
    result = refused(5, "cannot be judged", "gradcheck", model, data, "--tolerance", "1e-12",
                     "--json")
    told = strict_json(result.out)
    assert not told["passed"] and "cannot be judged" in told["words"], told
    near(told["tolerance"], 1e-12, 1e-18)
    good("gradcheck", model, data, "--tolerance", "0.05")
    # Differences at steps below the last place of a number show nothing.
    refused(5, "cannot be judged", "gradcheck", model, data, "--step", "1e-12")


# ---- models of other programs -------------------------------------------------------------------


def plain_model(folder, kind):
    maker = os.environ.get("GROVE_MAKE_PLAIN_MODEL")
    if not maker:
        raise Skip("$GROVE_MAKE_PLAIN_MODEL is not set")
    model = os.path.join(folder, kind)
    subprocess.run([maker, model, kind], check=True)
    return model


PLAIN = "kind,x.1,x.0,wanted\n0,0,1,3\n4,0.5,3,30\n2,-1,0.25,1.5\n2,0.75,-1,20\n"


@case
def plain_models(folder):
    data = write(os.path.join(folder, "d.csv"), PLAIN)
    told = good("gradcheck", plain_model(folder, "loss"), data, "--json").json()
    assert told["rows"] == 4 and told["passed"], told
    checks = {p["name"]: p for p in told["parameters"]}
    assert list(checks) == ["line.weight", "line.bias", "offset.weight"], checks
    # Kinds 1 and 3 stand in no row: their numbers have no gradient.
    assert (checks["offset.weight"]["agreeing"], checks["offset.weight"]["zero"]) == (3, 2), checks
    # A gradient that is zero: the loss stops before the line.
    result = refused(5, ["'line.weight'", "zero in all of its 2 components"], "gradcheck",
                     plain_model(folder, "dead"), data)
    assert "ZERO" in result.out, str(result)
    # One that is not what differences give: the loss hides a part of itself from its gradient.
    result = refused(5, ["'line.weight' is wrong", "component [0, "], "gradcheck",
                     plain_model(folder, "hidden"), data)
    assert "WRONG" in result.out and "agrees" in result.out, str(result)
    # Without a number there is nothing to compare.
    result = refused(5, ["the loss is not a number", "--check-finite"], "gradcheck",
                     plain_model(folder, "nan"), data)
    assert "NOT FINITE" in result.out, str(result)
    told = strict_json(run("gradcheck", plain_model(folder, "nan"), data, "--json").out)
    assert told["loss"] is None and not told["passed"], told


@case
def refusals(folder):
    data, model = trained(folder)
    plain = plain_model(folder, "loss")
    rows = write(os.path.join(folder, "d.csv"), PLAIN)
    refused(4, "no loss to check", "gradcheck", plain_model(folder, "plain"), rows)
    refused(4, "d.csv", "gradcheck", rows, rows)
    refused(4, "No such file", "gradcheck", os.path.join(folder, "none"), rows)
    refused(3, "No such file", "gradcheck", plain, os.path.join(folder, "none"))
    refused(3, "no column 'wanted'", "gradcheck", plain, "-", stdin=b"kind,x.0,x.1\n1,1,1\n")
    refused(3, ["line 2", "'kind'", "'1.5'"], "gradcheck", plain, "-",
            stdin=b"kind,x.0,x.1,wanted\n1.5,1,1,1\n")
    refused(3, ["kind", "5"], "gradcheck", plain, "-", stdin=b"kind,x.0,x.1,wanted\n5,1,1,1\n")
    refused(3, ["'group'", "'zebra'"], "gradcheck", model, "-",
            stdin=b"species,region,height,trunk,group\ns,N,1,1,zebra\n")
    refused(3, "no column 'group'", "gradcheck", model, "-",
            stdin=b"species,region,height,trunk\ns,N,1,1\n")
    for option, words, values in [
            ("rows", "a whole number from 1 to", ["0", "-1", "x"]),
            ("samples", "a whole number from 1 to", ["0", "-1", "ALL"]),
            ("tolerance", "a number from", ["0", "-1", "nan", "2"]),
            ("step", "a number from", ["0", "-1", "inf"])]:
        for value in values:
            result = run("gradcheck", model, data, "--" + option, value)
            assert result.code == 2 and words in result.err, str(result)
            assert result.out == "", str(result)


@case
def help_says_it(folder):
    text = " ".join(good("gradcheck", "--help").out.split())
    for option in ("--rows=N", "(default: 16)", "--samples=N|all", "(default: 100)", "--seed=N",
                   "--tolerance=T", "--step=H", "--training", "--json", "Exit code 5"):
        assert option in text, "%s is not in the help" % option
    assert "5 a demanded result was missed" in " ".join(good("--help").out.split())


main()
