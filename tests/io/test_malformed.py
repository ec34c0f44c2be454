"""Broken files: each is answered by exactly the code in its name, quickly, and nothing else ever escapes."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco

HERE = Path(__file__).parent
FILES = sorted((HERE.parent / "malformed").iterdir())
VALID = sorted(path for path in (HERE / "data").iterdir() if path.suffix != ".sol")
#: What a slip of the hand or of a program may put in the place of a word.
WORDS = [
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e999",
    "9" * 30,
    "x",
    "1_0",
    "3.5",
    ":",
    "[",
    "]",
    "{}",
    "null",
    "true",
    '"',
    "\0",
]
WORDS += ["EOF", "DEPOT_SECTION", "DIMENSION : 7", "TYPE : CVRP", "\n", "\r", "\ufeff", "\u0661", "-", "#", "1 2 3"]


def read_any(path: Path, problem: nco.Problem) -> nco.Problem | nco.Solution:
    is_solution = path.name.endswith((".sol", ".solution.json"))
    return nco.read_solution(path, problem) if is_solution else nco.read(path)


@pytest.fixture(scope="module")
def problem() -> nco.Problem:
    return nco.read(HERE / "data" / "windows.vrp")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_malformed_file_is_answered_by_its_code(path: Path, problem: nco.Problem) -> None:
    began = time.process_time()  # of this process: others may be busy
    with pytest.raises(nco.NcoError) as raised:
        read_any(path, problem)
    assert time.process_time() - began < 1.0
    assert raised.value.codes == (path.name[:4],)
    for fault in raised.value.faults:
        assert fault.where.startswith(path.name)
        assert fault.what
        assert fault.fix


def test_the_collection_of_malformed_files_is_large() -> None:
    assert len(FILES) >= 100


def mutated(data: st.DataObject, text: str) -> str:
    """The text after up to four slips: a word replaced, a line lost, doubled or moved, the end cut off."""
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, max(0, len(lines) - 1)))
        slip = data.draw(st.sampled_from(["word", "lose", "double", "swap", "cut", "letter"]))
        if not lines:
            break
        if slip == "word":
            words = lines[k].split(" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
            lines[k] = " ".join(words)
        elif slip == "lose":
            del lines[k]
        elif slip == "double":
            lines.insert(k, lines[k])
        elif slip == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[k], lines[other] = lines[other], lines[k]
        elif slip == "cut":
            at = data.draw(st.integers(0, len(lines[k])))
            lines = [*lines[:k], lines[k][:at]]
        else:
            at = data.draw(st.integers(0, len(lines[k])))
            lines[k] = lines[k][:at] + data.draw(st.characters(exclude_categories=["Cs"])) + lines[k][at + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("source", VALID, ids=lambda path: path.name)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_problem_is_read_or_refused(source: Path, data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / f"mutated{source.suffix}"
    path.write_text(mutated(data, source.read_text()), encoding="utf-8")
    problem = None
    with suppress(nco.NcoError):
        problem = nco.read(path)
    if problem is not None:
        clients = range(problem.num_depots, problem.num_locations)
        assert nco.check(problem, [[location] for location in clients]).cost.total >= 0


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_solution_is_read_or_refused(data: st.DataObject, tmp_path: Path, problem: nco.Problem) -> None:
    path = tmp_path / "mutated.sol"
    path.write_text(mutated(data, (HERE / "data" / "routes.sol").read_text()), encoding="utf-8")
    solution = None
    with suppress(nco.NcoError):
        solution = nco.read_solution(path, problem)
    if solution is not None:
        assert nco.check(problem, solution).cost.total >= 0


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".vrp", ".txt", ".json", ".sol", ""]))
def test_any_bytes_are_refused(content: bytes, suffix: str, tmp_path: Path, problem: nco.Problem) -> None:
    path = tmp_path / f"bytes{suffix}"
    path.write_bytes(content)
    with pytest.raises(nco.NcoError):
        read_any(path, problem)
