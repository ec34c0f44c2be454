"""Presets: a name for a list of constraints and a distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from nco.errors import ConfigError, Fault, did_you_mean
from nco.problem import Problem

from .constraints.capacity import Capacity
from .generators.base import Generator
from .generators.mixture import Mixture
from .generators.uchoa import Uchoa
from .generators.uniform import Uniform
from .instances import to_problems
from .routing import RoutingEnv


@dataclass(frozen=True)
class Preset:
    """An environment and the distribution it is trained and measured on."""

    env: RoutingEnv
    generator: Generator


#: Preset name -> how to make it.
PRESETS: dict[str, Callable[[], Preset]] = {
    "cvrp": lambda: Preset(RoutingEnv([Capacity()]), Uniform()),
    "cvrp_x": lambda: Preset(RoutingEnv([Capacity()]), Uchoa()),
    "cvrp_mixed": lambda: Preset(RoutingEnv([Capacity()]), Mixture({Uniform(): 0.35, Uchoa(): 0.65})),
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
