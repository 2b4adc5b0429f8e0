#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The comment above each layer teaches: the shapes that go in and come out, in brackets, and the
source of the method, a name and a year.

    tests/test_headers.py SOURCE_ROOT
"""

import pathlib
import re
import sys

LAYER = r"GROVE_API\s+grove_tensor\s+(grove_nn_\w+)\s*\("
YEAR = r"\b(19|20)\d\d\b"

# All of it from one paper, which stands at the head.
ONE_SOURCE = {"number_embeddings.h", "bayesian.h"}

# Layers that another one's comment speaks for.
SPOKEN_FOR = {"grove_nn_dense_with": "grove_nn_dense",
              "grove_nn_position_waves": "grove_nn_position_embedding"}


def comments_of(header):
    """{layer: the comment that ends right above it, or ""}"""
    return {found[1]: (re.search(r"/\*((?:(?!\*/).)*)\*/\s*$", header[:found.start()], re.S) or
                       ("", ""))[1] for found in re.finditer(LAYER, header)}


def faults(headers):
    found = []
    for name, header in headers.items():
        head = header[:header.index("*/")] if name in ONE_SOURCE else ""
        comments = comments_of(header)
        for layer, words in comments.items():
            words = comments.get(SPOKEN_FOR.get(layer), words)
            wants = {"a comment": words, "shapes": re.search(r"\[[^\]]*\]", words),
                     "what comes out": re.search(r"->|the result|these add to x", words, re.I),
                     "a source": re.search(YEAR, words + head)}
            found += [f"{name}: {layer} lacks {what}" for what, there in wants.items() if not there]
    return found


def planted(headers):
    def change(name, old, new):
        assert old in headers[name], old
        return faults({**headers, name: headers[name].replace(old, new, 1)})

    yield "no comment", change("layers.h", "GROVE_API grove_tensor grove_nn_gru(",
                               "int between;\nGROVE_API grove_tensor grove_nn_gru(")
    yield "no source", change("layers.h", "(Cho et al. 2014)", "")
    yield "no shapes", change("nn.h", "x [..., in] -> [..., units]; weight\n * [units, in]", "")
    yield "a new layer", change("embeddings.h", "#ifdef __cplusplus\n}",
                                "GROVE_API grove_tensor grove_nn_other(void);\n#ifdef __cplusplus\n}")


def main(root):
    headers = {path.name: path.read_text(encoding="utf-8")
               for path in sorted(root.glob("include/grove/*.h"))}
    found, layers = faults(headers), sum(len(comments_of(text)) for text in headers.values())
    missed = [what for what, seen in planted(headers) if not seen]
    print("\n".join(found) or f"{layers} layers, all with shapes and sources")
    print("\n".join(f"planted and not seen: {what}" for what in missed) or "planted faults: seen")
    return 1 if found or missed or layers < 15 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
