"""Stored references of the fixed validation sets: what their problems cost when a solver has had time for each.

scripts/validation_references.py writes them, for every set that configs/validation names.
"""

from __future__ import annotations

from importlib.resources import files

from pydantic import BaseModel, TypeAdapter


class Reference(BaseModel):
    """The best known solutions of a validation set, in the order of its problems."""

    preset: str
    size: int  # clients
    seed: int
    how: str  # solver, version and time
    costs: tuple[float, ...]  # in the units of the validation's costs

    @property
    def mean(self) -> float:
        """Mean cost of the problems."""
        return sum(self.costs) / len(self.costs)


References = TypeAdapter(list[Reference])


def stored() -> list[Reference]:
    """All references that ship with the package."""
    return References.validate_json((files("nco.data") / "references.json").read_bytes())


def reference(preset: str, size: int, count: int, seed: int) -> float | None:
    """Mean cost of the best known solutions of a validation set; None when nobody has looked for them."""
    key = (preset, size, count, seed)
    found = [entry.mean for entry in stored() if (entry.preset, entry.size, len(entry.costs), entry.seed) == key]
    return found[0] if found else None
