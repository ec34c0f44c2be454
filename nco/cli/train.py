"""nco train: hand everything over to the trainer."""

from __future__ import annotations

import typer

from nco.errors import ConfigError, Fault

#: What the extra 'train' installs, by import name.
EXTRA = ("hydra", "lightning", "omegaconf", "rl4co")


def train(context: typer.Context) -> None:
    """Train a policy; arguments are Hydra overrides such as experiment=smoke (see nco train --help)."""
    try:
        from nco.train import main

        main(context.args)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        fix = "Install it with: pip install 'nco-vrp[train]'"
        raise ConfigError(Fault("C502", "nco train", f"'{missing}' is not installed", fix)) from error
