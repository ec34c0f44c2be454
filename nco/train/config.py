"""The configuration of a training run: composed by Hydra from nco.configs, then checked by pydantic."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nco.errors import ConfigError, Fault, did_you_mean
from nco.train.optimizers import OptimizerConfig
from nco.train.teacher import TeacherConfig

CORRECT = "Write key=value, as in trainer.max_steps=100; nco train --help shows all keys"


class _Section(BaseModel):
    """A part of the configuration: no unknown keys, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvConfig(_Section):
    """configs/env: what is learnt."""

    preset: str
    sizes: tuple[Annotated[int, Field(ge=2)], ...] = Field(min_length=1)


class TrainerConfig(_Section):
    """configs/trainer: how it is learnt; meanings and defaults are in configs/trainer/default.yaml."""

    max_steps: int = Field(ge=0)
    max_time: float | None = Field(gt=0)
    batch_size: int = Field(ge=1)
    reference_size: int = Field(ge=1)
    loss: Literal["reinforce", "preference"]
    best_of: int = Field(ge=1)
    rescore_memory: float | None = Field(gt=0)
    ema: float = Field(ge=0, lt=1)
    graphs: bool
    starts: int = Field(ge=2)  # the baseline is the mean over them
    accelerator: Literal["auto", "cpu", "cuda"]
    devices: int = Field(ge=1)
    precision: str
    threads: int | None = Field(ge=1)
    logger: Literal["csv", "tensorboard", "wandb"]
    log_every: int = Field(ge=1)
    checkpoint_every: float = Field(ge=0)
    optimizer: OptimizerConfig
    teacher: TeacherConfig


class ValidationConfig(_Section):
    """configs/validation: fixed problems."""

    sets: tuple[tuple[str, int], ...]
    count: int = Field(ge=1)
    starts: int = Field(ge=1)
    seed: int
    every: float = Field(ge=0)


class TrainConfig(_Section):
    """A run. `overrides` are what the user typed."""

    env: EnvConfig
    policy: dict[str, Any]
    trainer: TrainerConfig
    validation: ValidationConfig
    name: str
    out: Path
    seed: int
    resume: Path | None
    init_from: str | None
    overrides: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        return shlex.join(["nco", "train", *self.overrides])

    @property
    def resume_command(self) -> str:
        """The command that goes on with the run."""
        others = [override for override in self.overrides if not override.startswith("resume=")]
        return shlex.join(["nco", "train", *others, f"resume={self.out / 'last.ckpt'}"])

    @property
    def max_seconds(self) -> float:
        """Wall-clock limit in seconds; infinite when there is none."""
        return math.inf if self.trainer.max_time is None else self.trainer.max_time


def compose(overrides: Sequence[str]) -> TrainConfig:
    """Compose configs/train.yaml with overrides; raises ConfigError that names the nearest valid key."""
    values = _composed(overrides)
    try:
        config = TrainConfig.model_validate({**values, "overrides": tuple(overrides)})
    except ValidationError as error:
        raise ConfigError(_faults(error, values)) from error
    if not config.trainer.max_steps and config.trainer.max_time is None:
        fix = "Set trainer.max_steps or trainer.max_time (seconds)"
        raise ConfigError(Fault("C503", "trainer", "the run would never end", fix))
    if config.trainer.best_of > config.trainer.starts:
        what = f"a problem has only {config.trainer.starts} rollouts"
        raise ConfigError(Fault("C503", f"trainer.best_of={config.trainer.best_of}", what, "Raise trainer.starts"))
    if set(config.name) & set("/\\:"):  # that of a preset with a city file
        raise ConfigError(Fault("C503", "name", f"'{config.name}' names no file", "Give a name, as in name=my_city"))
    return config


def explain() -> str:
    """What can be written on the command line: the groups with their choices, and every key with its value."""
    groups = {
        folder.name: sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
        for folder in sorted(files("nco.configs").iterdir(), key=lambda folder: folder.name)
        if folder.is_dir() and not folder.name.startswith("_")
    }
    choices = "\n".join(f"  {group}={'|'.join(names)}" for group, names in groups.items())
    with initialize_config_module("nco.configs", version_base="1.3"):
        values = OmegaConf.to_yaml(hydra_compose("train"))
    return f"Groups:\n{choices}\n\nKeys and their values, changed as in trainer.max_steps=100:\n{values}"


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    try:
        with initialize_config_module("nco.configs", version_base="1.3"):
            config = hydra_compose("train", overrides=list(overrides))
        values = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(str(error), overrides)) from error
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


def _explain(message: str, overrides: Sequence[str]) -> Fault:
    """Hydra's error as a fault; an unknown key or choice is answered with the nearest valid one."""
    unknown = re.search(r"Could not override '([^']+)'", message)
    missing = re.search(r"Could not find '([^']+)/([^']+)'", message)
    if missing:
        group, choice = missing.groups()
        options = re.findall(r"^\t(\S+)$", message, flags=re.MULTILINE)
        return Fault("C503", group, f"'{choice}' is unknown", did_you_mean(choice, options))
    if unknown:
        wanted = unknown.group(1)
        keys = {given: given.partition("=")[0] for given in overrides}
        choices = [given for given, key in keys.items() if "." not in key and key != wanted]  # whose keys are there
        return Fault("C501", wanted, "there is no such key", did_you_mean(wanted, _keys(_composed(choices))))
    return Fault("C503", "overrides", message.splitlines()[0], CORRECT)


def _keys(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")


def _faults(error: ValidationError, values: dict[str, Any]) -> Iterable[Fault]:
    """A fault for every value that is not allowed, and for every key that was added."""
    for entry in error.errors(include_url=False):
        where = ".".join(map(str, entry["loc"]))
        if entry["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            known = [key for key in _keys(values) if key != where]
            yield Fault("C501", where, "there is no such key", did_you_mean(where, known))
        else:
            yield Fault("C503", where, f"{entry['input']!r}: {entry['msg']}", CORRECT)
