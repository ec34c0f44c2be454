"""One CSV file: its delimiter, its header, its entries, each fault with its line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from nco.errors import Fault, FileError, did_you_mean
from nco.io.csv_fields import Field, meaning, plain
from nco.io.files import load, located
from nco.io.sections import MOST_FAULTS

Columns = Mapping[str, str | None]
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says: the fields its columns mean (None: skipped), its rows by line, its faults.

    `count` is the number of rows; entries are only read, into `rows`, when all columns are understood.
    """

    name: str
    count: int
    columns: dict[str, str | None]
    rows: dict[int, dict[str, Any]]
    faults: tuple[Fault, ...]


def read_table(path: Path, fields: dict[str, Field], columns: Columns) -> Table:
    """Read a file; `columns` overrides what its headers mean. Raises FileError only when it cannot be opened."""
    try:
        content = load(path)
    except FileError as error:
        raise located(error, path) from None
    first = content.partition("\n")[0]
    reader = csv.reader(StringIO(content, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    faults: list[Fault] = []
    records: dict[int, list[str]] = {}
    line = 1
    try:
        for record in reader:
            if any(entry.strip() for entry in record):
                records[line] = [entry.strip() for entry in record]
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault("F005", f"line {line}", str(error), "Quote entries as spreadsheets do"))
    if not records:
        faults = faults or [Fault("F004", "file", "it is empty", "Write a header, then a row per entry")]
        return Table(path.name, 0, {}, {}, _placed(faults, path))
    start, header = next(iter(records.items()))
    del records[start]
    known: dict[str, str | None] = {name: columns.get(name, meaning(name, fields)) for name in header}
    faults += _headers(start, header, known, columns, fields)
    rows = {} if faults else {line: _row(line, record, known, fields, faults) for line, record in records.items()}
    return Table(path.name, len(records), known, rows, _placed(faults, path))


def _placed(faults: list[Fault], path: Path) -> tuple[Fault, ...]:
    return tuple(replace(fault, where=f"{path.name}, {fault.where}") for fault in faults)


def _headers(
    line: int, header: list[str], known: dict[str, str | None], columns: Columns, fields: dict[str, Field]
) -> Iterator[Fault]:
    where = f"line {line}"
    for name, field in columns.items():
        if name not in header:
            yield Fault("F004", where, f"there is no column '{name}'", did_you_mean(name, header))
        if field is not None and field not in fields:
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
    line: int, record: list[str], known: dict[str, str | None], fields: dict[str, Field], faults: list[Fault]
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
                row[field] = fields[field].read(entry)
            except ValueError as error:
                _append(faults, Fault("F005", where, f"'{entry[:40]}' {error}", "Correct the entry"))
        elif fields[field].needed:
            _append(faults, Fault("F004", where, "the entry is empty", "Fill it in or remove the row"))
    return row


def _append(faults: list[Fault], fault: Fault) -> None:
    if len(faults) < MOST_FAULTS:
        faults.append(fault)
