"""The configuration of a training run: composed by Hydra from nco.configs, checked, and turned into plain objects."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nco.errors import ConfigError, Fault, did_you_mean


@dataclass(frozen=True)
class TrainConfig:
    """A run, as plain data. `overrides` are what the user typed."""

    values: Mapping[str, Any]
    overrides: tuple[str, ...]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        return " ".join(["nco train", *self.overrides])

    @property
    def max_seconds(self) -> float:
        """Wall-clock limit in seconds; infinite when there is none."""
        limit = self["trainer"]["max_time"]
        return math.inf if limit is None else float(limit)


def compose(overrides: Sequence[str]) -> TrainConfig:
    """Compose configs/train.yaml with overrides; raises ConfigError that names the nearest valid key."""
    try:
        with initialize_config_module("nco.configs", version_base="1.3"):
            config = hydra_compose("train", overrides=list(overrides))
        values = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(str(error), list(overrides))) from error
    if not isinstance(values, dict):
        raise ConfigError(Fault("C503", "configs/train.yaml", "not a mapping", "Restore the file"))
    checked = {str(key): value for key, value in values.items()}
    if checked["trainer"]["max_steps"] <= 0 and checked["trainer"]["max_time"] is None:
        fix = "Set trainer.max_steps or trainer.max_time (seconds)"
        raise ConfigError(Fault("C503", "trainer", "the run would never end", fix))
    return TrainConfig(checked, tuple(overrides))


def _explain(message: str, overrides: list[str]) -> Fault:
    """Hydra's error as a fault; an unknown key is answered with the nearest valid one."""
    unknown = re.search(r"Key '([^']+)' is not in struct|Could not override '([^']+)'", message)
    missing = re.search(r"Could not find '([^']+)/([^']+)'", message)
    if missing:
        group, choice = missing.groups()
        options = re.findall(r"^\t(\S+)$", message, flags=re.MULTILINE)
        return Fault("C503", group, f"'{choice}' is unknown", did_you_mean(choice, options))
    if unknown:
        wanted = next(
            o.split("=")[0].lstrip("+~") for o in overrides if unknown.group(1 if unknown.group(1) else 2) in o
        )
        with initialize_config_module("nco.configs", version_base="1.3"):
            plain = OmegaConf.to_container(hydra_compose("train"), resolve=False)
        return Fault("C501", wanted, "there is no such key", did_you_mean(wanted, _keys(plain)))
    return Fault("C503", "overrides", message.splitlines()[0], "Write key=value, as in trainer.max_steps=100")


def _keys(values: Any, prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
