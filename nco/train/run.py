"""A training run from its configuration to the weights it leaves behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger
from torch.utils.data import DataLoader, IterableDataset

from nco.envs.presets import preset
from nco.errors import ConfigError, Fault, did_you_mean
from nco.policies import make_policy
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.train.callbacks import Keeper, Validation
from nco.train.config import TrainConfig
from nco.train.learner import Learner, LearnerConfig
from nco.train.optimizers import OptimizerConfig


def train(config: TrainConfig) -> Path:
    """Train until max_steps, max_time or Ctrl-C; returns the path of the weights, which always exist afterwards.

    Leaves in `out`: <name>.safetensors and <name>.json (weights and card), last.ckpt (to resume), curve.jsonl
    (validation), metrics in the logger's format.
    """
    settings, out = config["trainer"], Path(config["out"])
    problems = preset(config["env"]["preset"])
    policy = _policy(config)
    learner = Learner(policy, problems.env, problems.generator, _learner_config(config),
                      OptimizerConfig(**settings["optimizer"]))  # fmt: skip
    keeper = Keeper(out, config["name"], settings["checkpoint_every"], _description(config))
    callbacks: list[Callback] = [Validation(config["validation"], out / "curve.jsonl"), keeper]
    if interactive := sys.stderr.isatty():
        callbacks.append(RichProgressBar())
    trainer = lightning.Trainer(
        accelerator=settings["accelerator"], devices=settings["devices"], precision=settings["precision"],
        max_epochs=1, max_steps=-1, callbacks=callbacks, logger=_logger(settings["logger"], out),
        enable_checkpointing=False, enable_progress_bar=interactive, enable_model_summary=False,
        log_every_n_steps=settings["log_every"], default_root_dir=out,
    )  # fmt: skip
    trainer.fit(learner, DataLoader(_Endless(), batch_size=None), ckpt_path=_resume(config), weights_only=True)
    return keeper.weights


def _policy(config: TrainConfig) -> Policy:
    torch.manual_seed(config["seed"])  # the one place where PyTorch leaves no choice: initial weights
    if config["init_from"] is not None:
        return load(config["init_from"])[0].train()
    options = dict(config["policy"])
    return make_policy(options.pop("name"), options)


def _learner_config(config: TrainConfig) -> LearnerConfig:
    settings = config["trainer"]
    return LearnerConfig(
        settings["batch_size"], settings["reference_size"], settings["starts"], tuple(config["env"]["sizes"]),
        config.max_seconds, settings["max_steps"], settings["compile"], config["seed"],
    )  # fmt: skip


def _description(config: TrainConfig) -> dict[str, Any]:
    """What the card says about the run, as far as it is known beforehand."""
    sizes = config["env"]["sizes"]
    return {
        "preset": config["env"]["preset"],
        "sizes": (min(sizes), max(sizes)),
        "training": {"command": config.command, "seed": config["seed"], "init_from": config["init_from"]},
    }


def _resume(config: TrainConfig) -> str | None:
    path = config["resume"]
    if path is not None and not Path(path).is_file():
        fix = "Give the path of a last.ckpt that a run has left"
        raise ConfigError(Fault("C503", "resume", f"there is no file '{path}'", fix))
    return None if path is None else str(path)


def _logger(name: str, out: Path) -> Logger:
    if name == "csv":
        return CSVLogger(out, name="", version="", flush_logs_every_n_steps=100)
    if name == "tensorboard":
        from lightning.pytorch.loggers import TensorBoardLogger

        return TensorBoardLogger(out, name="", version="")
    if name == "wandb":
        from lightning.pytorch.loggers import WandbLogger

        return WandbLogger(save_dir=out)
    raise ConfigError(
        Fault("C503", "trainer.logger", f"'{name}' is unknown", did_you_mean(name, ["csv", "tensorboard", "wandb"]))
    )


class _Endless(IterableDataset[int]):
    """A beat for Lightning's loop; the learner generates its problems itself."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 0
