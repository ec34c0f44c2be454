"""Weights of preferences against cost, and the prices that they stand for.

A weight w asks for the least (1 - w) x cost + w x dislike, where dislike is the sum over visits of 1 - preference. The
same routes have the least cost + price x dislike at the price w / (1 - w), which is the problem's own
`preference_weight`: no other price of the problem changes, whatever the weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nco.errors import ConfigError, Fault
from nco.problem import Problem

#: Points of a front unless said otherwise.
POINTS = 8
#: From hardly felt to all but decisive: prices between the two ends, in shares of the cost of one client.
SPAN = (0.05, 40.0)
#: In the same shares, a price so small that it only decides between equal costs; its inverse, one that decides first.
TIE = 1e-4


def weighed(problem: Problem, weight: float) -> Problem:
    """The problem with preferences at the price that the weight, from 0 to 1, stands for.

    At both ends the other side still breaks ties: routes that cost the same may differ in preference a lot.
    """
    share = _cost_of_one(problem)
    price = weight / (1 - weight) if weight < 1 else math.inf
    return replace(problem, preference_weight=min(max(price, TIE * share), share / TIE))


def spread(problem: Problem, points: int = POINTS) -> tuple[float, ...]:
    """Weights from 0 to 1 that lie well apart whatever the units of the problem's costs, to three digits.

    Raises ConfigError (C503) for fewer than two.
    """
    if points < 2:
        fix = "Give at least 2: cost only and preferences only"
        raise ConfigError(Fault("C503", "points", f"{points} is not allowed", fix))
    prices = np.geomspace(*SPAN, points)[1:-1] * _cost_of_one(problem)
    return (0.0, *(_rounded(price / (1 + price)) for price in prices.tolist()), 1.0)


def checked(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights in ascending order, each once. Raises ConfigError (C503) unless they are numbers from 0 to 1."""
    wrong = [weight for weight in weights if not 0 <= weight <= 1]
    if wrong or not weights:
        what = f"{wrong[0]:g} is not allowed" if wrong else "there is none"
        raise ConfigError(Fault("C503", "weights", what, "Give numbers from 0, cost only, to 1, preferences only"))
    return tuple(sorted(set(weights)))


def _cost_of_one(problem: Problem) -> float:
    """About what one client adds to the cost of routes; 1 where driving is free.

    A tour of n places is about as long as sqrt(n) mean arcs (Beardwood, Halton and Hammersley 1959).
    """
    costs = []
    for vehicle in problem.vehicle_types:
        cost = vehicle.unit_distance_cost * problem.distance_matrix(vehicle.profile).mean()
        if vehicle.unit_duration_cost > 0:
            cost += vehicle.unit_duration_cost * problem.duration_matrix(vehicle.profile).mean() / vehicle.speed
        costs.append(cost)
    return float(np.mean(costs)) / math.sqrt(problem.num_locations) or 1.0


def _rounded(weight: float) -> float:
    """To three digits of the smaller of the weight and the rest."""
    return round(weight, 2 - math.floor(math.log10(min(weight, 1 - weight))))
