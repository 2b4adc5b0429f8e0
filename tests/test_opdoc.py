#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual of all ops (tools/opdoc) is whole: each row of ops.def has its signature, contract,
formula, shapes, gradient (or why there is none) and an example with numbers, as text and on the
page; and the page is sound HTML that needs nothing from elsewhere.

    tests/test_opdoc.py SOURCE_ROOT OP_EXAMPLES
"""

import copy
import html.parser
import importlib.machinery
import importlib.util
import pathlib
import re
import sys

VOID = {"meta", "br", "hr", "img", "link", "input"}


def load_opdoc(root):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("opdoc", str(root / "tools/opdoc"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("opdoc", loader))
    loader.exec_module(module)
    return module


# ---- is anything missing? --------------------------------------------------------------------------


def missing_of_op(room, op):
    """What the manual could not say of this op, because its row, room or descriptor does not."""
    labels = [label for label, _ in room["blocks"]]
    worked = [e for e in op["examples"] if "refused" not in e]
    wants = {"a contract": op["contract"], "a formula": op["formula"],
             "shapes": "Shapes" in labels, "an example": worked,
             "a gradient": op["no_gradient"] or "Gradient" in labels}
    wants["numbers in its example"] = worked and (worked[0]["in"] or worked[0]["out"])
    if not op["no_gradient"]:
        wants["a gradient in its example"] = any(any(e["dx"]) for e in worked)
    return [f"{op['name']}: it lacks {what}" for what, there in wants.items() if not there]


def is_number(text):
    return re.fullmatch(r"-?(\d+(\.\d+)?(e[+-]\d+)?|inf|nan|nobody)", text)


def faults_of_rooms(rooms, names):
    found = [f"{name}: the manual has no such op" for name in names
             if name not in [op["name"] for room in rooms for op in room["ops"]]]
    for room in rooms:
        for op in room["ops"]:
            found += missing_of_op(room, op)
            found += [f"{op['name']}: {value} is no number" for e in op["examples"]
                      if "refused" not in e for t in e["in"] + [e["out"]] if t
                      for value in t["values"] if not is_number(value)]
    return found


def said_of(room):
    """All that must be read of a room, as (op or room, words)."""
    for _, lines in room["blocks"]:
        yield room["room"], " ".join(" ".join(lines).split())
    for op in room["ops"]:
        for said in (f"grove_{op['name']}({op['parameters']});", op["contract"], op["formula"]):
            yield op["name"], said


def unsaid(text, rooms, where):
    squeezed = " ".join(text.split())
    return [f"{name}: the {where} does not say: {said}" for room in rooms
            for name, said in said_of(room) if said not in squeezed]


def faults_of_text(text, rooms):
    return unsaid(text, rooms, "text")


# ---- is the page sound? ----------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.faults, self.words = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[key] for key in ("href", "src") if key in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"the page closes <{tag}> where it is not open")

    def handle_data(self, data):
        self.words.append(data)


def faults_of_page(text, rooms):
    page = Page()
    page.feed(text)
    found = page.faults + [f"the page leaves <{tag}> open" for tag in page.open]
    found += [f"the page has the id {i} twice" for i in set(page.ids) if page.ids.count(i) > 1]
    found += [f"the page's link {link} leads nowhere" for link in page.links
              if not (link.startswith("#") and link[1:] in page.ids)]
    found += ["the page asks for something from elsewhere"] if "://" in text else []
    found += [f"{op['name']}: the page has no place for it" for room in rooms for op in room["ops"]
              if op["name"] not in page.ids]
    return found + unsaid("".join(page.words), rooms, "page")


def all_faults(opdoc, rooms, names):
    text, page = opdoc.as_text(rooms, "0"), opdoc.as_html(rooms, "0")
    return faults_of_rooms(rooms, names) + faults_of_text(text, rooms) + faults_of_page(page, rooms)


# ---- a test that cannot fail shows nothing ---------------------------------------------------------


def planted(opdoc, rooms, names):
    """(what was planted, what then was found)"""
    def with_op(change):
        changed = copy.deepcopy(rooms)
        room = next(r for r in changed if r["room"] == "softmax")
        change(room, room["ops"][0])
        return all_faults(opdoc, changed, names)

    def drop(label):
        return lambda room, op: room.update(blocks=[b for b in room["blocks"] if b[0] != label])

    yield "no op", with_op(lambda room, op: room["ops"].remove(op))
    yield "no contract", with_op(lambda room, op: op.update(contract=""))
    yield "no formula", with_op(lambda room, op: op.update(formula=""))
    yield "no shapes", with_op(drop("Shapes"))
    yield "no gradient", with_op(drop("Gradient"))
    yield "no example", with_op(lambda room, op: op.update(examples=[]))
    text, page = opdoc.as_text(rooms, "0"), opdoc.as_html(rooms, "0")
    yield "a word less", faults_of_text(text.replace("grove_softmax(", "grove_soft("), rooms)
    yield "a sentence less", faults_of_page(page.replace("scores become shares", ""), rooms)
    yield "an open tag", faults_of_page(page.replace("</article>", "", 1), rooms)
    yield "a dead link", faults_of_page(page.replace('id="relu"', 'id="rely"'), rooms)
    yield "a double id", faults_of_page(page.replace('id="relu"', 'id="tanh"'), rooms)
    yield "an address", faults_of_page(page.replace("<main>", "<main>http://a.example"), rooms)


def main(root, program):
    opdoc = load_opdoc(root)
    table = (root / "include/grove/ops.def").read_text(encoding="utf-8")
    names = re.findall(r"^GROVE_OP\(\s*(\w+)", table, re.M)
    rows = opdoc.read_rows(table)
    home, blocks = opdoc.read_rooms(root / "lib/ops")
    rooms = opdoc.join(rows, home, blocks, opdoc.read_examples(program))
    found = all_faults(opdoc, rooms, names)
    print("\n".join(found) or f"{len(names)} ops, all there")
    missed = [what for what, faults in planted(opdoc, rooms, names) if not faults]
    print("\n".join(f"planted and not seen: {what}" for what in missed) or "planted faults: seen")
    return 1 if found or missed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
