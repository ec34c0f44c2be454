"""Simulated annealing over ruin & recreate: one chain, compiled (SISR: Christiaens and Vanden Berghe 2020)."""

from __future__ import annotations

import math

from nco.search.compiled import compiled
from nco.search.kinds import change_kinds
from nco.search.recreate import recreate
from nco.search.ruin import ruin
from nco.search.state import keep_best, objective, random, total
from nco.search.undo import undo


@compiled
def anneal(s, iterations, temperature):
    """Ruin and recreate so many times; what is worse is accepted by threshold. The chain keeps its best solution."""
    counts = s.counts[0]
    unkept = False  # the present solution is the best one, and not kept yet
    for _ in range(iterations):
        before, top = counts.cost, counts.top
        ruin(s)
        recreate(s)
        change_kinds(s)
        if counts.cost + counts.top >= before + top - temperature * math.log(random(s) + 1e-300):
            undo(s)
            counts.cost, counts.top = before, top
        elif objective(s) < counts.best - 1e-9:
            counts.best, unkept = objective(s), True
        elif unkept:  # the best must be kept before it is left: this change is given up for it
            undo(s)
            keep_best(s)
            unkept = False
    total(s)
    if unkept:
        keep_best(s)
