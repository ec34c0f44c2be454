"""Presets: a name for a list of constraints and a distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from nco.errors import ConfigError, Fault, did_you_mean
from nco.problem import Problem

from .constraints.backhaul import Backhaul
from .constraints.base import Constraint
from .constraints.capacity import Capacity
from .constraints.load import Load
from .constraints.route_limit import RouteLimit
from .constraints.time_windows import TimeWindows
from .generators.base import Generator
from .generators.mixture import Mixture
from .generators.routefinder import RouteFinder
from .generators.uchoa import Uchoa
from .generators.uniform import Uniform
from .instances import to_problems
from .routing import RoutingEnv


@dataclass(frozen=True)
class Preset:
    """An environment and the distribution it is trained and measured on."""

    env: RoutingEnv
    generator: Generator


def _variant(*attributes: str) -> Preset:
    """A RouteFinder variant: only the constraints it needs."""
    backhauls = {"B", "MB"} & set(attributes)
    constraints: list[Constraint] = [Load() if backhauls else Capacity()]
    constraints += [Backhaul()] if backhauls else []
    constraints += [TimeWindows()] if "TW" in attributes else []
    constraints += [RouteLimit()] if "L" in attributes else []
    return Preset(RoutingEnv(constraints), RouteFinder(dict.fromkeys(attributes, 1.0)))


#: Variants as the field names them: open, backhaul (mixed), length limit, time windows, in this order.
VARIANTS: dict[str, tuple[str, ...]] = {
    "o" * bool(o) + "vrp" + "".join(part.lower() for part in (b, l, t)): tuple(filter(None, (o, b, l, t)))
    for o in ("", "O")
    for b in ("", "B", "MB")
    for l in ("", "L")  # noqa: E741 (the field's letter)
    for t in ("", "TW")
    if (o, b, l, t) != ("", "", "", "")  # that is cvrp
}

#: Preset name -> how to make it.
PRESETS: dict[str, Callable[[], Preset]] = {
    "cvrp": lambda: Preset(RoutingEnv([Capacity()]), Uniform()),
    "cvrp_x": lambda: Preset(RoutingEnv([Capacity()]), Uchoa()),
    "cvrp_mixed": lambda: Preset(RoutingEnv([Capacity()]), Mixture({Uniform(): 0.35, Uchoa(): 0.65})),
    "mtvrp": lambda: Preset(
        RoutingEnv([Load(), Backhaul(), TimeWindows(), RouteLimit()]),
        RouteFinder({"O": 0.5, "B": 0.5, "MB": 0.25, "L": 0.5, "TW": 0.5}),
    ),
    **{name: partial(_variant, *attributes) for name, attributes in VARIANTS.items()},
}


def preset(name: str) -> Preset:
    """A preset by name; raises ConfigError for an unknown one."""
    if name not in PRESETS:
        raise ConfigError(Fault("C503", "preset", f"'{name}' is unknown", did_you_mean(name, PRESETS)))
    return PRESETS[name]()


def problems(name: str, size: int, count: int, seed: int) -> list[Problem]:
    """`count` problems of a preset with `size` clients; the same seed gives the same problems."""
    generator = torch.Generator().manual_seed(seed)
    return to_problems(preset(name).generator(count, size, generator))
