"""What became of each run, kept in a file that grows line by line: nothing is lost when a benchmark is cut short."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from nco.bench.matrix import Run
from nco.errors import ConfigError, Fault, FileError

Status = Literal["feasible", "infeasible", "overrun", "failed"]


@dataclass(frozen=True, slots=True)
class Record:
    """The outcome of a run.

    cost: judged by nco.check, None unless feasible; wall: seconds on the clock of the process that started the run;
    message: why a run failed or what is infeasible; routes: vehicle type and visits of each, to check again.
    """

    run: Run
    clients: int
    status: Status
    wall: float
    cost: float | None = None
    iterations: int = 0
    message: str = ""
    routes: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


class Records:
    """The records in a folder's runs.jsonl: those of an earlier benchmark and `new` ones, in order of arrival."""

    def __init__(self, path: Path, old: list[Record]) -> None:
        self.path = path
        self.old = old
        self.new: list[Record] = []
        self._runs = {record.run for record in old}

    @classmethod
    def open(cls, folder: Path, resume: bool) -> Self:
        """The folder's records. Raises ConfigError when there are some and they are not to be kept."""
        path = folder / "runs.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        except OSError as error:
            raise FileError(Fault("F012", str(folder), error.strerror or str(error), "Choose another --out")) from error
        if lines and not resume:
            fix = "Add --resume to go on, or choose another --out"
            raise ConfigError(Fault("C503", str(path), "there are results of an earlier benchmark", fix))
        old = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
        return cls(path, old)

    def of(self, runs: Iterable[Run]) -> list[Record]:
        """The records of these runs, in order of arrival."""
        wanted = set(runs)
        return [record for record in self.old + self.new if record.run in wanted]

    def __contains__(self, run: Run) -> bool:
        return run in self._runs

    def append(self, record: Record) -> None:
        """Keep a record, on disk before anything else happens."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
        self.new.append(record)
        self._runs.add(record.run)


def _parse(path: Path, number: int, line: str) -> Record:
    try:
        fields = json.loads(line)
        return Record(**{**fields, "run": Run(**fields["run"])})
    except (ValueError, TypeError, KeyError) as error:
        fix = "Remove this line; its run will be repeated"
        raise FileError(Fault("F005", f"{path}, line {number}", f"not a record ({error})", fix)) from error
