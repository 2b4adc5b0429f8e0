#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether the golden numbers are whole: each public builder of layers, losses, tables and schedules
has cases, or a reason why not; so has each field of their options, and each kind of optimizer, of
schedule and of bag. (That each op has some is asked by test_golden.c.)

    test_golden_whole.py ROOT    check the tree; then plant faults in a copy, and see each found
"""

import pathlib
import re
import sys

# Of these headers every function is asked about; of the others those that return a tensor.
HEADERS = ("nn.h", "layers.h", "losses.h", "embeddings.h", "schedules.h", "number_embeddings.h",
           "sampled_losses.h")
NO_BUILDERS = ("graph.h", "tensor.h")  # names, nodes and handles, no numbers

# What has no golden numbers, and why: a row for each.
EXCEPTIONS = {
    "grove_nn_embedding_width": "a rule of thumb, held against its formula in test_engine.c",
    "grove_focal_loss_with": "with an ignored label: the loss of the other rows, in test_losses.c",
    "grove_quadratic_loss": "its value and gradient are worked out by hand in test_boost.c",
    "grove_nn_depth": "counts layers, held against small graphs in test_engine.c",
    "grove_settled": "grove_settle, which each case of training ends with, as a tensor",
    "grove_swap_averages": "exchanges numbers; the averages themselves have cases",
    "grove_fold_lookups": "the same numbers another way, held against the first one in "
                          "test_fold_lookups.c",
    "grove_frozen_rows": "counts rows, in test_frozen_rows.c",
    "grove_running_averages": "contained in grove_minimize",
    "grove_clock": "a state that grove_minimize makes by itself; test_schedules.c",
    "grove_schedule_factor": "contained in grove_minimize",
    "grove_rate_state": "a state; cases write theirs themselves",
    "grove_set_rate": "writes a number; test_schedules.c",
    "grove_get_rate": "reads a number; test_schedules.c",
    "grove_plateau_step": "no graph, a rule between epochs; test_schedules.c",
    "grove_gradient": "grove_gradients, which each case of a function asks, for one",
    "grove_gradient_of": "a look at what grove_gradients made",
    "grove_model_output": "finds a node of a loaded model, in test_model_file.c",
    "grove_dense_options.weight_init": "cases give parameters their first numbers",
    "grove_nn_embedding_bag_options.table_init": "cases give parameters their first numbers",
    "grove_embedding_options.table_init": "cases give parameters their first numbers",
    "grove_nn_hashed_embedding_options.table_init": "cases give parameters their first numbers",
    "grove_nn_quotient_remainder_options.table_init": "cases give parameters their first numbers",
    "grove_periodic_options.sigma": "cases give parameters their first numbers",
    "grove_number_bins.allocator": "memory, no numbers",
    "grove_number_bins_count": "counts edges, in test_number_embeddings.c",
    "grove_nn_bayesian_dense": "draws; its law and its KL, in test_bayesian.c",
    "grove_nn_bayesian_embedding": "draws; its law and its KL, in test_bayesian.c",
    "grove_nn_bayesian_dense_draw": "draws; held against mean and deviation in test_bayesian.c",
    "grove_nn_bayesian_embedding_draw": "draws; held against its posterior in test_bayesian.c",
    "grove_normal_divergence": "held against an integral in test_bayesian.c",
    "grove_warm_up": "a line cut off at 1, in test_bayesian.c",
    "grove_sample": "random draws, held against their law in test_sampled_losses.c",
    "grove_sampled_options.samples": "how many are drawn at random; cases give their draws",
    "grove_alias_table": "one of many right tables; what they stand for is held against the "
                         "weights in test_sampled_losses.c",
    "grove_sampler.kind": "filled in by the sampler's maker",
    "grove_sampler.classes": "filled in by the sampler's maker",
    "grove_sampler.accept": "filled in by the sampler's maker, of grove_alias_table",
    "grove_sampler.alias": "filled in by the sampler's maker, of grove_alias_table",
    "grove_sampler.log_q": "filled in by the sampler's maker; grove_sampler_log_q reads it",
    "grove_sampler.never": "filled in by the sampler's maker",
    "grove_append": "appends a node of any op: all builders end in it; test_own_ops.c",
    "grove_append1": "grove_append for one input",
    "grove_append2": "grove_append for two inputs",
    "grove_refuse_builder": "yields a refusal in words, and never numbers; test_own_ops.c",
    "grove_optimizer.clock": "counts like the clock of its own; test_schedules.c",
    "grove_plateau.rate": "of grove_plateau_step",
    "grove_plateau.factor": "of grove_plateau_step",
    "grove_plateau.patience": "of grove_plateau_step",
    "grove_plateau.threshold": "of grove_plateau_step",
    "grove_plateau.least": "of grove_plateau_step",
    "grove_plateau.begun": "of grove_plateau_step",
    "grove_plateau.best": "of grove_plateau_step",
    "grove_plateau.waited": "of grove_plateau_step",
}

# ---- reading -------------------------------------------------------------------------------------


def read_tree(root):
    """What is looked at: {path from the root: text}."""
    files = [*root.glob("include/grove/*.h"), *root.glob("tests/golden_*.c"),
             *root.glob("tests/golden/*.txt"), root / "tests/test_golden.c",
             root / "tests/golden/make_golden.py"]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def cases_of(tree):
    """[{word: names}], `case` the name, and the others the first words of its lines."""
    cases = []
    for path, text in tree.items():
        for block in re.split(r"^case ", text, flags=re.M)[1:] if path.endswith(".txt") else []:
            lines = [line.split() for line in block.splitlines()]
            case = {"case": lines[0][0], "steps": 0}
            for words in lines[1:]:
                if len(words) > 1:
                    case.setdefault(words[0], set()).add(words[1])
                if words[:2] == ["set", "steps"]:
                    case["steps"] = int(words[2])
            cases.append(case)
    return cases


def closing(text, begin):
    """Where the bracket that opens at `begin` closes."""
    depth = 0
    for i in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return len(text)


def functions_of(tree, pattern):
    """{function: its body} of the C files that fit; BUILD(name, ...) is build_name."""
    bodies = {}
    for path, text in tree.items():
        if not re.fullmatch(pattern, path):
            continue
        text = without_comments(text)
        for found in re.finditer(r"^[a-z][^\n;=]*?\b(\w+)\([^;{}]*\) \{\n(.*?)^\}", text,
                                 re.M | re.S):
            bodies[found[1]] = found[2]
        for found in re.finditer(r"^BUILD\((\w+),", text, re.M):
            bodies[f"build_{found[1]}"] = text[found.end():closing(text, found.start() + 5)]
    return bodies


def reached(bodies, roots):
    """All that is named in these functions, and in those they name."""
    names, open_ = set(), [root for root in roots if root in bodies]
    while open_:
        found = set(re.findall(r"\w+", bodies[open_.pop()])) - names
        names |= found
        open_ += [name for name in found if name in bodies]
    return names


def headers_of(tree):
    for path, text in tree.items():
        name = pathlib.PurePosixPath(path).name
        if path.startswith("include/") and name not in NO_BUILDERS:
            yield name, without_comments(text)


def constants(tree, enum):
    for _, text in headers_of(tree):
        found = re.search(rf"typedef enum {enum} \{{(.*?)\}}", text, re.S)
        if found:
            return re.findall(r"GROVE_\w+", found[1])
    return []


# ---- checks: each yields sentences ---------------------------------------------------------------


def check_builders(tree, cases):
    rows = set(re.findall(r"ROW(?:_TRAINED)?\((\w+)\)", "".join(
        text for path, text in tree.items() if path.startswith("tests/golden_builders_"))))
    with_cases = {case["case"].split("/")[0] for case in cases}
    for row in sorted(rows - with_cases):
        yield f"the builder {row} has no case"
    bodies = functions_of(tree, r"tests/golden_(builders_\w+|cases)\.c")
    called = reached(bodies, [f"build_{row}" for row in rows & with_cases] +
                     ["golden_check", "golden_optimizer", "golden_set_parameters"])
    for header, text in headers_of(tree):
        for kind, name in re.findall(r"GROVE_API\s+([\w ]+?[ *]+)(grove_\w+)\s*\(", text):
            asked = header in HEADERS or kind.strip() == "grove_tensor"
            if asked and name not in called and name not in EXCEPTIONS:
                yield f"{header}: {name} has no golden numbers, and no reason in EXCEPTIONS"
            if name in called and name in EXCEPTIONS:
                yield f"{name} has golden numbers and is an exception"


def check_exceptions(tree, _):
    """None is left over from what is there no more."""
    there = "".join(text for _, text in headers_of(tree))
    for name in EXCEPTIONS:
        for part in name.split("."):
            if not re.search(rf"\b{part}\b", there):
                yield f"EXCEPTIONS has {name}, which no header has"


def check_options(tree, _):
    """Each field of an options struct is set by some builder."""
    builders = "".join(text for path, text in tree.items() if path.startswith("tests/golden_b"))
    builders = re.sub(r'"[^"\n]*"', '""', builders)  # "fc.weight" sets no field
    for header, text in headers_of(tree):
        for name, body in re.findall(r"typedef struct (grove_\w+) \{(.*?)\}", text, re.S):
            for field in re.findall(r"(\w+)\s*(?:,|;)", body) if header in HEADERS else []:
                used = re.search(rf"\.{field}\b", builders)
                if not used and f"{name}.{field}" not in EXCEPTIONS:
                    yield f"{header}: no golden builder sets .{field} of {name}"


def check_settings(tree, cases):
    """What builders ask a case, some case has: else an option is there that nothing exercises."""
    there = {name for case in cases for word in ("set", "real", "ids", "state", "param")
             for name in case.get(word, ())}
    for path, text in tree.items():
        if path.startswith("tests/golden_builders_"):
            for name in re.findall(r'\b(?:number|whole|has|list|in)\(s, "(\w+)"\)', text):
                if name not in there:
                    yield f"{path}: no case has {name}"


def check_kinds(tree, cases):
    """Optimizers over at least 20 steps, dense and by rows; schedules with their rates; bags; ways
    to combine vectors; samplers, and ways with hits, in each loss that draws."""
    def some(word, fits):
        return any(word in case.get("set", ()) and fits(case) for case in cases)
    asked = [("grove_optimizer_kind", "GROVE_OPTIMIZER_", "dense", lambda case: case["steps"] >= 20
              and "w0" in case.get("want", ())),
             ("grove_optimizer_kind", "GROVE_OPTIMIZER_", "by rows", lambda case:
              case["steps"] >= 20 and {"t0", "t0_rows.each"} <= case.get("want", set())),
             ("grove_schedule_kind", "GROVE_SCHEDULE_", "with its rates", lambda case:
              "optimizer.rate.each" in case.get("want", ())),
             ("grove_bag_mode", "GROVE_BAG_", "of embedding_bag", lambda case:
              case["case"].startswith("embedding_bag/")),
             ("grove_combine", "GROVE_COMBINE_", "of quotient_remainder_embedding", lambda case:
              case["case"].startswith("quotient_remainder_embedding/"))]
    for loss in ("sampled_softmax_loss", "noise_contrastive_loss", "negative_sampling_loss"):
        for enum, prefix in (("grove_sampler_kind", "GROVE_SAMPLER_"),
                             ("grove_hits", "GROVE_HITS_")):
            asked.append((enum, prefix, f"of {loss}", lambda case, loss=loss:
                          case["case"].startswith(f"{loss}/")))
    for enum, prefix, what, fits in asked:
        kinds = constants(tree, enum)
        if not kinds:
            yield f"there is no enum {enum}"
        for kind in kinds:
            if not some(kind[len(prefix):].lower(), fits):
                yield f"{kind} has no golden case {what}"


# Made by a script of its own, of no graph, read by a test of its own.
OF_OTHERS = {"report.txt", "report_sets.txt"}


def check_files(tree, _):
    """The folder, the script and the test know the same files."""
    there = {path.split("/")[-1] for path in tree if path.endswith(".txt")} - OF_OTHERS
    listed = tree["tests/test_golden.c"].split("files[] = {")[1].split("}")[0]
    for what, names in (("test_golden.c", set(re.findall(r'"(\w+\.txt)"', listed))),
                        ("make_golden.py", set(re.findall(r'\("(\w+\.txt)"',
                                                          tree["tests/golden/make_golden.py"])))):
        for name in sorted(there ^ names):
            yield f"{what} and the folder do not both have {name}"


def problems(tree):
    cases = cases_of(tree)
    checks = (check_builders, check_exceptions, check_options, check_settings, check_kinds,
              check_files)
    return [sentence for check in checks for sentence in check(tree, cases)]


# ---- planted faults: path, what is replaced, by what, what the check then says -------------------

LAYERS, MODELS = "include/grove/layers.h", "tests/golden_builders_models.c"
PLANTED = [
    (LAYERS, "GROVE_API grove_tensor grove_nn_gru(",
     "GROVE_API grove_tensor grove_nn_lstm(grove_tensor x);\nGROVE_API grove_tensor grove_nn_gru(",
     "layers.h: grove_nn_lstm has no golden numbers"),
    ("include/grove/nn.h", "grove_nn_depth", "grove_nn_height",
     "EXCEPTIONS has grove_nn_depth, which no header has"),
    (LAYERS, "bool no_bias;", "bool no_bias, gated;", "no golden builder sets .gated"),
    ("include/grove/nn.h", "GROVE_OPTIMIZER_RMSPROP\n", "GROVE_OPTIMIZER_RMSPROP, "
     "GROVE_OPTIMIZER_LION\n", "GROVE_OPTIMIZER_LION has no golden case by rows"),
    ("include/grove/schedules.h", "GROVE_SCHEDULE_ONE_CYCLE\n", "GROVE_SCHEDULE_ONE_CYCLE, "
     "GROVE_SCHEDULE_SAW\n", "GROVE_SCHEDULE_SAW has no golden case"),
    ("tests/golden_builders_losses.c", "grove_huber_loss(", "grove_other_loss(",
     "grove_huber_loss has no golden numbers"),
    ("tests/golden/layers.txt", "case position_waves/", "case other/",
     "the builder position_waves has no case"),
    ("tests/golden/optimizers.txt", "set centered 1", "set central 1", "no case has centered"),
    ("include/grove/number_embeddings.h", "GROVE_API grove_tensor grove_nn_periodic(",
     "GROVE_API grove_tensor grove_nn_rounded(grove_tensor x);\nGROVE_API grove_tensor "
     "grove_nn_periodic(", "number_embeddings.h: grove_nn_rounded has no golden numbers"),
    ("tests/golden_builders_layers.c", '.weight = in(s, "table.weight")', ".no_bias = true",
     "no golden builder sets .weight of grove_dense_options"),
    ("include/grove/sampled_losses.h", "GROVE_HITS_KEPT ", "GROVE_HITS_HALVED, GROVE_HITS_KEPT ",
     "GROVE_HITS_HALVED has no golden case of noise_contrastive_loss"),
    ("include/grove/sampled_losses.h", "GROVE_SAMPLER_UNIFORM,", "GROVE_SAMPLER_UNIFORM, "
     "GROVE_SAMPLER_BIGRAM,", "GROVE_SAMPLER_BIGRAM has no golden case of negative_sampling_loss"),
    ("include/grove/embeddings.h", "GROVE_COMBINE_SUM,", "GROVE_COMBINE_SUM, GROVE_COMBINE_MAX,",
     "GROVE_COMBINE_MAX has no golden case of quotient_remainder_embedding"),
    ("tests/golden/make_golden.py", '("layers.txt"', '("layer.txt"', "do not both have layers.txt"),
]


def planted_faults_pass(tree):
    for path, old, new, sentence in PLANTED:
        if old not in tree[path]:
            yield f"{path}: a fault cannot be planted, there is no '{old.strip()}'"
            continue
        # A model that uses the layer, too, would hide that its own cases are gone.
        wrong = {p: text.replace(old, new) if p == path or
                 (new.startswith("grove_other") and p == MODELS) else text
                 for p, text in tree.items()}
        if not any(sentence in said for said in problems(wrong)):
            yield f"{path}: '{new.strip()}' was planted and not found"


def main():
    tree = read_tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    said = problems(tree) or list(planted_faults_pass(tree))
    for sentence in said:
        print(sentence)
    if not said:
        print(f"{len(cases_of(tree))} cases; {len(PLANTED)} planted faults were found")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
