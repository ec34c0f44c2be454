"""Text in and out, and errors that say where in which file."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nco.errors import Fault, FileError, NcoError, ProblemError

#: What stands for standard input on a command line.
STANDARD_INPUT = Path("-")


def load(path: Path) -> str:
    """Text of a regular file in UTF-8, or of standard input for "-", a byte order mark removed."""
    try:
        if path == STANDARD_INPUT:
            return _decoded(sys.stdin.buffer.read())
        if not path.is_file():
            kind = "it is a folder" if path.is_dir() else "it is not a regular file"
            raise FileNotFoundError(kind if path.exists() else "it does not exist")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise FileError(Fault("F001", "file", str(error), "Check the path and its permissions")) from error
    return _decoded(content)


def _decoded(content: bytes) -> str:
    if content.startswith(b"PK\x03\x04"):
        what = "it is a zip archive: a set of problems, or a spreadsheet"
        raise FileError(Fault("F002", "file", what, "Read sets (.npz) with nco.io.read_set; save a spreadsheet as CSV"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte {content[error.start]:#04x} is not UTF-8"
        fix = "Save the file as UTF-8 text (spreadsheets call it 'CSV UTF-8')"
        raise FileError(Fault("F003", f"line {line}", what, fix)) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        what = "it holds NUL characters: binary data or UTF-16"
        raise FileError(Fault("F003", f"line {line}", what, "Save the file as UTF-8 text"))
    return text


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn failures of the file system into F012."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise FileError(
            Fault("F012", "file", str(error), f"Check that '{path.parent}' exists and is writable")
        ) from error


def located(error: NcoError, path: Path) -> NcoError:
    """The same error with the file's name in front of every place."""
    return type(error)(replace(fault, where=f"{path.name}, {fault.where}") for fault in error.faults)


_ELEMENT = re.compile(r"(depots|clients|vehicle_types|profiles|shipments)\[(\d+)\][^.]*\.(\w+)")


@contextmanager
def at_lines(line_of: Callable[[str, int, str], int | str | None]) -> Iterator[None]:
    """Give faults of a problem the file's line, from `line_of(kind, index, field)`: a number or words."""
    try:
        yield
    except ProblemError as error:
        raise ProblemError(_at_line(fault, line_of) for fault in error.faults) from None


def _at_line(fault: Fault, line_of: Callable[[str, int, str], int | str | None]) -> Fault:
    element = _ELEMENT.match(fault.where)
    line = line_of(element[1], int(element[2]), element[3]) if element else None
    place = f"line {line}" if isinstance(line, int) else line
    return fault if place is None else replace(fault, where=f"{place}, {fault.where}")
