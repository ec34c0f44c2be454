"""The files a solve writes: checked before the work starts, written when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nco.errors import Fault, FileError, NcoError
from nco.result import Result

#: Pictures that matplotlib draws without further programs.
PICTURES = (".pdf", ".png", ".svg")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where to write the solution, the page and the picture, None for none; the solution's format, None: by suffix."""

    solution: Path | None
    page: Path | None
    picture: Path | None
    format: str | None = None

    def check(self, source: Path) -> None:
        """Raise FileError now for what could not be written later: unknown suffixes, missing folders, the problem."""
        faults = misplaced((self.solution, self.page, self.picture), source)
        if self.solution is not None and not self.solution.is_dir():
            from nco.io.files import located
            from nco.io.formats import SOLUTION_WRITERS, for_suffix, named

            try:
                if self.format is not None:
                    named(self.format, SOLUTION_WRITERS)
                else:
                    for_suffix(self.solution.suffix, SOLUTION_WRITERS)
            except NcoError as error:
                faults += located(error, self.solution).faults
        faults += unknown_suffix(self.picture, PICTURES, "picture")
        if faults:
            raise FileError(faults)

    def write(self, best: Result, results: Sequence[Result]) -> None:
        """Write the best result, the page about all results, and the picture of the best."""
        if self.solution is not None:
            from nco.io import write

            write(best, self.solution, format=self.format)
        if self.page is not None:
            from nco.report import write_html

            write_html(results, self.page)
        if self.picture is not None:
            from nco.plotting.axes import save

            save(best.plot(), self.picture)


def misplaced(paths: Sequence[Path | None], source: Path) -> list[Fault]:
    """Faults of files that could not be written, or that would replace the problem."""
    faults: list[Fault] = []
    for path in filter(None, paths):
        if path.exists() and source.exists() and path.samefile(source):
            faults.append(Fault("F012", str(path), "it is the problem itself", "Choose another name"))
        if path.is_dir():
            faults.append(Fault("F012", str(path), "it is a folder", "Name a file in it"))
        elif not path.absolute().parent.is_dir():
            faults.append(Fault("F012", str(path), "its folder does not exist", "Create the folder first"))
    return faults


def unknown_suffix(path: Path | None, known: Sequence[str], kind: str) -> list[Fault]:
    """The fault of a file of this kind whose suffix says that it is none; folders are faulty in another way."""
    if path is None or path.is_dir() or path.suffix.lower() in known:
        return []
    return [Fault("F002", str(path), f"not a kind of {kind} known here", f"Use one of: {', '.join(known)}")]
