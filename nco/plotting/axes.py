"""A figure of our own for pictures that are given none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(width: float, height: float) -> Axes:
    """Axes on a fresh figure of this size in inches; `ax.figure.savefig(path)` stores it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=150, layout="constrained").add_subplot()


def quiet(ax: Axes) -> None:
    """Take away what does not carry data: the upper and right frame."""
    ax.spines[["top", "right"]].set_visible(False)
