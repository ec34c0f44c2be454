"""How every command ends: errors and warnings in a line each, and the exit code."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nco.errors import NcoError

BAD_INPUT, INFEASIBLE, INTERRUPTED = 2, 3, 130


def _remember(context: typer.Context, wanted: bool) -> None:
    context.meta["nco.debug"] = wanted


#: Option of every command; read by `Commands`, so that the command itself has no use for its value.
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", callback=_remember, expose_value=False)
]

#: Option of every command that reads a problem; the reader of the file checks the name.
RoundingName = Annotated[
    str | None,
    typer.Option("--rounding", help="Rounding of computed distances: none, round, trunc, ceil, dimacs, exact."),
]


class Commands(TyperGroup):
    """The group of all commands: turns an NcoError into lines in red and exit code 2, Ctrl-C into 130."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A command may have a name of two words."""
        words = " ".join(args[:2])
        return (words, self.commands[words], args[2:]) if words in self.commands else super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            try:
                return super().invoke(ctx)
            except NcoError as error:
                if ctx.meta.get("nco.debug"):
                    raise
                _complain(str(error))
                raise typer.Exit(BAD_INPUT) from error
            except KeyboardInterrupt:
                _complain("interrupted")
                raise typer.Exit(INTERRUPTED) from None


def _complain(message: str) -> None:
    from nco.cli.console import notes, say

    for line in message.splitlines():
        say(notes(), line, "red")


def _warn(message: Warning | str, *details: Any, **more: Any) -> None:
    from nco.cli.console import notes, say

    if isinstance(message, UserWarning) or sys.warnoptions:
        say(notes(), f"warning: {message}", "yellow")
