# SPDX-License-Identifier: MIT
"""Cases of optimizers: all kinds over 20 steps, dense and by rows; schedules, clipping, averages,
the rule of decay, frozen rows."""

import math

import torch
from torch.optim import lr_scheduler

from updates import DENSE, SMALL, STEPS, update

# ---- all kinds -----------------------------------------------------------------------------------

# kind, name, torch's arguments, grove's
SETTINGS = [
    ("sgd", "plain", {"lr": 0.125}, {"rate": 0.125}),
    ("sgd", "decay", {"lr": 0.1, "weight_decay": 0.05}, {"rate": 0.1, "decay": 0.05}),
    ("sgd", "momentum", {"lr": 0.1, "momentum": 0.9}, {"rate": 0.1, "momentum": 0.9}),
    ("sgd", "momentum_decay", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1},
     {"rate": 0.05, "momentum": 0.5, "decay": 0.1}),
    ("sgd", "nesterov", {"lr": 0.1, "momentum": 0.8, "nesterov": True},
     {"rate": 0.1, "momentum": 0.8, "nesterov": 1}),
    ("sgd", "nesterov_decay", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.02},
     {"rate": 0.1, "momentum": 0.8, "nesterov": 1, "decay": 0.02}),
    ("adam", "plain", {"lr": 0.05}, {"rate": 0.05}),
    ("adam", "betas", {"lr": 0.05, "betas": (0.7, 0.95)},
     {"rate": 0.05, "beta1": 0.7, "beta2": 0.95}),
    ("adam", "epsilon", {"lr": 0.1, "eps": 0.1}, {"rate": 0.1, "epsilon": 0.1}),
    ("adam", "decay", {"lr": 0.05, "weight_decay": 0.1}, {"rate": 0.05, "decay": 0.1}),
    ("adamw", "plain", {"lr": 0.05}, {"rate": 0.05}),
    ("adamw", "decay", {"lr": 0.05, "weight_decay": 0.2}, {"rate": 0.05, "decay": 0.2}),
    ("adamw", "betas", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1},
     {"rate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, "decay": 0.1}),
    ("adagrad", "plain", {"lr": 0.3}, {"rate": 0.3}),
    ("adagrad", "epsilon", {"lr": 0.3, "eps": 0.05}, {"rate": 0.3, "epsilon": 0.05}),
    ("adagrad", "decay", {"lr": 0.2, "weight_decay": 0.1}, {"rate": 0.2, "decay": 0.1}),
    ("rowwise_adagrad", "plain", {"lr": 0.3}, {"rate": 0.3}),
    ("rowwise_adagrad", "epsilon", {"lr": 0.3, "eps": 0.05}, {"rate": 0.3, "epsilon": 0.05}),
    ("rowwise_adagrad", "decay", {"lr": 0.2, "weight_decay": 0.1}, {"rate": 0.2, "decay": 0.1}),
    ("rmsprop", "plain", {"lr": 0.02}, {"rate": 0.02}),
    ("rmsprop", "alpha", {"lr": 0.02, "alpha": 0.8}, {"rate": 0.02, "alpha": 0.8}),
    ("rmsprop", "epsilon", {"lr": 0.05, "eps": 0.1}, {"rate": 0.05, "epsilon": 0.1}),
    ("rmsprop", "centered", {"lr": 0.02, "alpha": 0.9, "centered": True},
     {"rate": 0.02, "alpha": 0.9, "centered": 1}),
    ("rmsprop", "decay", {"lr": 0.02, "weight_decay": 0.1}, {"rate": 0.02, "decay": 0.1}),
    ("rmsprop", "momentum", {"lr": 0.01, "momentum": 0.8}, {"rate": 0.01, "momentum": 0.8}),
    ("rmsprop", "all", {"lr": 0.01, "alpha": 0.95, "eps": 1e-4, "momentum": 0.9, "centered": True,
                        "weight_decay": 0.05},
     {"rate": 0.01, "alpha": 0.95, "epsilon": 1e-4, "momentum": 0.9, "centered": 1, "decay": 0.05}),
]


class RowwiseAdagrad(torch.optim.Optimizer):
    """PyTorch has none: written out. Adagrad with one sum for each row, of the mean of its squared
    gradients (Gupta et al. 2014; as in FBGEMM and DLRM)."""

    def __init__(self, values, lr, eps=1e-10, weight_decay=0):
        super().__init__(values, {"lr": lr, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                g = w.grad + group["weight_decay"] * w
                rows = g.reshape(len(g), -1)
                total = self.state[w].get("sum", 0) + rows.square().mean(1)
                self.state[w]["sum"] = total
                w -= group["lr"] * (rows / (total.sqrt() + group["eps"])[:, None]).reshape(g.shape)


TORCH = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
         "adagrad": torch.optim.Adagrad, "rowwise_adagrad": RowwiseAdagrad,
         "rmsprop": torch.optim.RMSprop}
# What grove refuses of resting rows, for it has no closed form (but has a lazy one): coupled decay
# of these, and momentum of the last.
REFUSED_ROWS = {("adagrad", "decay"), ("adam", "decay"), ("rowwise_adagrad", "decay"),
                ("rmsprop", "decay"), ("rmsprop", "momentum"), ("rmsprop", "all")}


def arguments(kind, label):
    """PyTorch's and grove's."""
    return next((t, o) for k, name, t, o in SETTINGS if (k, name) == (kind, label))


def optimizers(book):
    for kind, label, theirs, ours in SETTINGS:
        def make(values, kind=kind, theirs=theirs):
            return TORCH[kind](values, **theirs)
        settings = {kind: 1, **ours}
        update(book, f"update/{kind}_{label}", make, DENSE if label == "plain" else SMALL,
               **settings)
        if (kind, label) not in REFUSED_ROWS:
            update(book, f"update/{kind}_{label}_rows", make, dense=0, tables=1, **settings)
    update(book, "update/adam_many", lambda v: torch.optim.Adam(v, lr=0.05), dense=2, tables=2,
           adam=1, rate=0.05)
    # Rests so long that grove catches up in one go: the whole rest is one formula. In float 600
    # roundings of a decay add up.
    long = {"dense": 0, "tables": 1, "steps": 600, "tolerance": (1e-12, 4e-5)}
    update(book, "update/adam_long_rest", lambda v: torch.optim.Adam(v, lr=0.01), **long, adam=1,
           rate=0.01)
    update(book, "update/adamw_long_rest", lambda v: torch.optim.AdamW(
        v, lr=0.01, weight_decay=0.1), **long, adamw=1, rate=0.01, decay=0.1)
    update(book, "update/nesterov_long_rest", lambda v: torch.optim.SGD(
        v, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.01), **long, sgd=1, rate=0.02,
           momentum=0.9, nesterov=1, decay=0.01)
    update(book, "update/sgd_own_rate", lambda v: torch.optim.SGD(
        [{"params": v[:1]}, {"params": v[1:], "lr": 0.3}], lr=0.1, momentum=0.5), dense=2, sgd=1,
           rate=0.1, momentum=0.5, w1_rate=3)
    update(book, "update/adam_own_rate_rows", lambda v: torch.optim.Adam(
        [{"params": v[:1]}, {"params": v[1:], "lr": 0.02}], lr=0.1), dense=0, tables=2, adam=1,
           rate=0.1, t1_rate=0.2)
    lazy_updates(book)
    sparse_updates(book)


def on_one_clock(kind):
    """Each row is a parameter of its own, but all count the updates of the whole, as grove and
    SparseAdam do: so its corrections for the beginning are those of the step."""
    class OnOneClock(kind):
        updates = 0

        def step(self):
            for w in (w for group in self.param_groups for w in group["params"]):
                kept = self.state[w] or {"exp_avg": torch.zeros_like(w),
                                         "exp_avg_sq": torch.zeros_like(w)}
                self.state[w] = {**kept, "step": torch.tensor(float(self.updates))}
            super().step()
            self.updates += 1
    return OnOneClock


LAZY = [("sgd", "momentum"), ("sgd", "nesterov_decay"), ("adam", "plain"), ("adam", "betas"),
        ("adamw", "decay"), ("adamw", "betas"), ("adagrad", "plain"), ("rmsprop", "plain"),
        ("rmsprop", "decay"), ("rmsprop", "momentum"), ("rmsprop", "all")]


def lazy_updates(book):
    """Rows that rest, averages and all: to PyTorch each row is a parameter of its own, which it
    passes by where it has no gradient."""
    for kind, label in LAZY:
        theirs, ours = arguments(kind, label)
        make = on_one_clock(TORCH[kind]) if kind in ("adam", "adamw") else TORCH[kind]
        update(book, f"update/lazy_{kind}_{label}", lambda v, make=make, t=theirs: make(v, **t),
               dense=0, tables=1, form="lazy", lazy=1, **{kind: 1}, **ours)


def sparse_updates(book):
    """torch's own row-sparse gradients, against grove's rows. Its SparseAdam adds epsilon to the
    uncorrected sqrt(v), its Adam and grove to the corrected one; so with a vanishing epsilon they
    are to be equal, and with the usual one they differ by epsilon / (|g| sqrt(1 - beta2^t))."""
    rows = {"dense": 0, "tables": 1, "form": "sparse", "lazy": 1}
    tiny = 1e-30
    for label, betas in (("plain", (0.9, 0.999)), ("betas", (0.7, 0.95)), ("slow", (0.95, 0.9))):
        update(book, f"update/sparse_adam_{label}",
               lambda v, b=betas: torch.optim.SparseAdam(v, lr=0.05, betas=b, eps=tiny), **rows,
               adam=1, rate=0.05, epsilon=tiny, beta1=betas[0], beta2=betas[1])
    update(book, "update/sparse_adam_usual_epsilon",
           lambda v: torch.optim.SparseAdam(v, lr=0.05), **rows, tolerance=(1e-5, 2e-5),
           adam=1, rate=0.05)
    for label, rate in (("plain", 0.125), ("fast", 0.9), ("slow", 0.01)):
        update(book, f"update/sparse_sgd_{label}",
               lambda v, rate=rate: torch.optim.SGD(v, lr=rate), **rows, sgd=1, rate=rate)
    for label, eps in (("plain", 1e-10), ("epsilon", 0.05), ("large", 1.0)):
        update(book, f"update/sparse_adagrad_{label}",
               lambda v, eps=eps: torch.optim.Adagrad(v, lr=0.3, eps=eps), **rows,
               adagrad=1, rate=0.3, epsilon=eps)


def clipped_updates(book):
    """clip_grad_norm_ divides by norm + 1e-6, grove by norm: a difference of 1e-6 / norm. Gradients
    around 2^24 put it below the file's tolerance; ordinary ones get one of their own."""
    def sgd(rate):
        return lambda v: torch.optim.SGD(v, lr=rate)
    both = {"dense": 1, "tables": 1}
    large = {"size": 2.0 ** 24, "clip": 2.0 ** 22}
    update(book, "update/clipped_large", sgd(2.0 ** -20), sgd=1, rate=2.0 ** -20, **large)
    update(book, "update/clipped_large_both", sgd(2.0 ** -20), **both, sgd=1, rate=2.0 ** -20,
           **large)
    update(book, "update/clipped_large_rows", sgd(2.0 ** -20), dense=0, tables=1, sgd=1,
           rate=2.0 ** -20, **large)
    update(book, "update/clipped", sgd(0.1), **both, clip=2.5, sgd=1, rate=0.1,
           tolerance=(1e-6, 1e-5))
    update(book, "update/clipped_now_and_then", sgd(0.1), **both, clip=6.5, sgd=1, rate=0.1,
           tolerance=(1e-6, 1e-5))
    update(book, "update/clipped_never", sgd(0.1), **both, clip=1000, sgd=1, rate=0.1)
    update(book, "update/clipped_adam", lambda v: torch.optim.Adam(v, lr=0.05), **both, clip=2.5,
           adam=1, rate=0.05, tolerance=(1e-6, 1e-5))
    value_clipped_updates(book)


def value_clipped_updates(book):
    """By value: exact, and a row that is twice in a step is added up before."""
    def sgd(rate):
        return lambda v: torch.optim.SGD(v, lr=rate)
    both = {"dense": 1, "tables": 1}
    update(book, "update/value_clipped", sgd(0.1), **both, biases=1, clip_value=0.75, sgd=1,
           rate=0.1)
    update(book, "update/value_clipped_rows", sgd(0.1), dense=0, tables=1, clip_value=2.5, sgd=1,
           rate=0.1)
    update(book, "update/value_clipped_never", sgd(0.1), **both, clip_value=100, sgd=1, rate=0.1)
    update(book, "update/value_clipped_adam", lambda v: torch.optim.Adam(v, lr=0.05), **both,
           clip_value=0.5, adam=1, rate=0.05)
    update(book, "update/value_clipped_then_norm", sgd(2.0 ** -20), **both, size=2.0 ** 24,
           clip_value=2.0 ** 24, clip=2.0 ** 22, sgd=1, rate=2.0 ** -20)


# ---- schedules -----------------------------------------------------------------------------------


def written_out(factor):
    """PyTorch's name for a schedule that one writes oneself."""
    return lambda optimizer: lr_scheduler.LambdaLR(optimizer, factor)


def cosine_after(warm_up, steps, floor):
    def factor(t):
        u = max(t - warm_up, 0) / (steps - warm_up)
        return min((t + 1) / warm_up, 1) * (floor + (1 - floor) * (1 + math.cos(math.pi * u)) / 2)
    return factor


def one_cycle(rate, **more):
    return lambda optimizer: lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=STEPS + 1, cycle_momentum=False, **more)


RATE = 0.2
# name, PyTorch's scheduler, grove's settings
SCHEDULES = [
    ("step", lambda o: lr_scheduler.StepLR(o, 6, 0.5), {"step": 1, "every": 6, "gamma": 0.5}),
    ("step_usual", lambda o: lr_scheduler.StepLR(o, 8), {"step": 1, "every": 8}),
    ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS),
     {"cosine": 1, "schedule_steps": STEPS}),
    ("cosine_floor", lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.1 * RATE),
     {"cosine": 1, "schedule_steps": STEPS, "floor": 0.1}),
    ("one_cycle", one_cycle(RATE), {"one_cycle": 1, "schedule_steps": STEPS + 1}),
    ("one_cycle_own", one_cycle(RATE, pct_start=0.5, div_factor=5, final_div_factor=20),
     {"one_cycle": 1, "schedule_steps": STEPS + 1, "rise": 0.5, "start": 0.2, "floor": 0.01}),
    ("warm_up", written_out(lambda t: min((t + 1) / 7, 1)), {"constant": 1, "warm_up": 7}),
    ("step_warm_up", written_out(lambda t: min((t + 1) / 4, 1) * 0.5 ** (max(t - 4, 0) // 5)),
     {"step": 1, "warm_up": 4, "every": 5, "gamma": 0.5}),
    ("cosine_warm_up", written_out(cosine_after(5, STEPS, 0.05)),
     {"cosine": 1, "warm_up": 5, "schedule_steps": STEPS, "floor": 0.05}),
]


def schedules(book):
    for name, schedule, ours in SCHEDULES:
        update(book, f"update/scheduled_{name}", lambda v: torch.optim.SGD(v, lr=RATE), sgd=1,
               rate=RATE, schedule=schedule, **ours)
    # By rows: PyTorch's rows move on while they rest, at each step's rate; grove's catch up.
    for kind, label, place in (("sgd", "momentum", 3), ("sgd", "nesterov_decay", 5),
                               ("adam", "plain", 4), ("adam", "betas", 7), ("adamw", "decay", 8)):
        theirs, ours = arguments(kind, label)
        name, schedule, more = SCHEDULES[place]
        update(book, f"update/scheduled_{kind}_{label}_rows", lambda v, k=kind, t=theirs:
               TORCH[k](v, **{**t, "lr": RATE}), dense=0, tables=1, schedule=schedule,
               **{kind: 1}, **{**ours, "rate": RATE}, **more)
    # These have nothing that moves a resting row.
    for kind in ("sgd", "adagrad", "rowwise_adagrad", "rmsprop"):
        name, schedule, ours = SCHEDULES[3 if kind == "sgd" else 1]
        update(book, f"update/scheduled_{kind}_rows", lambda v, k=kind: TORCH[k](v, lr=RATE),
               dense=0, tables=1, schedule=schedule, **{kind: 1}, rate=RATE, **ours)
    update(book, "update/scheduled_adam", lambda v: torch.optim.Adam(v, lr=RATE), adam=1,
           rate=RATE, schedule=SCHEDULES[4][1], **SCHEDULES[4][2])
    rates = [0.25 * 0.9 ** t for t in range(STEPS)]
    update(book, "update/sgd_given_rates", lambda v: torch.optim.SGD(v, lr=1, momentum=0.9), sgd=1,
           momentum=0.9, rates=rates)
    update(book, "update/adam_given_rates", lambda v: torch.optim.Adam(v, lr=1), adam=1,
           rates=rates)
    update(book, "update/adam_given_rates_rows", lambda v: torch.optim.Adam(v, lr=1), dense=0,
           tables=1, adam=1, rates=rates)
    # So long a rest is in grove one sum over the rates that it remembers.
    update(book, "update/adam_scheduled_long_rest", lambda v: torch.optim.Adam(v, lr=0.01), dense=0,
           tables=1, steps=600, tolerance=(1e-12, 4e-5), adam=1, rate=0.01,
           schedule=lambda o: lr_scheduler.CosineAnnealingLR(o, 600), cosine=1, schedule_steps=600)


# ---- averages, decay by rule, frozen rows --------------------------------------------------------


def averages(book):
    for kind in TORCH:
        update(book, f"update/averaged_{kind}", lambda v, k=kind: TORCH[k](v, lr=0.1), biases=1,
               average=0.9, **{kind: 1}, rate=0.1)
    # An average sees a row when it is met; where resting rows do not move that is the same.
    for kind in ("sgd", "adagrad", "rowwise_adagrad", "rmsprop"):
        update(book, f"update/averaged_{kind}_rows", lambda v, k=kind: TORCH[k](v, lr=0.1),
               tables=1, average=0.8, **{kind: 1}, rate=0.1)
    update(book, "update/averaged_slow", lambda v: torch.optim.SGD(v, lr=0.1), tables=1,
           average=0.999, sgd=1, rate=0.1)


def decayed(make, decay, count):
    """Only the first parameters decay."""
    return lambda v: make([{"params": v[:count], "weight_decay": decay},
                           {"params": v[count:], "weight_decay": 0}])


def decay_rule(book):
    """Weights decay, biases and tables do not, unless a parameter's options say otherwise."""
    every = {"dense": 1, "biases": 1, "tables": 1, "by_rule": 1}
    update(book, "update/decay_by_rule_adamw",
           decayed(lambda v: torch.optim.AdamW(v, lr=0.05), 0.2, 1), **every, adamw=1, rate=0.05,
           decay=0.2)
    update(book, "update/decay_by_rule_usual",
           decayed(lambda v: torch.optim.AdamW(v, lr=0.05), 0.01, 1), **every, adamw=1, rate=0.05)
    update(book, "update/decay_by_rule_sgd",
           decayed(lambda v: torch.optim.SGD(v, lr=0.1, momentum=0.5), 0.2, 1), **every, sgd=1,
           rate=0.1, momentum=0.5, decay=0.2)
    update(book, "update/decay_asked_for", decayed(lambda v: torch.optim.AdamW(v, lr=0.05), 0.2, 3),
           **every, adamw=1, rate=0.05, decay=0.2, b0_on=1, t0_on=1)
    update(book, "update/decay_forbidden", decayed(lambda v: torch.optim.AdamW(v, lr=0.05), 0.2, 1),
           dense=2, adamw=1, rate=0.05, decay=0.2, by_rule=1, w1_off=1)


def frozen_rows(book):
    """To PyTorch their gradient is zero; so they move by nothing that has no decay."""
    frozen = (0, 3, 6)
    for kind in TORCH:
        update(book, f"update/frozen_{kind}",
               lambda v, k=kind: TORCH[k](v, lr=0.1, weight_decay=0), dense=0, tables=1,
               frozen=frozen, by_rule=1, **{kind: 1}, rate=0.1)
    update(book, "update/frozen_momentum", lambda v: torch.optim.SGD(v, lr=0.1, momentum=0.9),
           dense=0, tables=1, frozen=frozen, sgd=1, rate=0.1, momentum=0.9)
    # They do not count in the norm.
    update(book, "update/frozen_clipped", lambda v: torch.optim.SGD(v, lr=2.0 ** -20), tables=1,
           frozen=frozen, size=2.0 ** 24, clip=2.0 ** 22, sgd=1, rate=2.0 ** -20)
