import pytest

import nco
from nco.bench.instances import from_files, from_preset
from nco.errors import ConfigError, FileError, NcoWarning

ROUTES = "Route #1: 1 2\nRoute #2: 3 4\nCost 1\n"


@pytest.fixture
def folder(square, timed, tmp_path):
    """Two problems, one with a solution beside it, among other files."""
    nco.write(square, tmp_path / "b.json")
    nco.write(timed, tmp_path / "a.json")
    (tmp_path / "b.sol").write_text(ROUTES)
    (tmp_path / "notes.md").write_text("not a problem")
    return tmp_path


def test_a_folder_gives_its_problems_smallest_first(folder):
    assert [(i.name, i.problem.num_clients) for i in from_files([folder])] == [("a", 3), ("b", 4)]


def test_files_and_folders_may_be_mixed_and_repeated(folder):
    assert [i.name for i in from_files([folder / "b.json", folder])] == ["a", "b"]


def test_problems_can_be_limited_in_number_and_in_size(folder):
    assert [i.name for i in from_files([folder], limit=1)] == ["a"]
    assert [i.name for i in from_files([folder], max_clients=3)] == ["a"]


def test_the_solution_beside_a_problem_is_its_reference_at_the_cost_under_the_same_rounding(folder):
    (without, exact), (_, rounded) = from_files([folder]), from_files([folder], rounding="trunc")
    assert without.reference is None
    assert exact.reference == pytest.approx(4 + 4 * 2**0.5)
    assert rounded.reference == 8


def test_an_infeasible_solution_is_no_reference_and_warned_of(folder):
    (folder / "b.sol").write_text("Route #1: 1 2 3 4\n")
    with pytest.warns(NcoWarning, match="is no reference: capacity"):
        assert from_files([folder / "b.json"])[0].reference is None


def test_files_of_the_same_name_are_told_apart_by_their_folders(folder, square):
    (folder / "more").mkdir()
    nco.write(square, folder / "more" / "b.json")
    names = [i.name for i in from_files([folder, folder / "more"])]
    assert sorted(names) == sorted(["a", str(folder / "b"), str(folder / "more" / "b")])


def test_all_files_that_cannot_be_read_are_named_at_once(folder):
    (folder / "x.vrp").write_text("")
    (folder / "y.json").write_text("{")
    with pytest.raises(FileError) as error:
        from_files([folder])
    assert {fault.where.split(",")[0] for fault in error.value.faults} == {"x.vrp", "y.json"}


@pytest.mark.parametrize("options", [{"max_clients": 1}, {"paths": "empty"}])
def test_no_problem_at_all_is_an_error(folder, options):
    (folder / "empty").mkdir()
    paths = [folder / options.pop("paths", ".")]
    with pytest.raises(ConfigError) as error:
        from_files(paths, **options)
    assert error.value.codes == ("C503",)


def test_a_preset_gives_the_same_problems_for_the_same_seed():
    first, again, other = (from_preset("cvrp", 10, 3, seed) for seed in (5, 5, 6))
    assert [i.name for i in first] == ["cvrp-10-5-0", "cvrp-10-5-1", "cvrp-10-5-2"]
    assert all(i.problem.num_clients == 10 for i in first)
    assert all((a.problem.xy == b.problem.xy).all() for a, b in zip(first, again, strict=True))
    assert not (first[0].problem.xy == other[0].problem.xy).all()
