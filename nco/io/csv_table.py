"""One CSV file: its delimiter, its header, its entries, each fault with its line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from nco.errors import Fault, FileError, did_you_mean
from nco.io.csv_fields import Field, meaning, plain, text
from nco.io.files import load, located
from nco.io.sections import MOST_FAULTS, is_number

Columns = Mapping[str, str | None]
DELIMITERS = ",;\t|"
DECIMALS = (".", ",")
#: What spreadsheets may write before the header.
SEPARATOR = "sep="


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says: the fields its columns mean (None: skipped or `unknown`), its rows by line, its faults.

    `count` is the number of rows; entries are only read, into `rows`, when all columns are understood.
    """

    name: str
    count: int
    columns: dict[str, str | None]
    rows: dict[int, dict[str, Any]]
    faults: tuple[Fault, ...]
    unknown: frozenset[str] = frozenset()


def read_table(path: Path, fields: dict[str, Field], columns: Columns, decimal: str = ".") -> Table:
    """Read a file; `columns` overrides what its headers mean. Raises FileError only when it cannot be opened."""
    try:
        content = load(path)
    except FileError as error:
        raise located(error, path) from None
    faults: list[Fault] = []
    records = _records(content, faults)
    if not records:
        faults = faults or [Fault("F004", "file", "it is empty", "Write a header, then a row per entry")]
        return Table(path.name, 0, {}, {}, _placed(faults, path))
    start, header = next(iter(records.items()))
    del records[start]
    if all(map(is_number, header)):
        what = "there are numbers where the names of the columns belong"
        faults.append(Fault("F004", f"line {start}", what, "Write a header above the first row"))
        return Table(path.name, len(records), {}, {}, _placed(faults, path))
    known = {name: _meaning(name, fields, columns) for name in header}
    faults += _headers(start, header, known, columns, fields)
    read = partial(_row, known=known, fields=fields, faults=faults, decimal=decimal)
    rows = {} if faults else {line: read(line, record) for line, record in records.items()}
    _check_names(rows, faults)
    unknown = frozenset(name for name, field in known.items() if field is None and name not in columns)
    return Table(path.name, len(records), known, rows, _placed(faults, path), unknown)


def _records(content: str, faults: list[Fault]) -> dict[int, list[str]]:
    """The rows that hold anything, by line, without the empty entries that spreadsheets put at the end of all."""
    first, _, rest = content.partition("\n")
    delimiter = max(DELIMITERS, key=first.count)
    if first.lower().startswith(SEPARATOR):
        delimiter = first.strip().removeprefix(first[: len(SEPARATOR)]) or delimiter
        content = "\n" + rest
    if len(delimiter) != 1:
        faults.append(Fault("F005", "line 1", f"'{delimiter}' separates nothing", "Give one character"))
        return {}
    records: dict[int, list[str]] = {}
    reader = csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            if any(entry.strip() for entry in record):
                records[line] = [entry.strip() for entry in record]
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault("F005", f"line {line}", str(error), "Quote entries as spreadsheets do"))
    width = max((k + 1 for record in records.values() for k, entry in enumerate(record) if entry), default=0)
    return {line: record[:width] for line, record in records.items()}


def _meaning(name: str, fields: dict[str, Field], columns: Columns) -> str | None:
    """What a header means: what the user says, as a field or one of its names, else what its own name says."""
    if name not in columns:
        return meaning(name, fields)
    said = columns[name]
    return said if said is None else meaning(said, fields) or said


def _check_names(rows: dict[int, dict[str, Any]], faults: list[Fault]) -> None:
    """A name must be given once."""
    lines: dict[str, int] = {}
    for line, row in rows.items():
        name = row.get("name", "")
        if name and lines.setdefault(name, line) != line:
            what = f"the name '{name}' was given on line {lines[name]} already"
            _append(faults, Fault("F010", f"line {line}", what, "Make names unique, or skip their column"))


def _placed(faults: list[Fault], path: Path) -> tuple[Fault, ...]:
    return tuple(replace(fault, where=f"{path.name}, {fault.where}") for fault in faults)


def _headers(
    line: int, header: list[str], known: dict[str, str | None], columns: Columns, fields: dict[str, Field]
) -> Iterator[Fault]:
    where = f"line {line}"
    for name, field in columns.items():
        if name not in header:
            yield Fault("F004", where, f"there is no column '{name}'", did_you_mean(name, header))
        if field is not None and meaning(field, fields) is None:
            yield Fault("F007", f"columns['{name}']", f"'{field}' is unknown", did_you_mean(field, fields))
    for name, field in known.items():
        if header.count(name) > 1:
            yield Fault("F010", where, f"column '{name}' appears twice", "Rename or remove one of the two")
        elif field is None and name not in columns:
            near = did_you_mean(plain(name), [alias for known_field in fields.values() for alias in known_field.names])
            fix = (near + ", or map" if near.startswith("Did") else "Map") + f" it: columns={{'{name}': None}} skips it"
            yield Fault("F007", where, f"column '{name}' is unknown", fix)
        elif field is not None and list(known.values()).count(field) > 1:
            fix = f"Map one of them to another field or to None: columns={{'{name}': None}}"
            yield Fault("F010", where, f"column '{name}' is not the only one that means '{field}'", fix)
    for field, described in fields.items():
        if described.needed and field not in known.values():
            names = ", ".join(described.names)
            yield Fault("F004", where, f"no column means '{field}'", f"Name it one of: {names}; or map one to it")


def _row(
    line: int,
    record: list[str],
    *,
    known: dict[str, str | None],
    fields: dict[str, Field],
    faults: list[Fault],
    decimal: str,
) -> dict[str, Any]:
    """The entries of a row by field; empty ones are left out, faults are appended as long as there are few."""
    row: dict[str, Any] = {}
    if len(record) != len(known):
        what = f"the row has {len(record)} entries, the header {len(known)}"
        _append(faults, Fault("F006", f"line {line}", what, "Correct the row; quote entries that hold the delimiter"))
        return row
    for (name, field), entry in zip(known.items(), record, strict=True):
        where = f"line {line}, column '{name}'"
        if field is None:
            continue
        if entry:
            try:
                row[field] = fields[field].read(_pointed(entry, decimal) if fields[field].read is not text else entry)
            except ValueError as error:
                _append(faults, Fault("F005", where, f"'{entry[:40]}' {error}", "Correct the entry"))
        elif fields[field].needed:
            _append(faults, Fault("F004", where, "the entry is empty", "Fill it in or remove the row"))
    return row


def _pointed(entry: str, decimal: str) -> str:
    """A number with a decimal point."""
    if decimal == ",":
        if "." in entry:
            raise ValueError("is not a number with a decimal comma")
        return entry.replace(",", ".")
    return entry


def _append(faults: list[Fault], fault: Fault) -> None:
    if len(faults) < MOST_FAULTS:
        faults.append(fault)
