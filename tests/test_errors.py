"""Errors: every code is documented and raised, messages are complete and can be printed."""

import re
from pathlib import Path

import pytest

import nco
import nco.errors
from nco.errors import CODES, SHOWN, Fault, FileError, NcoError, ProblemError, did_you_mean

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "errors.md").read_text()


def sections() -> dict[str, str]:
    parts = re.split(r"^### (\S+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_of_errors_lists_exactly_the_codes_in_order() -> None:
    assert list(sections()) == list(CODES)
    assert PAGE.count("\n### ") == len(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_with_an_example_and_a_fix(code: str) -> None:
    text = " ".join(sections()[code].split())
    assert text.startswith(f"**{CODES[code]}**")
    assert re.search(r"Example: \S.*\. Fix: \S.*\.", text)


def test_codes_are_in_order() -> None:
    groups = "FPSUWCR"
    assert list(CODES) == sorted(CODES, key=lambda code: (groups.index(code[0]), code))


@pytest.mark.parametrize("code", [code for code in CODES if code[0] in "FPSR"])
def test_every_code_is_raised_somewhere(code: str) -> None:
    sources = [path for folder in ("nco", "envs") for path in (ROOT / folder).rglob("*.py") if path.name != "errors.py"]
    assert any(f'"{code}"' in path.read_text() for path in sources)


def test_an_error_carries_all_faults_and_each_code_once() -> None:
    error = FileError([Fault("F005", "line 1", "a", "b"), Fault("F006", "line 2", "c", "d"), Fault("F005", "", "", "")])
    assert error.codes == ("F005", "F006")
    assert len(error.faults) == 3
    assert str(error).splitlines()[:2] == ["F005 line 1: a. b.", "F006 line 2: c. d."]


def test_one_fault_may_stand_alone() -> None:
    fault = Fault("P101", "depots", "there is none", "Add at least one")
    assert ProblemError(fault).faults == (fault,)


def test_a_long_list_of_faults_is_cut_in_the_message_only() -> None:
    error = NcoError(Fault("F005", f"line {k}", "a", "b") for k in range(100))
    assert len(error.faults) == 100
    assert len(str(error).splitlines()) == SHOWN + 1
    assert str(error).endswith(f"... and {100 - SHOWN} more")


def test_a_message_can_always_be_printed() -> None:
    error = NcoError(Fault("F007", "\udc80", "\ud800 is unknown", "Remove it"))
    assert str(error).encode("utf-8") == b"F007 \\udc80: \\ud800 is unknown. Remove it."


@pytest.mark.parametrize(
    "kind", ["FileError", "ProblemError", "SolutionError", "SolverError", "WeightsError", "ConfigError"]
)
def test_every_error_is_caught_as_one(kind: str) -> None:
    assert issubclass(getattr(nco.errors, kind), nco.NcoError)


def test_the_nearest_name_is_proposed() -> None:
    assert did_you_mean("servise", ["service", "prize"]) == "Did you mean 'service'"


def test_without_a_near_name_all_are_listed() -> None:
    assert did_you_mean("xyz", ["service", "prize"]) == "Use one of: prize, service"
