"""The problems of a benchmark: files with their published solutions, or problems drawn from a preset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nco.bench.references import reference, references
from nco.errors import ConfigError, Fault, FileError, NcoError
from nco.io import read, read_set
from nco.io.files import located
from nco.io.folders import SETS, holds_problems
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

    A file may hold one problem or a set of many, which then are called file#0, file#1 ... Solutions beside a file are
    references, at the cost that nco.check finds under the same rounding.
    Raises FileError with the faults of all files that cannot be read, ConfigError when no problem is left.
    """
    found: list[tuple[Path, list[Problem]]] = []
    faults: list[Fault] = []
    for path in _files(paths):
        try:
            found.append((path, _problems(path, rounding, limit)))
        except NcoError as error:
            faults += error.faults
    if faults:
        raise FileError(faults)
    fitting = [(path, p) for path, p in found if max_clients is None or p[0].num_clients <= max_clients]
    fitting.sort(key=lambda item: (item[1][0].num_clients, item[0].name))
    if not fitting:
        what = f"no problem has at most {max_clients} clients" if found else "there is no problem file"
        raise ConfigError(Fault("C503", ", ".join(map(str, paths)), what, "Name other files or options"))
    names = _unique([path for path, _ in fitting])
    wanted = len([p for _, problems in fitting for p in problems]) if limit is None else limit
    instances: list[Instance] = []
    for name, (path, problems) in zip(names, fitting, strict=True):
        instances += _instances(name, path, problems[: wanted - len(instances)])
    return instances


def from_preset(name: str, size: int, count: int, seed: int) -> list[Instance]:
    """`count` problems of `size` clients, drawn from a preset's distribution; the same seed gives the same problems."""
    from nco.envs.presets import problems

    return [Instance(f"{name}-{size}-{seed}-{k}", p) for k, p in enumerate(problems(name, size, count, seed))]


def _files(paths: Iterable[Path]) -> list[Path]:
    """Files as given; of folders, the files that hold problems."""
    found: list[Path] = []
    for path in paths:
        found += filter(holds_problems, sorted(path.iterdir())) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _problems(path: Path, rounding: str | None, limit: int | None) -> list[Problem]:
    """The problem of a file, or the first `limit` of a set."""
    if path.suffix.lower() not in SETS:
        return [read(path, rounding=rounding)]  # type: ignore[arg-type]  # validated by Problem
    problems: list[Problem] = []
    every = read_set(path)
    for k in range(len(every) if limit is None else min(limit, len(every))):
        try:
            problems.append(replace(every[k], rounding=rounding) if rounding else every[k])  # type: ignore[arg-type]
        except NcoError as error:
            raise located(error, Path(f"{path.name}#{k}")) from None
    return problems


def _instances(name: str, path: Path, problems: Sequence[Problem]) -> Iterator[Instance]:
    if path.suffix.lower() not in SETS:
        yield from (Instance(name, problem, reference(path, problem)) for problem in problems)
    else:
        for k, (problem, cost) in enumerate(zip(problems, references(path, problems), strict=True)):
            yield Instance(f"{name}#{k}", problem, cost)


def _unique(paths: Sequence[Path]) -> list[str]:
    """A short name for each file: its stem; the path without or with the suffix where that is not unique."""
    stems, bare = [path.stem for path in paths], [str(path.with_suffix("")) for path in paths]
    return [
        stem if stems.count(stem) == 1 else name if bare.count(name) == 1 else str(path)
        for stem, name, path in zip(stems, bare, paths, strict=True)
    ]
