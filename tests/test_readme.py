#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's first program is the one that is compiled: it stands there word for word.

    tests/test_readme.py SOURCE_ROOT
"""

import difflib
import pathlib
import re
import sys
import textwrap

MODEL = "models/species.c"
BEGIN = r"/\* ---- the model[^\n]*\n"
END = r"[ \t]*/\* ---- trained[^\n]*\n"


def program_of(model):
    found = re.findall(BEGIN + r"(.*?)" + END, model, re.S)
    return textwrap.dedent(found[0]).strip("\n") if len(found) == 1 else None


def quoted_in(readme):
    found = re.findall(rf"<!-- {re.escape(MODEL)} -->\n```c\n(.*?)\n```\n", readme, re.S)
    return found[0] if len(found) == 1 else None


def faults(model, readme):
    program, quoted = program_of(model), quoted_in(readme)
    if program is None:
        return [f"{MODEL}: there are no two markers around the model"]
    if quoted is None:
        return [f"README.md: there is no block of C behind <!-- {MODEL} -->"]
    return list(difflib.unified_diff(program.split("\n"), quoted.split("\n"), MODEL, "README.md",
                                     lineterm=""))


def main(root):
    model = root.joinpath(MODEL).read_text(encoding="utf-8")
    readme = root.joinpath("README.md").read_text(encoding="utf-8")
    found = faults(model, readme)
    print("\n".join(found) or "README.md and the model agree")
    # A test that cannot fail shows nothing: each of these must be noticed.
    planted = [(model.replace("GROVE_BATCH", "7"), readme), (model, readme.replace("```c", "```")),
               (model, readme.replace("grove_plan_new", "grove_plan")), ("", readme)]
    missed = [number for number, pair in enumerate(planted) if not faults(*pair)]
    if missed:
        print("planted faults not noticed:", missed)
    return 1 if found or missed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
