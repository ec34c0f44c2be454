"""Which files of a folder hold problems: told by content, since half of the formats have no suffix of their own."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from nco.io.formats import HEAD, NCO_JSON, PROBLEM_READERS, SET_READERS, VROOM

#: Suffixes of problems and of nothing else: a file that bears one and cannot be read is an error.
OWN = (".vrp", ".tsp", ".atsp")
#: Suffixes of what lies beside problems and quotes from them.
BESIDE = (".sol", ".tour", ".md", ".rst")
SETS = tuple(reader.suffix for reader in SET_READERS)
#: Patterns of the formats that are rows of text.
ROWS = [reader.pattern for reader in PROBLEM_READERS if reader not in (NCO_JSON, VROOM)]


def holds_problems(path: Path) -> bool:
    """Whether a file is meant for `nco.read` or `nco.io.read_set`; a damaged one counts: it must not be passed by."""
    suffix = path.suffix.lower()
    if not path.is_file() or suffix in BESIDE:
        return False
    if suffix in OWN:
        return True
    if suffix in SETS:
        return _is_set(path)
    with path.open("rb") as stream:
        head = stream.read(HEAD).decode("utf-8-sig", "replace")
    if suffix == ".json" or head.lstrip().startswith("{"):
        return _is_problem(path)
    return any(re.search(pattern, head, re.MULTILINE) for pattern in ROWS)


def _is_set(path: Path) -> bool:
    """An archive of problems has their places; one of tours has not."""
    try:
        return "locs.npy" in zipfile.ZipFile(path).namelist()
    except (OSError, zipfile.BadZipFile):
        return True


def _is_problem(path: Path) -> bool:
    """JSON of ours or VROOM's; other objects, such as solutions and lists of known costs, are none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(data, dict) and (data.get("format") == "nco-problem" or "vehicles" in data)
