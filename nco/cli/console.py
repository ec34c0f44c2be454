"""Where output goes: results to standard output, everything else to standard error. Made anew for each use."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def results() -> Console:
    """Standard output."""
    return Console(highlight=False, soft_wrap=True)


def notes() -> Console:
    """Standard error: progress, warnings, errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(console: Console, text: str, style: str = "") -> None:
    """Print text as it is: no markup, no wrapping."""
    console.print(Text(text, style=style))
