"""Lines of a VRPLIB file: `KEY : VALUE`, then sections of rows. Keeps line numbers, so that every fault has its place.

The library vrplib reads the values but checks nothing; what passes the checks here, it reads correctly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from nco.errors import Fault, did_you_mean

#: Faults reported per section: one slip often breaks every row.
MOST_FAULTS = 10

_HEADER = re.compile(r"([A-Z_]+)_SECTION\s*:?")
_SPECIFICATION = re.compile(r"([A-Za-z_]\w*)\s*:\s*(.*)")


@dataclass(slots=True)
class Section:
    """Rows of one section: line number and words of each."""

    line: int
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """What a file says, in words: specifications with their lines, sections, and the faults met on the way."""

    specifications: dict[str, tuple[int, str]] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def text(self, keys: Iterable[str], names: Iterable[str]) -> str:
        """The given specifications and sections as a file."""
        lines = [f"{key} : {self.specifications[key][1]}" for key in keys if key in self.specifications]
        for name in names:
            if name in self.sections:
                lines.append(f"{name}_SECTION")
                lines += [" ".join(words) for _, words in self.sections[name].rows]
        return "\n".join(lines)


def scan(text: str, keys: Sequence[str], names: Sequence[str]) -> Scan:
    """Sort the lines of a file; unknown and repeated keys and sections, and lines that are neither, are faults."""
    result = Scan()
    section: Section | None = None
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line in ("EOF", "EOF:"):
            break
        if not line or line.startswith("#"):
            continue
        if header := _HEADER.fullmatch(line):
            section = _new_section(result, number, header[1], names)
        elif specification := _SPECIFICATION.fullmatch(line):
            _new_specification(result, number, specification[1].upper(), specification[2], keys)
        elif section is not None:
            section.rows.append((number, line.split()))
        else:
            what = f"'{line[:40]}' is neither 'KEY : VALUE' nor the start of a section"
            result.faults.append(Fault("F005", f"line {number}", what, "Correct or remove the line"))
            if len(result.faults) >= MOST_FAULTS:
                break
    return result


def _new_section(result: Scan, number: int, name: str, names: Sequence[str]) -> Section:
    section = Section(number)
    if name not in names:
        fix = did_you_mean(f"{name}_SECTION", [f"{known}_SECTION" for known in names])
        result.faults.append(Fault("F009", f"line {number}", f"{name}_SECTION is not supported", fix))
    elif name in result.sections or name in result.specifications:
        what = f"{name} was given before"
        result.faults.append(Fault("F010", f"line {number}", what, "Remove one of the two"))
    else:
        result.sections[name] = section
    return section


def _new_specification(result: Scan, number: int, key: str, value: str, keys: Sequence[str]) -> None:
    if key not in keys:
        result.faults.append(Fault("F007", f"line {number}", f"{key} is unknown", did_you_mean(key, keys)))
    elif key in result.sections or (key in result.specifications and key != "COMMENT"):
        result.faults.append(Fault("F010", f"line {number}", f"{key} was given before", "Remove one of the two"))
    else:
        result.specifications[key] = (number, value)


def is_number(word: str) -> bool:
    """True for a finite decimal number."""
    try:
        return math.isfinite(float(word)) and "_" not in word
    except ValueError:
        return False


def is_count(word: str) -> bool:
    """True for a whole number of reasonable length."""
    return word.isdecimal() and len(word) < 10


def _wrong(words: Sequence[str]) -> list[str]:
    """The words that are not finite numbers; quick when there are none."""
    try:
        fine = math.isfinite(sum(map(float, words))) and "_" not in "".join(words)
    except ValueError:
        fine = False
    return [] if fine else [word for word in words if not is_number(word)]


def check_table(name: str, section: Section, width: int, count: int) -> Iterator[Fault]:
    """Faults of a section with one row per node: its number, counting from 1, then `width` numbers."""
    yield from islice(_rows(name, section, width), MOST_FAULTS)
    if len(section.rows) != count:
        what = f"{name}_SECTION has {len(section.rows)} rows, DIMENSION is {count}"
        yield Fault("F006", f"line {section.line}", what, "Give one row per node")


def _rows(name: str, section: Section, width: int) -> Iterator[Fault]:
    for expected, (line, words) in enumerate(section.rows, start=1):
        if len(words) != width + 1:
            what = f"the row has {len(words)} entries instead of {width + 1}"
            yield Fault("F006", f"line {line}", what, f"Give the node and its {width} value(s) of {name}_SECTION")
            return
        if wrong := _wrong(words):
            yield Fault("F005", f"line {line}", f"'{wrong[0]}' is not a finite number", "Give a number")
        elif (node := float(words[0])) != expected:
            yield _misplaced(line, node, expected)
            return  # every row after it would be reported too


def _misplaced(line: int, node: float, expected: int) -> Fault:
    if node in range(1, expected):
        return Fault("F010", f"line {line}", f"node {node:g} was given before", "Give every node once")
    return Fault("F005", f"line {line}", f"node {node:g} where node {expected} belongs", "List nodes in order, from 1")


def check_matrix(section: Section, layout: str, size: int, wrapped: bool) -> Iterator[Fault]:
    """Faults of EDGE_WEIGHT_SECTION: entries that are not numbers, rows or numbers that are missing.

    `wrapped`: a row of a full matrix may run over several lines. Those of a triangle always may.
    """
    bad = ((line, word) for line, words in section.rows for word in _wrong(words))
    for line, word in islice(bad, MOST_FAULTS):
        yield Fault("F005", f"line {line}", f"'{word}' is not a finite number", "Give a number")
    entries = sum(len(words) for _, words in section.rows)
    full = layout == "FULL_MATRIX"
    expected = size * size if full else size * (size + (1 if "DIAG" in layout else -1)) // 2
    uneven = full and not wrapped and any(len(words) != size for _, words in section.rows)
    if entries != expected or uneven:
        diagonal = "with" if "DIAG" in layout else "without"
        shape = f"{size} rows of {size}" if full else f"one triangle, {diagonal} the diagonal"
        what = f"{entries} entries for {layout} of {size} nodes"
        yield Fault("F006", f"line {section.line}", what, f"Give {expected} numbers: {shape}")
