"""Ctrl-C and SIGTERM end a run between two steps, so that it can be resumed exactly there."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(Callback):
    """While open, the first signal lets the step at hand finish and stops the run; a second one stops at once.

    Signals reach the main thread only; in any other one this does nothing.
    """

    def __init__(self) -> None:
        self.received = False

    def __enter__(self) -> Self:
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._listen()
        return self

    def __exit__(self, *failure: object) -> None:
        if _in_main_thread():
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._listen()  # again: Lightning has just put its own handlers in place

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if trainer.strategy.reduce_boolean_decision(self.received, all=False):  # of any process
            trainer.should_stop = self.received = True

    def _listen(self) -> None:
        if _in_main_thread():
            for number in SIGNALS:
                signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            raise KeyboardInterrupt
        self.received = True


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
