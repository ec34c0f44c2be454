"""What happens beside learning: validation and keeping what was learnt, both by the clock and at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from nco.policies.weights import save
from nco.train.config import ValidationConfig
from nco.train.learner import Learner
from nco.train.references import reference
from nco.train.validation import greedy_costs, validation_set


class Every:
    """True when `seconds` have passed since it was last true."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._last = time.perf_counter()

    def __call__(self) -> bool:
        now = time.perf_counter()
        due = now - self._last >= self.seconds
        if due:
            self._last = now
        return due


class Validation(Callback):
    """Greedy costs on fixed problems, logged and appended to a file: one JSON line a time, one before learning."""

    def __init__(self, config: ValidationConfig, curve: Path) -> None:
        self.config, self.curve = config, curve
        self.due = Every(config.every)
        self.latest: dict[str, tuple[float, float]] = {}  # "cvrp100" -> greedy, best of 8 symmetries
        known = {f"{name}{size}": reference(name, size, config.count, config.seed) for name, size in config.sets}
        self.references = {name: cost for name, cost in known.items() if cost is not None}

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if learner_of(module).steps == 0:
            self.validate(module)

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.due() or learner_of(module).progress >= 1.0:
            self.validate(module)
            for name, (greedy, best) in [
                *self.latest.items(),
                *((f"{name}_gap", gap) for name, gap in self.gaps.items()),
            ]:
                module.log_dict({f"val/{name}_greedy": greedy, f"val/{name}_x8": best})

    def validate(self, module: LightningModule) -> None:
        """Measure now."""
        learner, config = learner_of(module), self.config
        for name, size in config.sets:
            problems = validation_set(name, size, config.count, config.seed, module.device)
            greedy, best = greedy_costs(learner.averaged, learner.env, problems, config.starts)
            self.latest[f"{name}{size}"] = (round(greedy, 4), round(best, 4))
        point = {"step": learner.steps, "seconds": round(learner.seconds, 1), "problems": learner.problems_seen}
        with self.curve.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**point, **self.latest, "gaps": self.gaps}) + "\n")

    @property
    def gaps(self) -> dict[str, tuple[float, float]]:
        """The latest costs against the stored references, where there are some: per cent above."""
        known = {name: self.references[name] for name in self.latest if name in self.references}
        return {
            name: (round(100 * (self.latest[name][0] / cost - 1), 3), round(100 * (self.latest[name][1] / cost - 1), 3))
            for name, cost in known.items()
        }


class Keeper(Callback):
    """Checkpoint and weights, every so many seconds and when the run stops; never of a policy that has diverged."""

    def __init__(self, out: Path, name: str, every: float, description: Mapping[str, Any]) -> None:
        self.weights = out / f"{name}.safetensors"
        self.checkpoint = out / "last.ckpt"
        self.description = description
        self.due = Every(every)

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if trainer.strategy.reduce_boolean_decision(self.due(), all=False) or trainer.should_stop:
            self.keep(trainer, module)

    def keep(self, trainer: Trainer, module: LightningModule) -> None:
        """Write both now, all processes together; a checkpoint is replaced only when its successor is complete."""
        learner = learner_of(module)
        learner.require_finite()
        temporary = self.checkpoint.with_suffix(".partial")
        trainer.save_checkpoint(temporary)
        if not trainer.is_global_zero:
            return
        os.replace(temporary, self.checkpoint)
        training = {**self.description["training"], "device": _device_name(module.device), "steps": learner.steps,
                    "seconds": round(learner.seconds, 1), "problems": learner.problems_seen}  # fmt: skip
        save(learner.averaged, self.weights, {**self.description, "training": training})


def learner_of(module: LightningModule) -> Learner:
    """The module as what it is."""
    if not isinstance(module, Learner):
        raise TypeError(f"expected a Learner, not {type(module).__name__}")
    return module


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
