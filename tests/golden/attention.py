# SPDX-License-Identifier: MIT
"""Cases of multi-head attention and of the transformer block."""

import torch
from torch.nn.utils.stateless import functional_call

from book import function, given, real

PARTS = ("query", "key", "value", "out")

# ---- attention -----------------------------------------------------------------------------------


def multihead(names, heads, causal=False, weights=False):
    """torch.nn.MultiheadAttention, its parameters out of grove's, which have one for each part.
    `names` are those of what f is called with."""
    def f(*values):
        given_values = dict(zip(names, values))
        x, keep = given_values["x"], given_values.get("keep")
        memory = given_values.get("memory", x)
        weight = [given_values[f"fc.{part}.weight"] for part in PARTS]
        bias = [given_values.get(f"fc.{part}.bias") for part in PARTS]
        width, other = x.shape[-1], memory.shape[-1]
        layer = torch.nn.MultiheadAttention(width, heads, bias=bias[0] is not None, kdim=other,
                                            vdim=other, batch_first=True).double()
        parameters = {"out_proj.weight": weight[3]}
        if width == other:
            parameters["in_proj_weight"] = torch.cat(weight[:3])
        else:
            parameters.update({f"{part}_proj_weight": w for part, w in zip("qkv", weight)})
        if bias[0] is not None:
            parameters.update({"in_proj_bias": torch.cat(bias[:3]), "out_proj.bias": bias[3]})
        unseen = torch.triu(torch.ones(x.shape[1], x.shape[1]), 1).bool() if causal else None
        y, seen = functional_call(layer, parameters, (x, memory, memory), {
            "key_padding_mask": None if keep is None else keep <= 0, "attn_mask": unseen,
            "average_attn_weights": False})
        return seen if weights else y
    return f


def parameters_of(width, other, bias=True):
    made = {}
    for part in PARTS:
        made[f"fc.{part}.weight"] = real(width, other if part in ("key", "value") else width,
                                         low=-1, high=1)
        made.update({f"fc.{part}.bias": real(width)} if bias else {})
    return made


# A place that sees nothing is nan in PyTorch: there is none.
KEEP = given([[1, 0, 3], [2, 1, 0]])
KEEP_REALS = given([[0.5, -1.0, 0.0], [1.0, 0.0, 0.25]])
TIME = 3


def attend(book, label, heads, width=4, other=None, keys=TIME, order=1, keep=None, causal=False,
           bias=True, name="attention", batch=2, **settings):
    inputs = {"x": real(batch, TIME, width)}
    inputs.update({"memory": real(batch, keys, other)} if other else {})
    inputs.update({"keep": keep} if keep else {})
    inputs.update(parameters_of(width, other or width, bias))
    settings.update({"causal": 1} if causal else {})
    settings.update({} if bias else {"no_bias": 1})
    function(book, f"{name}/{label}", multihead(tuple(inputs), heads, causal,
                                                name == "attention_weights"),
             inputs, order=order, fixed=("keep",), heads=heads, **settings)


def attentions(book):
    for heads in (1, 2, 4):
        attend(book, f"self_{heads}", heads)
        attend(book, f"causal_{heads}", heads, causal=True)
    attend(book, "keep", 2, keep=KEEP)
    attend(book, "keep_reals", 1, keep=KEEP_REALS)
    attend(book, "keep_causal", 2, keep=KEEP, causal=True)
    attend(book, "no_bias", 2, bias=False)
    attend(book, "no_bias_keep_causal", 4, bias=False, keep=KEEP, causal=True)
    # A memory of the same width, and of another: keys and values are made of it.
    attend(book, "memory", 2, other=4, keys=2)
    attend(book, "memory_other_width", 2, other=3, keys=5)
    attend(book, "memory_keep", 2, other=3, keep=KEEP)
    attend(book, "memory_no_bias", 1, other=3, keys=1, bias=False)
    attend(book, "three_heads", 3, width=6, batch=1)
    attend(book, "out_of_training", 2, dropout=0.5)
    for label, more in (("plain", {}), ("causal", {"causal": True}), ("keep", {"keep": KEEP}),
                        ("keep_causal", {"keep": KEEP, "causal": True})):
        attend(book, label, 2, name="attention_weights", **more)


# ---- the transformer block -----------------------------------------------------------------------


def encoder(names, heads, hidden, post_norm=False, relu=False, causal=False, epsilon=1e-5,
            dropout=0):
    """torch.nn.TransformerEncoderLayer, likewise; out of training where there is a dropout."""
    def f(*values):
        given_values = dict(zip(names, values))
        x, keep = given_values["x"], given_values.get("keep")
        layer = torch.nn.TransformerEncoderLayer(
            x.shape[-1], heads, hidden, dropout=dropout, activation="relu" if relu else "gelu",
            layer_norm_eps=epsilon, batch_first=True, norm_first=not post_norm)
        layer = layer.double().train(dropout == 0)
        parameters = {name[3:]: value for name, value in given_values.items()
                      if name.startswith("fc.") and "attention" not in name}
        for kind in ("weight", "bias"):
            parts = [given_values[f"fc.attention.{part}.{kind}"] for part in PARTS]
            parameters[f"self_attn.in_proj_{kind}"] = torch.cat(parts[:3])
            parameters[f"self_attn.out_proj.{kind}"] = parts[3]
        unseen = torch.triu(torch.ones(x.shape[1], x.shape[1]), 1).bool() if causal else None
        return functional_call(layer, parameters, (x,), {
            "src_mask": unseen, "src_key_padding_mask": None if keep is None else keep <= 0})
    return f


def block(book, label, heads=2, width=4, hidden=None, keep=None, order=1, batch=2, time=TIME,
          **options):
    """`options` are those of `encoder`, and settings of the case."""
    units = hidden or 4 * width
    inputs = {"x": real(batch, time, width), **({"keep": keep} if keep else {})}
    inputs.update({f"fc.attention{name[2:]}": recipe
                   for name, recipe in parameters_of(width, width).items()})
    for name, shape in (("norm1", (width,)), ("linear1", (units, width)),
                        ("linear2", (width, units)), ("norm2", (width,))):
        inputs[f"fc.{name}.weight"] = real(*shape, low=-1, high=1)
        inputs[f"fc.{name}.bias"] = real(shape[0])
    settings = {**({"hidden": hidden} if hidden else {}), **options}
    function(book, f"transformer_block/{label}",
             encoder(tuple(inputs), heads, units, **options), inputs, order=order, fixed=("keep",),
             heads=heads, **settings)


def blocks(book):
    for norm in ("pre", "post"):
        for activation in ("gelu", "relu"):
            options = {**({"post_norm": True} if norm == "post" else {}),
                       **({"relu": True} if activation == "relu" else {})}
            label = f"{norm}_{activation}"
            block(book, label, hidden=3, **options)
            block(book, f"{label}_keep_causal", hidden=3, keep=KEEP, causal=True, **options)
    block(book, "causal", hidden=3, causal=True)
    block(book, "keep", hidden=3, keep=KEEP)
    block(book, "out_of_training", hidden=2, dropout=0.5)
    block(book, "usual_hidden", heads=1, width=3)
    block(book, "epsilon", hidden=3, epsilon=0.25)
    block(book, "four_heads", heads=4, hidden=3)


def second_order(book):
    attend(book, "second", 2, width=2, order=2, keep=KEEP, causal=True)
    attend(book, "second_memory", 1, width=2, other=3, keys=2, order=2)
    for label, options in (("pre_gelu", {}), ("post_relu", {"post_norm": True, "relu": True})):
        block(book, f"second_{label}", hidden=2, order=2, causal=True, batch=1, time=2, **options)
