import json
from pathlib import Path

import numpy as np
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


DATA = Path(__file__).parents[1] / "io" / "data"


def test_every_format_of_a_folder_is_taken(tmp_path):
    names = (
        "asymmetric.atsp",
        "depots.txt",
        "everything.json",
        "pairs.txt",
        "solomon.txt",
        "ulysses16.tsp",
        "vroom.json",
    )
    for name in (*names, "windows.vrp"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    save_set(tmp_path / "set.npz", 1)
    stems = {name.partition(".")[0] for name in names}
    assert {i.name for i in from_files([tmp_path])} == stems | {"windows", "set#0"}


def test_solutions_lists_and_texts_beside_problems_are_passed_by(folder, judged, square):
    nco.write(judged(square, [[1, 2], [3, 4]]), folder / "found.json")
    (folder / "BKS.json").write_text(json.dumps({"b": {"vehicles": 2, "best_known_cost": 9.66}}))
    (folder / "list.json").write_text("[1, 2]")
    (folder / "b.tour").write_text("TYPE : TOUR\nDIMENSION : 5\nTOUR_SECTION\n1\n-1\n")
    (folder / "README.md").write_text("```\nDIMENSION : 5\n```\n")
    (folder / "empty").write_text("")
    np.savez(folder / "b_sol_pyvrp.npz", actions=np.zeros((1, 2), dtype=int))
    assert [i.name for i in from_files([folder])] == ["a", "b"]


def save_set(path, count, size=3):
    rng = np.random.default_rng(size)
    np.savez(path, locs=rng.random((count, size + 1, 2)), demand_linehaul=np.full((count, size), 0.5))


def test_every_problem_of_a_set_is_an_instance(tmp_path):
    save_set(tmp_path / "small.npz", 2)
    save_set(tmp_path / "large.npz", 3, size=5)
    names = [i.name for i in from_files([tmp_path])]
    assert names == ["small#0", "small#1", "large#0", "large#1", "large#2"]
    assert [i.name for i in from_files([tmp_path], limit=3)] == names[:3]
    assert [i.name for i in from_files([tmp_path], max_clients=4)] == names[:2]
    assert {i.problem.rounding for i in from_files([tmp_path], rounding="exact")} == {"exact"}


def test_the_best_tours_beside_a_set_are_its_references(tmp_path):
    save_set(tmp_path / "50.npz", 3)
    alone, paired = [1, 0, 2, 0, 3, 0], [1, 2, 0, 3, 0, 0]
    np.savez(tmp_path / "50_sol_ortools.npz", actions=np.array([alone, alone, alone]), time=2.0)
    np.savez(tmp_path / "50_sol_pyvrp.npz", actions=np.array([paired, [1, 2, 3, 0, 0, 0], paired]), costs=np.ones(3))
    with pytest.warns(NcoWarning, match=r"50_sol_pyvrp.npz is no reference: 1 of its 3 solutions: capacity") as warned:
        found = from_files([tmp_path])
    assert len(warned) == 1
    routes = [[[1, 2], [3]], [[1], [2], [3]], [[1, 2], [3]]]
    costs = [nco.check(i.problem, r).cost.total for i, r in zip(found, routes, strict=True)]
    assert [i.reference for i in found] == costs


def test_tours_that_are_none_are_named(tmp_path):
    save_set(tmp_path / "50.npz", 1)
    np.savez(tmp_path / "50_sol_pyvrp.npz", costs=np.ones(1))
    with pytest.raises(FileError, match=r"50_sol_pyvrp.npz, 'actions'") as error:
        from_files([tmp_path])
    assert error.value.codes == ("F006",)


def test_a_broken_problem_of_a_set_is_named_with_its_file(tmp_path):
    demand = np.array([[1.0], [-1.0]])
    np.savez(tmp_path / "bad.npz", locs=np.zeros((2, 2, 2)), demand_linehaul=demand)
    with pytest.raises(FileError, match=r"bad.npz#1, ") as error:
        from_files([tmp_path / "bad.npz"])
    assert error.value.codes == ("P105",)


def test_the_solution_may_bear_the_whole_name_of_the_problem(folder):
    (folder / "b.sol").rename(folder / "b.json.sol")
    assert from_files([folder / "b.json"])[0].reference == pytest.approx(4 + 4 * 2**0.5)


def test_files_of_one_name_in_one_folder_are_told_apart_by_their_suffixes(folder, square):
    nco.write(square, folder / "b.vrp")
    assert {i.name for i in from_files([folder])} == {"a", str(folder / "b.json"), str(folder / "b.vrp")}


def test_a_damaged_set_in_a_folder_is_an_error(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK")
    with pytest.raises(FileError) as error:
        from_files([tmp_path])
    assert error.value.codes == ("F005",)


def test_folders_of_published_problems_are_taken_whole(shared_data):
    counts = {"mdvrp_cordeau": 11, "pdptw_li_lim": 19, "tsplib_atsp": 10, "vrptw_solomon": 28}
    for name, count in counts.items():
        assert len(from_files([shared_data / name], rounding="dimacs")) == count
    assert all(i.reference for i in from_files([shared_data / "vrptw_solomon"], rounding="dimacs"))
