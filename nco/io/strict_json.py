"""JSON in and out without surprises: strict parsing, every deviation from a pydantic model a fault with its path."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ValidationError

from nco.errors import Fault, FileError, did_you_mean

Data = TypeVar("Data", bound=BaseModel)


def parsed(text: str, example: str) -> dict[str, Any]:
    """The object that the text holds; numbers must be finite and keys unique. `example` is shown for anything else."""
    try:
        raw = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise FileError(Fault("F011", "file", "it is nested too deeply", "Use at most a few levels")) from None
    except json.JSONDecodeError as error:
        raise FileError(Fault("F011", f"line {error.lineno}", error.msg, "Correct the JSON")) from None
    except ValueError as error:  # a number of thousands of digits
        raise FileError(Fault("F011", "file", str(error), "Correct the JSON")) from None
    if not isinstance(raw, dict):
        raise FileError(Fault("F005", "top level", "it is not an object", f"Write {example}"))
    return raw


def _no_constant(name: str) -> NoReturn:
    raise FileError(Fault("F011", "file", f"{name} is not JSON", "Write null for no limit"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileError(Fault("F010", f"key '{twice}'", "it appears twice in one object", "Remove one of the two"))
    return result


def modelled(raw: Any, model: type[Data]) -> Data:
    """The raw data as a model; raises FileError with every deviation and its path."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise FileError(_fault(entry, model) for entry in error.errors(include_url=False)) from None


#: Type of a pydantic error -> our code; all others are malformed values.
_CODES = {
    "missing": "F004",
    "extra_forbidden": "F007",
    "too_long": "F006",
    "too_short": "F006",
    "literal_error": "P117",
}
_FIXES = {"F004": "Add the key", "F005": "Correct the value", "F006": "Give as many entries as docs/formats.md says"}


def _fault(error: Any, model: type[BaseModel]) -> Fault:
    path, code, what = error["loc"], _CODES.get(error["type"], "F005"), error["msg"]
    if code == "F004" and isinstance(path[-1], int):  # an entry of a pair
        code = "F006"
    if code == "F005":
        what = f"{reprlib.repr(error['input'])}: {what}"
    fix = _FIXES.get(code, "")
    if code == "F007":
        fix = did_you_mean(str(path[-1]), _model_at(model, path).model_fields)
    elif code == "P117":
        fix = f"Use {error['ctx']['expected']}"
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return Fault(code, where, what, fix)


def _model_at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that holds the last step of a path; steps that are numbers or keys of a mapping have none."""
    for step in path[:-1]:
        if step in model.model_fields:
            annotation = model.model_fields[str(step)].annotation
            model = next((t for t in (annotation, *get_args(annotation)) if hasattr(t, "model_fields")), model)
    return model


def plain(value: Any) -> Any:
    """Dataclasses as dictionaries without defaults, arrays and tuples as lists, infinity as None."""
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        blank = {field.name: field.default for field in fields(value)}
        return {name: plain(given[name]) for name in given if not _same(given[name], blank[name])}
    if isinstance(value, np.ndarray):  # of a profile, hence finite
        return value.tolist()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def _same(value: Any, default: Any) -> bool:
    return not isinstance(value, np.ndarray) and bool(value == default)


def store(data: Mapping[str, Any], path: Path) -> None:
    """Lists last and one line for each of their entries, so that files can be read and compared."""
    lines = []
    for key, value in sorted(data.items(), key=lambda item: isinstance(item[1], list)):
        entries = [json.dumps(entry, allow_nan=False) for entry in value] if isinstance(value, list) else []
        block = "[\n    " + ",\n    ".join(entries) + "\n  ]" if entries else json.dumps(value, allow_nan=False)
        lines.append(f"  {json.dumps(key)}: {block}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
