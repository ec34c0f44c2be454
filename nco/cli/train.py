"""nco train: hand everything over to the trainer, and show what it says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from nco.cli.console import notes, results, say
from nco.errors import ConfigError, Fault

#: What the extra 'train' installs, by import name.
EXTRA = ("hydra", "lightning", "omegaconf", "rl4co")


def train(context: typer.Context) -> None:
    """Train a policy; arguments are Hydra overrides such as experiment=smoke (see nco train --help)."""
    with needs_extra("nco train"):
        from nco.train import explain, is_first, main

        if {"-h", "--help"} & set(context.args):
            say(results(), f"Usage: nco train [GROUP=CHOICE] [KEY=VALUE] ...\n\n{train.__doc__}\n\n{explain()}")
            return
        with _log():
            path = main(context.args)
        if is_first():
            say(results(), str(path))


@contextmanager
def needs_extra(command: str) -> Iterator[None]:
    """A module of the extra 'train' that is missing is an error that names its installation."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        fix = "Install it with: pip install 'nco-vrp[train]'"
        raise ConfigError(Fault("C502", command, f"'{missing}' is not installed", fix)) from error


@contextmanager
def _log() -> Iterator[None]:
    """Show the package's log on standard error."""
    logger, handler = logging.getLogger("nco"), _Notes()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(notes(), self.format(record))
