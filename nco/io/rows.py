"""Rows of numbers separated by blanks, with their line numbers: what Li & Lim's and Cordeau's files consist of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nco.errors import Fault, FileError
from nco.io.sections import is_number

Row = tuple[int, list[str]]


def rows_of(text: str) -> list[Row]:
    """Line number and words of every line that is not blank; raises FileError when there is none."""
    numbered = ((number, line.split()) for number, line in enumerate(text.splitlines(), start=1))
    if not (rows := [row for row in numbered if row[1]]):
        raise FileError(Fault("F004", "file", "it is empty", "See docs/formats.md for what belongs there"))
    return rows


def check_row(row: Row, least: int, most: int) -> Iterator[Fault]:
    """Faults of one row: its number of entries, and entries that are not numbers."""
    line, words = row
    if not least <= len(words) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        yield Fault("F006", f"line {line}", f"the row has {len(words)} entries instead of {wanted}", "Correct the row")
    for word in words:
        if not is_number(word):
            yield Fault("F005", f"line {line}", f"'{word}' is not a finite number", "Give a number")


def check_numbering(rows: Sequence[Row], first: int) -> Iterator[Fault]:
    """A fault where the first entries of the rows do not count up from `first`; the rest would be wrong too."""
    for expected, (line, words) in enumerate(rows, start=first):
        if is_number(words[0]) and (number := float(words[0])) != expected:
            twice = number in range(first, expected)
            what = f"row {words[0]} " + ("was given before" if twice else f"where {expected} belongs")
            yield Fault("F010" if twice else "F005", f"line {line}", what, "Number rows in order, each once")
            return
