"""nco bench throughput: how fast training is on this machine, beside RL4CO."""

from __future__ import annotations

import typer

from nco.cli.console import results, say
from nco.cli.train import needs_extra


def throughput(context: typer.Context) -> None:
    """Measure a training step and a greedy rollout beside RL4CO's; arguments are overrides of nco train.

    CVRP with 100 clients on a GPU, 20 on a CPU, a rollout from every client. Then the same network, trained in two
    phases and with gradients through every step. Ends with the parts of a step and with the floor: what its products
    and its traffic would take at the rates that are measured on the same machine.
    """
    with needs_extra("nco bench throughput"):
        from nco.train import throughput as measure

        for line in measure(context.args):
            say(results(), line)
