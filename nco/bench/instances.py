"""The problems of a benchmark: files with their published solutions, or problems drawn from a preset."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nco.checker import check
from nco.errors import ConfigError, Fault, FileError, NcoError, NcoWarning
from nco.io import read, read_solution
from nco.io.formats import PROBLEM_READERS
from nco.problem import Problem


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """A problem under a name that is unique in the benchmark. `reference` is the cost of a published solution."""

    name: str
    problem: Problem
    reference: float | None = None


def from_files(
    paths: Sequence[Path], rounding: str | None = None, limit: int | None = None, max_clients: int | None = None
) -> list[Instance]:
    """Problems of the files and folders given, smallest first, at most `limit` of at most `max_clients` clients.

    A .sol file beside a problem is its reference, at the cost that nco.check finds under the same rounding.
    Raises FileError with the faults of all files that cannot be read, ConfigError when no problem is left.
    """
    read_ones: list[tuple[Path, Problem]] = []
    faults: list[Fault] = []
    for path in _files(paths):
        try:
            read_ones.append((path, read(path, rounding=rounding)))  # type: ignore[arg-type]  # validated by Problem
        except NcoError as error:
            faults += error.faults
    if faults:
        raise FileError(faults)
    fitting = [(path, p) for path, p in read_ones if max_clients is None or p.num_clients <= max_clients]
    fitting.sort(key=lambda item: (item[1].num_clients, item[0].name))
    if not fitting:
        what = "there is no problem file" if not read_ones else f"no problem has at most {max_clients} clients"
        raise ConfigError(Fault("C503", ", ".join(map(str, paths)), what, "Name other files or options"))
    names = _unique([path for path, _ in fitting[:limit]])
    return [Instance(name, p, _reference(path, p)) for name, (path, p) in zip(names, fitting, strict=False)]


def from_preset(name: str, size: int, count: int, seed: int) -> list[Instance]:
    """`count` problems of `size` clients, drawn from a preset's distribution; the same seed gives the same problems."""
    from nco.envs.presets import problems

    return [Instance(f"{name}-{size}-{seed}-{k}", p) for k, p in enumerate(problems(name, size, count, seed))]


def _files(paths: Iterable[Path]) -> list[Path]:
    """Files as given; of folders, the files that bear the suffix of a problem format."""
    suffixes = {reader.suffix for reader in PROBLEM_READERS}
    found: list[Path] = []
    for path in paths:
        found += sorted(p for p in path.iterdir() if p.suffix.lower() in suffixes) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _unique(paths: Sequence[Path]) -> list[str]:
    """A short name for each file: its stem, with the folder where two files share it."""
    stems = [path.stem for path in paths]
    return [str(path.with_suffix("")) if stems.count(path.stem) > 1 else path.stem for path in paths]


def _reference(path: Path, problem: Problem) -> float | None:
    beside = path.with_suffix(".sol")
    if not beside.exists():
        return None
    report = check(problem, read_solution(beside, problem))
    if report.is_feasible():
        return report.cost.total
    warnings.warn(f"{beside} is no reference: {report.violations[0]}", NcoWarning, stacklevel=3)
    return None
