"""Errors and warnings: every one has a code, a place, a cause and a fix; docs/errors.md lists them.

A fault is one thing that is wrong. An error carries all faults found in one input and is raised once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

#: Every code the program can answer with, and what it means. docs/errors.md has one entry for each.
CODES: dict[str, str] = {
    # F: files
    "F001": "file cannot be read",
    "F002": "format not recognised",
    "F003": "text is not valid UTF-8",
    "F004": "section or field is missing",
    "F005": "value is malformed",
    "F006": "wrong number of entries",
    "F007": "unknown key",
    "F008": "unsupported format version",
    "F009": "unsupported feature of the format",
    "F010": "section or identifier appears twice",
    "F011": "not valid JSON",
    "F012": "file cannot be written",
    "F013": "format cannot express this",
    # P: problems
    "P101": "no depot",
    "P102": "no client",
    "P103": "no vehicle type",
    "P104": "coordinate missing or not finite",
    "P105": "negative or not finite quantity",
    "P106": "load dimensions differ",
    "P107": "time window closes before it opens",
    "P108": "reference to a depot, client or profile that does not exist",
    "P109": "matrix has the wrong shape",
    "P110": "matrix entry is negative or not a number",
    "P111": "matrix diagonal is not zero",
    "P112": "preference outside [0, 1]",
    "P113": "profile vector has the wrong length",
    "P114": "name appears twice",
    "P115": "number is not a whole number or out of range",
    "P116": "neither coordinates nor a matrix",
    "P117": "unknown option value",
    "P118": "client has both delivery and pickup although backhauls go last",
    "P119": "value has the wrong type",
    "P120": "client belongs to more than one shipment",
    "P121": "one end of a shipment is optional, the other is not",
    "P122": "problem has no front between cost and preferences",
    # S: solutions
    "S201": "location does not exist",
    "S202": "vehicle type does not exist",
    "S203": "solution is malformed",
    # U: what a solver or policy cannot do
    "U301": "unknown solver",
    "U302": "solver does not support a constraint of this problem",
    "U303": "solver failed",
    "U304": "cost disagrees with the checker",
    "U305": "device not available",
    "U306": "stopping criterion not supported",
    "U307": "unknown option",
    "U308": "the search is not compiled yet",
    # W: weights
    "W401": "weights not found",
    "W402": "weights file is damaged",
    "W403": "tensors do not match the policy",
    "W404": "unsafe weights format",
    "W405": "card is malformed",
    "W406": "unknown policy",
    # C: configuration, command line and installation
    "C501": "unknown option",
    "C502": "optional dependency is missing",
    "C503": "option value is invalid",
    "C504": "training cannot go on",
    # R: roads
    "R601": "too few roads in the box",
    "R602": "place is far from every road",
    "R603": "place cannot be reached on the roads",
    "R604": "OSRM failed",
}


#: An error's message shows this many faults; `faults` holds all of them.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its code, where it is, what is wrong and how to fix it."""

    code: str
    where: str
    what: str
    fix: str

    def __post_init__(self) -> None:
        for part in ("where", "what"):  # may quote what cannot be printed
            printable = getattr(self, part).encode("utf-8", "backslashreplace").decode("utf-8")
            object.__setattr__(self, part, printable)

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.what}. {self.fix}."


class NcoError(Exception):
    """Base of all errors of the package; carries every fault found, in order."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        lines = [str(fault) for fault in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            lines.append(f"... and {len(self.faults) - SHOWN} more")
        super().__init__("\n".join(lines))

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the faults, each once, in order of appearance."""
        return tuple(dict.fromkeys(fault.code for fault in self.faults))


class FileError(NcoError):
    """A file cannot be read or written."""


class ProblemError(NcoError):
    """A problem is inconsistent."""


class SolutionError(NcoError):
    """A solution is malformed (an infeasible one is not an error: the checker reports it)."""


class SolverError(NcoError):
    """A solver cannot solve this problem, or failed."""


class WeightsError(NcoError):
    """Weights cannot be trusted or do not fit."""


class ConfigError(NcoError):
    """An option or the installation is wrong."""


class RoadsError(NcoError):
    """An extract's roads do not lead where they are needed, or the program that follows them failed."""


class NcoWarning(UserWarning):
    """Base of all warnings of the package."""


class OutOfDistributionWarning(NcoWarning):
    """The problem lies outside what the weights were trained on."""


class UnreachableWarning(NcoWarning):
    """Places were left out of a city because there is no way to or from them."""


class EmbeddingWarning(NcoWarning):
    """Coordinates were derived from the distance matrix for a policy that needs them."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Sentence that names the nearest valid name, or lists all of them."""
    options = sorted(valid)
    near = difflib.get_close_matches(name, options, n=1)
    return f"Did you mean '{near[0]}'" if near else f"Use one of: {', '.join(options)}"


class GraphWarning(NcoWarning):
    """A policy's encoder could not be recorded as CUDA graphs: training is slower, with the same results."""
