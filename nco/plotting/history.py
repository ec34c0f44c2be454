"""The cost over time of one result or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nco.plotting.axes import new_axes, quiet
from nco.plotting.palette import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nco.result import Result


def plot_history(results: Result | Sequence[Result], ax: Axes | None = None) -> Axes:
    """Draw the best cost known at each moment, as steps that end when the solver did."""
    ax = ax or new_axes(6.4, 3.6)
    shown = results if isinstance(results, Sequence) else [results]
    for index, result in enumerate(shown):
        points = [*result.history, (result.runtime, result.history[-1][1])] if result.history else []
        seconds, costs = [p[0] for p in points], [p[1] for p in points]
        ax.step(seconds, costs, where="post", color=PALETTE[index % len(PALETTE)], label=result.solver, linewidth=1.8)
    ax.set_xlabel("seconds")
    ax.set_ylabel("cost")
    ax.legend(frameon=False)
    quiet(ax)
    return ax
