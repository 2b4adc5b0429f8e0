# SPDX-License-Identifier: MIT
"""Cases of the gradients of gradients."""

import torch
import torch.nn.functional as F

import attention
import embeddings
import hashing
import layers
import losses
import many_classes
import number_embeddings
from book import function, given, positive, real
from losses import CLASSES, combinations, cross_entropy
from ops import ELEMENTWISE, matmul


def ops(book):
    for name, recipe, f, settings in ELEMENTWISE:
        function(book, f"{name}/second", f, {"x": recipe(3, 4)}, order=2, **settings)
    for exponent in (-1, 0.5, 2, 3):
        function(book, f"pow/second_{exponent}", lambda x, e=exponent: torch.pow(x, e),
                 {"x": positive(3, 4)}, order=2, exponent=exponent)
    function(book, "mul/second", torch.mul, {"a": real(3, 4), "b": real(4)}, order=2)
    function(book, "div/second", torch.div, {"a": real(3, 4), "b": positive(4)}, order=2)
    for ta, tb in ((0, 0), (0, 1), (1, 0), (1, 1)):
        matmul(book, f"matmul/second_{ta}{tb}", (), (), 3, 4, 2, ta, tb, order=2)
    matmul(book, "matmul/second_batched", (2,), (2,), 3, 2, 2, 0, 0, order=2)
    function(book, "mean/second", lambda x: torch.mean(x, 1), {"x": real(3, 4)}, order=2, axes=(1,))
    function(book, "max/second", lambda x: torch.amax(x, 1), {"x": real(3, 4)}, order=2, axes=(1,))
    function(book, "first_rows/second", lambda x: x.square()[:2], {"x": real(3, 2)}, order=2,
             rows=2, squared=1)
    for name, f in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        function(book, f"{name}/second", lambda x, f=f: f(x, -1), {"x": real(3, 4)}, order=2)
    function(book, "embedding/second", lambda w, i: F.embedding(i, w),
             {"table": real(6, 3), "ids": given([2, 0, 2])}, order=2)
    for label, weighted, ignored, smoothing, settings in combinations():
        if ignored == 3:
            continue
        inputs = {"logits": real(3, CLASSES),
                  "labels": given([2, -1 if ignored == -1 else 0, 3])}
        inputs.update({"weights": positive(CLASSES)} if weighted else {})
        function(book, f"cross_entropy/second_{label}",
                 cross_entropy("mean", ignored, smoothing), inputs, order=2,
                 fixed=("weights",), **settings)
    function(book, "binary_cross_entropy/second", F.binary_cross_entropy_with_logits,
             {"logits": real(5), "targets": real(5, low=0, high=1)}, order=2, fixed=("targets",))
    function(book, "mean_squared_error/second", F.mse_loss,
             {"prediction": real(3, 4), "target": real(3, 4)}, order=2)
    function(book, "dense/second", F.linear,
             {"x": real(5, 3), "fc.weight": real(4, 3), "fc.bias": real(4)}, order=2)


def layers_and_losses(book):
    layers.second_order(book)
    attention.second_order(book)
    for chapter in (losses.focal_losses, losses.yes_and_no, losses.numbers, losses.distributions,
                    losses.own_loss, hashing.layers, number_embeddings.layers,
                    many_classes.linear_losses, many_classes.sampled_losses):
        chapter(book, 2, "second_")


def bags(book):
    for label, way, inputs in embeddings.ways_to_bag():
        if label.split("_", 1)[1] not in ("padded", "empty_bags"):
            continue
        embeddings.one_bag(book, f"embedding_bag/second_{label}", embeddings.bag_twice(*way),
                           inputs, way, order=2)
        embeddings.one_bag(book, f"embedding_bag_gradient/second_{label}", embeddings.shares(*way),
                           inputs, way, dy_in=True, order=2)
