#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's first program is the one that is compiled: it stands there word for word. What it and
tools/README.md say of the command is in the table of options: commands, and options by command. And
what they point to is there.

    tests/test_readme.py SOURCE_ROOT
"""

import difflib
import pathlib
import re
import sys
import textwrap

PAGES = ("README.md", "tools/README.md")
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


# ---- the command, and links ---------------------------------------------------------------------

def names_of_options(table):
    return set(re.findall(r'\{ROW\([^"]*"([a-z-]+)"', table))


def shell_lines(page):
    """Indented lines that begin with "grove COMMAND", with the lines that go on."""
    return re.findall(r"^    grove ([a-z]+)((?:.*\n)(?:          .*\n)*)", page, re.M)


def faults_of_page(name, page, commands, options, exists):
    found = []
    for command, rest in shell_lines(page):
        if command not in commands:
            found.append(f"{name}: there is no command 'grove {command}'")
        found += [f"{name}: grove {command} has no option --{option}"
                  for option in re.findall(r"--([a-z][a-z-]+)", rest) if option not in options]
    for option in re.findall(r"`(?:[^`\n]* )?--([a-z][a-z-]+)[^`\n]*`", page):
        if option not in options | OF_OTHERS:
            found.append(f"{name}: no command has an option --{option}")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page):
        if not exists(link):
            found.append(f"{name}: there is no {link}")
    return found


# Of meson, pkg-config, the tools beside the command, and of all commands.
OF_OTHERS = {"suite", "prefix", "cflags", "libs", "static", "html", "version", "help"}


def pages_of(root):
    commands = set(re.findall(r'\[COMMAND_\w+\] =\s*\{\s*"([a-z]+)"',
                              read(root, "tools/commands.c")))
    options = set().union(*(names_of_options(path.read_text(encoding="utf-8"))
                            for path in (root / "tools").glob("options_*.def")))
    return [(page, read(root, page), commands, options, (root / page).parent) for page in PAGES]


def read(root, name):
    return root.joinpath(name).read_text(encoding="utf-8")


def main(root):
    model = root.joinpath(MODEL).read_text(encoding="utf-8")
    readme = root.joinpath("README.md").read_text(encoding="utf-8")
    found = faults(model, readme)
    pages = pages_of(root)
    for name, page, commands, options, folder in pages:
        found += faults_of_page(name, page, commands, options, lambda link: (folder / link).exists())
    print("\n".join(found) or "README.md and the model agree")
    # A test that cannot fail shows nothing: each of these must be noticed.
    planted = [(model.replace("GROVE_BATCH", "7"), readme), (model, readme.replace("```c", "```")),
               (model, readme.replace("grove_plan_new", "grove_plan")), ("", readme)]
    missed = [number for number, pair in enumerate(planted) if not faults(*pair)]
    _, page, commands, options, _ = pages[1]
    for right, wrong in (("grove train DATA", "grove tain DATA"), ("--label COLUMN", "--lable C"),
                         ("`--threads`", "`--theads`"), ("# The command", "[x](nowhere.md)")):
        if right not in page or not faults_of_page("", page.replace(right, wrong), commands,
                                                   options, lambda link: link != "nowhere.md"):
            missed.append(wrong)
    if missed:
        print("planted faults not noticed:", missed)
    return 1 if found or missed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
