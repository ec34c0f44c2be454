"""A figure of our own for pictures that are given none, and how to store it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nco.errors import Fault, FileError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(width: float, height: float) -> Axes:
    """Axes on a fresh figure of this size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=150, layout="constrained").add_subplot()


def save(ax: Axes, path: Path) -> None:
    """Write the figure that holds the axes; raises FileError (F012) when that fails."""
    figure = ax.get_figure(root=True)
    try:
        if figure is not None:
            figure.savefig(path)
    except OSError as error:
        raise FileError(Fault("F012", str(path), error.strerror or str(error), "Choose another place")) from error


def quiet(ax: Axes) -> None:
    """Take away what does not carry data: the upper and right frame."""
    ax.spines[["top", "right"]].set_visible(False)
