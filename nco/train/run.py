"""A training run from its configuration to the weights it leaves behind."""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from nco.envs.presets import preset
from nco.errors import ConfigError, Fault
from nco.policies import make_policy
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.rollout.threads import threads
from nco.train import is_first
from nco.train.callbacks import Keeper, Validation
from nco.train.config import TrainConfig
from nco.train.interruption import Interruption
from nco.train.learner import Learner, LearnerConfig
from nco.train.processes import Processes
from nco.train.progress import ProgressBar, ProgressLine

log = logging.getLogger("nco.train")


def train(config: TrainConfig) -> Path:
    """Train until max_steps, max_time or an interruption; returns the path of the weights.

    Leaves in `out`: <name>.safetensors and <name>.json (weights and card), last.ckpt (to resume), curve.jsonl
    (validation), metrics in the logger's format. Raises KeyboardInterrupt when it was interrupted, after writing.
    """
    learner = make_learner(config)
    _prepare(config)
    validation = Validation(config.validation, config.out / "curve.jsonl")
    keeper = Keeper(config.out, config.name, config.trainer.checkpoint_every, _description(config))
    progress = ProgressBar(validation) if sys.stderr.isatty() else ProgressLine(validation)
    with quiet(), Interruption() as interruption:
        callbacks = [interruption, validation, keeper, progress] if is_first() else [interruption, keeper]
        trainer = make_trainer(config, callbacks)
        device, policy = trainer.strategy.root_device, learner.policy
        size = sum(parameter.numel() for parameter in policy.parameters())
        place = f"{trainer.world_size} x {device.type}" if trainer.world_size > 1 else device
        _say(f"training '{policy.name}', {size:,} parameters, on {place}, into {config.out}")
        with fast_matmul(device), threads(config.trainer.threads):
            fit(trainer, learner, config.resume)
    if interruption.received:
        _say(f"kept {keeper.weights}; go on with: {config.resume_command}")
        raise KeyboardInterrupt
    return keeper.weights


def _say(message: str) -> None:
    if is_first():
        log.info("%s", message)


def make_learner(config: TrainConfig) -> Learner:
    """The policy, the environment and the distribution of a configuration, ready to learn."""
    problems, trainer = preset(config.env.preset), config.trainer
    for name, _ in config.validation.sets:
        preset(name)
    settings = LearnerConfig(
        batch_size=trainer.batch_size, reference_size=trainer.reference_size, starts=trainer.starts,
        sizes=config.env.sizes, max_seconds=config.max_seconds, max_steps=trainer.max_steps,
        seed=config.seed, ema=trainer.ema, loss=trainer.loss, best_of=trainer.best_of,
        rescore_memory=trainer.rescore_memory, graphs=trainer.graphs, log_every=trainer.log_every,
        teacher=trainer.teacher,
    )  # fmt: skip
    policy = _policy(config, problems.env.num_features)
    return Learner(policy, problems.env, problems.generator, settings, trainer.optimizer)


def _policy(config: TrainConfig, features: int) -> Policy:
    if config.init_from is not None:
        policy = load(config.init_from)[0].train()
        if policy.config["features"] != features:
            what = f"the policy was made for another environment than preset '{config.env.preset}'"
            raise ConfigError(Fault("C503", f"init_from={config.init_from}", what, "Choose a preset like its own"))
        return policy
    options = {**config.policy, "features": features}
    with torch.random.fork_rng(devices=[]):  # initial weights come from the global generator: leave it as it was
        torch.default_generator.manual_seed(config.seed)
        return make_policy(str(options.pop("name", None)), options)


def _prepare(config: TrainConfig) -> None:
    """The folder for the run: a fresh run must not replace what another one has learnt."""
    checkpoint, curve = config.out / "last.ckpt", config.out / "curve.jsonl"
    if config.resume is None and checkpoint.exists():
        fix = f"Give another folder as out=..., or go on with resume={checkpoint}"
        raise ConfigError(Fault("C503", f"out={config.out}", "the folder holds another run", fix))
    try:
        config.out.mkdir(parents=True, exist_ok=True)
        if config.resume is None:
            curve.unlink(missing_ok=True)
    except OSError as error:
        fix = "Give a folder that can be written as out=..."
        raise ConfigError(Fault("C503", f"out={config.out}", error.strerror or str(error), fix)) from error


def make_trainer(config: TrainConfig, callbacks: list[Callback]) -> lightning.Trainer:
    """Lightning's trainer for a configuration: device, processes, precision, logs."""
    settings, present = config.trainer, torch.cuda.is_available()
    if settings.accelerator == "cuda" and not present:
        what = "this machine or this PyTorch has no CUDA device"
        raise ConfigError(Fault("C503", "trainer.accelerator=cuda", what, "Use trainer=cpu"))
    accelerator = "cuda" if present and settings.accelerator != "cpu" else "cpu"
    devices = int(os.environ.get("LOCAL_WORLD_SIZE", settings.devices))  # set by torchrun
    nodes = int(os.environ.get("GROUP_WORLD_SIZE", "1"))
    try:
        return lightning.Trainer(
            accelerator=accelerator, devices=devices, num_nodes=nodes,
            strategy=Processes() if devices * nodes > 1 else "auto",
            precision=settings.precision,  # type: ignore[arg-type]
            max_epochs=1, max_steps=-1, callbacks=callbacks, logger=_logger(settings.logger, config.out),
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            log_every_n_steps=settings.log_every, default_root_dir=config.out,
        )  # fmt: skip
    except (MisconfigurationException, ValueError) as error:
        where = f"trainer.precision={settings.precision}, trainer.devices={devices}"
        fix = "Use 32-true or bf16-mixed, and no more devices than there are"
        raise ConfigError(Fault("C503", where, str(error), fix)) from error


def fit(trainer: lightning.Trainer, learner: Learner, resume: Path | None = None) -> None:
    """Learn until the learner has had enough, from the beginning or from a checkpoint."""
    if resume is not None:
        _require_checkpoint(resume)
    beats = itertools.repeat(0)  # the learner generates its problems itself
    try:
        trainer.fit(learner, beats, ckpt_path=resume, weights_only=True)
    except SIGTERMException:  # Lightning heard the signal too, before our handler replaced its own
        log.debug("ended between two steps; what was learnt has been kept")
    except SystemExit as stop:  # what Lightning makes of a second Ctrl-C
        raise KeyboardInterrupt from stop


def _require_checkpoint(path: Path) -> None:
    fix = "Give the path of a last.ckpt that a run has left"
    try:
        torch.load(path, map_location="meta", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        what = str(error).partition("\n")[0] or "it is empty"
        raise ConfigError(Fault("C503", f"resume={path}", what, fix)) from error


def _description(config: TrainConfig) -> dict[str, Any]:
    """What the card says about the run, as far as it is known beforehand."""
    return {
        "preset": config.env.preset,
        "sizes": (min(config.env.sizes), max(config.env.sizes)),
        "training": {"command": config.command, "seed": config.seed, "init_from": config.init_from},
    }


def _logger(name: str, out: Path) -> Logger:
    """Each start or resumption of a run has a folder of its own in `out`/metrics."""
    if name == "csv":
        return CSVLogger(out, name="metrics")
    try:
        return TensorBoardLogger(out, name="metrics") if name == "tensorboard" else WandbLogger(save_dir=out)
    except ModuleNotFoundError as error:
        fix = f"Install it with: pip install {name}"
        raise ConfigError(Fault("C502", "trainer.logger", f"the package '{name}' is missing", fix)) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep to Lightning its advice, its advertisements and its own use of what PyTorch deprecates; warnings stay."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*LeafSpec", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def fast_matmul(device: torch.device) -> Iterator[None]:
    """On a GPU, float32 products outside of mixed precision may use TensorFloat-32."""
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
