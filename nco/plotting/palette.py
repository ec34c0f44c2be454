"""Colours of routes. Every pair stays apart for colour-blind readers, every colour is visible on white and on black."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nco.problem import Floats, Problem
from nco.solution import Route

#: Found by search: OKLab distance of any two >= 0.09 for normal sight, protanopia and deuteranopia (Machado et al.
#: 2009), contrast >= 3 against white and near-black (WCAG 2.2, graphics).
PALETTE: tuple[str, ...] = (
    "#0072b2",
    "#e07800",
    "#009e73",
    "#9018fc",
    "#906000",
    "#a884c0",
    "#c01890",
    "#9078fc",
)


def route_colours(problem: Problem, routes: Sequence[Route], xy: Floats) -> list[str]:
    """One colour a route, given the coordinates [N, 2] of all locations on the map.

    Colours go round with the direction in which routes leave the depot: neighbours differ even when colours repeat.
    """
    depots = np.array([xy[problem.vehicle_types[route.vehicle_type].start_depot] for route in routes]).reshape(-1, 2)
    centres = np.array([xy[list(route.visits)].mean(axis=0) for route in routes]).reshape(-1, 2)
    angles = np.arctan2(*(centres - depots).T)
    turns = np.argsort(np.argsort(angles, kind="stable"), kind="stable")
    return [PALETTE[turn % _cycle(len(routes))] for turn in turns.tolist()]


def _cycle(count: int) -> int:
    """How many colours to go round with: as many as possible, but the last round must not end next to its own start."""
    return max(range(5, len(PALETTE) + 1), key=lambda colours: (min((count - 1) % colours + 1, 3), colours))
