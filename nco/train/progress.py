"""How far a run is: a bar in a terminal, elsewhere a line in the log every few seconds."""

from __future__ import annotations

import logging
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nco.train.callbacks import Every, Validation, learner_of

log = logging.getLogger("nco.train")

LINE_EVERY, BAR_EVERY = 10.0, 0.5  # seconds


class ProgressLine(Callback):
    """A line in the log."""

    def __init__(self, validation: Validation) -> None:
        self.validation = validation
        self.due = Every(LINE_EVERY)

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.due() or trainer.should_stop:
            log.info("%s", describe(trainer, module, self.validation))


class ProgressBar(Callback):
    """A bar on standard error."""

    def __init__(self, validation: Validation) -> None:
        self.validation = validation
        self.due = Every(BAR_EVERY)
        columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True))

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self.task = self.bar.add_task("", total=1.0)
        self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.due() or trainer.should_stop:
            text = describe(trainer, module, self.validation)
            self.bar.update(self.task, completed=learner_of(module).progress, description=text)

    def teardown(self, trainer: Trainer, module: LightningModule, stage: str) -> None:
        self.bar.stop()

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        self.bar.stop()


def describe(trainer: Trainer, module: LightningModule, validation: Validation) -> str:
    """Where a run stands, in one line."""
    learner, metrics = learner_of(module), trainer.callback_metrics
    parts = [f"step {learner.steps}", f"{learner.seconds:.0f} s", f"cost {float(metrics['cost']):.4g}"]
    parts.append(f"{float(metrics['throughput']):.0f} problems/s")
    for name, (greedy, best) in validation.latest.items():
        gap = (
            f", gaps {' and '.join(f'{gap:.2f}' for gap in validation.gaps[name])} %" if name in validation.gaps else ""
        )
        parts.append(f"{name} {greedy:.4g} (x8 {best:.4g}{gap})")
    return ", ".join(parts)
