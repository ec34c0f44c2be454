"""read, read_solution and write: which format, which file, and what happens when the file system refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

import nco
import nco.io
from nco.io.formats import PROBLEM_READERS

DATA = Path(__file__).parent / "data"


def test_importing_the_package_loads_no_parser() -> None:
    code = "import sys, nco.io; print({'torch', 'pydantic', 'vrplib', 'matplotlib'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


def test_the_top_level_names_are_these() -> None:
    assert (nco.read, nco.read_solution, nco.write) == (nco.io.read, nco.io.read_solution, nco.io.write)


@pytest.mark.parametrize("name", [path.name for path in sorted(DATA.iterdir()) if path.suffix != ".sol"])
def test_the_format_is_recognised_by_content(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes((DATA / name).read_bytes())
    assert nco.read(tmp_path / "data").num_clients == nco.read(DATA / name).num_clients


@pytest.mark.parametrize(
    ("name", "format"), [("windows.vrp", "vrplib"), ("solomon.txt", "solomon"), ("everything.json", "nco-json")]
)
def test_the_format_can_be_named(name: str, format: str) -> None:
    assert nco.read(DATA / name, format=format).num_clients == nco.read(str(DATA / name)).num_clients


def test_a_misnamed_format_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(nco.NcoError, match="Did you mean 'vrplib'") as raised:
        nco.read(DATA / "windows.vrp", format="vrp-lib")
    assert raised.value.codes == ("F002",)


def test_an_unknown_rounding_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(nco.NcoError, match="Did you mean 'round'") as raised:
        nco.read(DATA / "windows.vrp", rounding="rounded")  # type: ignore[arg-type]
    assert raised.value.codes == ("P117",)


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.csv")
    assert raised.value.codes == ("F002",)
    assert all(known.name in str(raised.value) for known in PROBLEM_READERS)


@pytest.mark.parametrize("name", ["missing.vrp", "", "nul\0.vrp"])
def test_a_file_that_cannot_be_read_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / name)
    assert raised.value.codes == ("F001",)


def test_a_device_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.read("/dev/zero")
    assert raised.value.codes == ("F001",)


def test_the_line_of_a_byte_that_is_not_text_is_given(tmp_path: Path) -> None:
    (tmp_path / "x.vrp").write_bytes(b"NAME : x\nCOMMENT : \xff\n")
    with pytest.raises(nco.NcoError, match="line 2"):
        nco.read(tmp_path / "x.vrp")


@pytest.mark.parametrize("name", ["x.json", "x.vrp"])
def test_a_folder_that_does_not_exist_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.read(DATA / "windows.vrp"), tmp_path / "nowhere" / name)
    assert raised.value.codes == ("F012",)


@pytest.mark.parametrize("suffix", [".csv", "", ".sol"])
def test_a_problem_is_not_written_with_another_suffix(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match=r"nco-json \(\.json\), vroom, vrplib \(\.vrp\)") as raised:
        nco.write(nco.read(DATA / "windows.vrp"), tmp_path / f"x{suffix}")
    assert raised.value.codes == ("F002",)


@pytest.mark.parametrize("suffix", [".csv", "", ".vrp"])
def test_a_solution_is_not_written_with_another_suffix(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.Solution((nco.Route((1,)),)), tmp_path / f"x{suffix}")
    assert raised.value.codes == ("F002",)


def test_something_else_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match="list") as raised:
        nco.write([[1, 2]], tmp_path / "x.json")  # type: ignore[arg-type]
    assert raised.value.codes == ("F012",)


def test_a_solution_in_place_of_a_problem_is_named_as_such(tmp_path: Path) -> None:
    nco.write(nco.Solution((nco.Route((1,)),)), tmp_path / "x.json")
    with pytest.raises(nco.NcoError, match="read_solution"):
        nco.read(tmp_path / "x.json")


def test_a_megabyte_of_nonsense_is_refused_quickly(tmp_path: Path) -> None:
    (tmp_path / "x.vrp").write_text("lorem ipsum dolor sit amet\n" * 40_000)
    with pytest.raises(nco.NcoError) as raised:
        nco.read(tmp_path / "x.vrp")
    assert len(raised.value.faults) < 20
