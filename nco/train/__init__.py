"""Training: `nco train` and nco.train.main. Needs the extra 'train' (lightning, hydra-core)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from nco.errors import ConfigError, Fault


def main(overrides: Sequence[str] = ()) -> Path:
    """Train with Hydra overrides (`experiment=smoke trainer.max_steps=100`); returns the weights that were written.

    Progress goes to the logger "nco.train". Raises ConfigError for a missing extra, an unknown key or an invalid value;
    KeyboardInterrupt when the run was stopped by Ctrl-C or SIGTERM, after it has kept what was learnt.
    """
    _require_extra()
    from nco.train.config import compose
    from nco.train.run import train

    return train(compose(overrides))


def explain() -> str:
    """What can be overridden: groups with their choices, keys with their values."""
    _require_extra()
    from nco.train.config import explain

    return explain()


def throughput(overrides: Sequence[str] = ()) -> Iterator[str]:
    """How fast a training step and a greedy rollout are on this machine, beside RL4CO's: lines of Markdown."""
    _require_extra()
    from nco.train.speed import report

    return report(overrides)


def is_first() -> bool:
    """Whether this process, of several that learn together, is the one that measures, writes and talks."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


def _require_extra() -> None:
    for module in ("lightning", "hydra"):
        if find_spec(module) is None:
            fix = "Install it with: pip install 'nco-vrp[train]'"
            raise ConfigError(Fault("C502", "nco train", f"the package '{module}' is missing", fix))
