"""Presets: a name for a list of constraints and a distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Literal

import torch

from nco.checker import RouteRule
from nco.errors import ConfigError, Fault, did_you_mean
from nco.problem import Problem

from .constraints.backhaul import Backhaul
from .constraints.base import Constraint
from .constraints.capacity import Capacity
from .constraints.duration_limit import DurationLimit
from .constraints.load import Load
from .constraints.precedence import Precedence
from .constraints.route_limit import RouteLimit
from .constraints.time_windows import TimeWindows
from .constraints.timed_precedence import TimedPrecedence
from .constraints.zones import Zones as Zoning
from .generators.base import Generator
from .generators.everything import Everything
from .generators.fleet import Fleet, Fleets
from .generators.mixture import Mixture
from .generators.prizes import Prizes
from .generators.profiled import Profiled
from .generators.profiles import Preferences, Zones
from .generators.roads import Roads
from .generators.routefinder import RouteFinder
from .generators.shifts import Shifts
from .generators.shipments import Shipments, TimedShipments
from .generators.tours import Tours
from .generators.trips import Trips
from .generators.uchoa import Uchoa
from .generators.unified import Unified
from .generators.uniform import Uniform
from .instances import to_problems
from .routing import RoutingEnv


@dataclass(frozen=True)
class Preset:
    """An environment and the distribution it is trained and measured on.

    `rules`: those of the environment that are not among the checker's own, as docs/extending.md shows; pass them to
    nco.check. Problems do not know them, so `problems` refuses such presets, and no solver is handed any.
    """

    env: RoutingEnv
    generator: Generator
    rules: tuple[RouteRule, ...] = ()


def _variant(*attributes: str, depots: int = 1) -> Preset:
    """A RouteFinder variant: only the constraints it needs."""
    backhauls = {"B", "MB"} & set(attributes)
    constraints: list[Constraint] = [Load() if backhauls else Capacity()]
    constraints += [Backhaul()] if backhauls else []
    constraints += [TimeWindows()] if "TW" in attributes else []
    constraints += [RouteLimit()] if "L" in attributes else []
    return Preset(RoutingEnv(constraints), RouteFinder(dict.fromkeys(attributes, 1.0), depots))


def _variant_name(*attributes: str) -> str:
    """The field's name of a variant, as in "ovrpmbltw"."""
    *rest, o = sorted(attributes, key="O".__eq__) if "O" in attributes else (*attributes, "")
    return (o + "VRP" + "".join(rest)).lower()


def _road(kind: Literal["atsp", "cvrp", "cvrptw"], clustered: float = 0.0, path: str | None = None) -> Preset:
    """A problem on the roads of cities, or of a made-up town."""
    constraints: dict[str, list[Constraint]] = {"atsp": [], "cvrp": [Capacity()], "cvrptw": [Capacity(), TimeWindows()]}
    return Preset(RoutingEnv(constraints[kind]), Roads(kind, path, clustered))


def _roads(path: str | None = None) -> Preset:
    """The three problems on roads, half of them clustered; of one in ten the coordinates are not known."""
    parts = [Roads(kind, path, clustered=0.5, placed=0.9) for kind in ("atsp", "cvrp", "cvrptw")]
    return Preset(RoutingEnv([Capacity(), TimeWindows()]), Unified(tuple((part, 1.0) for part in parts)))


def _profiled_roads(profiles: Preferences | Zones, constraints: list[Constraint], path: str | None = None) -> Preset:
    """Vehicles with profiles on the roads of cities."""
    return Preset(RoutingEnv(constraints), replace(profiles, roads=Roads("cvrp", path)))


#: Presets that may be followed by a colon and the path of a city file or a folder of such, as in "rcvrp:cities".
ROADS: dict[str, Callable[..., Preset]] = {
    "r" + kind + suffix: partial(_road, kind, clustered)
    for kind in ("atsp", "cvrp", "cvrptw")
    for suffix, clustered in (("", 0.0), ("_cluster", 1.0))
} | {
    "roads": _roads,
    "rpvrp_p": partial(_profiled_roads, Preferences("random"), [Capacity()]),
    "rpvrp_zc": partial(_profiled_roads, Zones("random"), [Capacity(), Zoning()]),
}

#: Attributes of the variants, in the order of their names: backhaul, length limit, time windows, open.
COMBINATIONS = [tuple(filter(None, letters)) for letters in product(("", "B", "MB"), ("", "L"), ("", "TW"), ("", "O"))]

#: Every attribute on half of the problems; two fifths of those with backhauls mix them.
HALF = {"O": 0.5, "B": 0.5, "MB": 0.25, "L": 0.5, "TW": 0.5}

#: What "everything" mixes, one variant an instance.
MIXED = ("cvrp", "mtvrp", "mdvrptw", "hcvrp", "pvrp_p", "pvrp_zc", "pdptw", "pcvrp", "cvrp_reloads", "vrptw_reloads",
         "vrptw_shifts", "rcvrptw")  # fmt: skip

#: Preset name -> how to make it.
PRESETS: dict[str, Callable[[], Preset]] = {
    "tsp": lambda: Preset(RoutingEnv([]), Tours()),
    "atsp": lambda: Preset(RoutingEnv([]), Tours(asymmetric=True)),
    "pdp": lambda: Preset(RoutingEnv([Precedence()]), Shipments()),
    "cvrp": lambda: Preset(RoutingEnv([Capacity()]), Uniform()),
    "cvrp_x": lambda: Preset(RoutingEnv([Capacity()]), Uchoa()),
    "cvrp_mixed": lambda: Preset(RoutingEnv([Capacity()]), Mixture({Uniform(): 0.35, Uchoa(): 0.65})),
    **{_variant_name(*letters): partial(_variant, *letters) for letters in COMBINATIONS if letters},
    **{"md" + (_variant_name(*letters) if letters else "cvrp"): partial(_variant, *letters, depots=3)
       for letters in COMBINATIONS},
    "mtvrp": lambda: Preset(
        RoutingEnv([Load(), Backhaul(), TimeWindows(), RouteLimit()]),
        RouteFinder(HALF),
    ),
    "pdptw": lambda: Preset(RoutingEnv([Load(), TimedPrecedence(), TimeWindows()]), TimedShipments()),
    "vrptw_shifts": lambda: Preset(RoutingEnv([Capacity(), TimeWindows(), DurationLimit()]), Shifts()),
    "pcvrp": lambda: Preset(RoutingEnv([Capacity()]), Prizes()),
    "cvrp_reloads": lambda: Preset(RoutingEnv([Capacity(), RouteLimit()]), Trips()),
    "vrptw_reloads": lambda: Preset(RoutingEnv([Capacity(), TimeWindows()]), Trips(timed=True)),
    "unified": lambda: Preset(
        RoutingEnv([Load(), Backhaul(), TimeWindows(), RouteLimit()]),
        Unified(((RouteFinder(HALF), 0.6), (RouteFinder(HALF, depots=3), 0.15), (Uchoa(), 0.15), (Uniform(), 0.1))),
    ),
    **ROADS,
    "hcvrp": lambda: Preset(RoutingEnv([Capacity()]), Fleet()),
    "hcvrp_max": lambda: Preset(RoutingEnv([Capacity()], "max"), Fleet()),
    "hcvrp_max_3": lambda: Preset(RoutingEnv([Capacity()], "max"), Fleet(vehicles=3)),
    "hcvrp_max_mixed": lambda: Preset(RoutingEnv([Capacity()], "max"), Fleets()),
    "pvrp_p": lambda: Preset(RoutingEnv([Capacity()]), Preferences("random")),
    "pvrp_p_angle": lambda: Preset(RoutingEnv([Capacity()]), Preferences("angle")),
    "pvrp_p_cluster": lambda: Preset(RoutingEnv([Capacity()]), Preferences("cluster")),
    "pvrp_zc": lambda: Preset(RoutingEnv([Capacity(), Zoning()]), Zones("random")),
    "pvrp_zc_angle": lambda: Preset(RoutingEnv([Capacity(), Zoning()]), Zones("angle")),
    "pvrp_zc_cluster": lambda: Preset(RoutingEnv([Capacity(), Zoning()]), Zones("cluster")),
    "profiles": lambda: Preset(RoutingEnv([Capacity(), Zoning()]), Profiled()),
    "everything": lambda: Preset(
        RoutingEnv([Load(), Backhaul(), TimedPrecedence(), TimeWindows(), RouteLimit(), DurationLimit(), Zoning()]),
        Everything(tuple(PRESETS[name]().generator for name in MIXED)),
    ),
}  # fmt: skip


def preset(name: str) -> Preset:
    """A preset by name, such as "cvrp" or "rcvrp:city.npz"; raises ConfigError for an unknown one.

    City files are read when the first instances are drawn.
    """
    kind, _, path = name.partition(":")
    if kind not in PRESETS:
        raise ConfigError(Fault("C503", "preset", f"'{kind}' is unknown", did_you_mean(kind, PRESETS)))
    if path and kind not in ROADS:
        what = f"'{kind}' takes no file"
        raise ConfigError(Fault("C503", "preset", what, f"Presets on the roads of a file: {', '.join(ROADS)}"))
    return ROADS[kind](path=path) if path else PRESETS[kind]()


def problems(name: str, size: int, count: int, seed: int) -> list[Problem]:
    """`count` problems of a preset with `size` clients; the same seed gives the same problems.

    Raises ConfigError for an unknown preset, and for one with rules of its own.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = preset(name)
    if chosen.rules:
        what = f"problems of '{name}' would not hold its rules {', '.join(rule.__name__ for rule in chosen.rules)}"
        raise ConfigError(Fault("C503", "preset", what, "Use its environment, or add the rules to nco.checker.rules"))
    return to_problems(chosen.generator(count, size, generator), chosen.env.objective)
