"""TSPLIB: distances of every kind, matrices in every layout, tours as one route of one vehicle."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco
from nco.io.weights import FORMULAS, LAYOUTS, ROUNDED

DATA = Path(__file__).parent / "data"
#: The optimal tour published with TSPLIB.
ULYSSES16 = [1, 14, 13, 12, 7, 6, 15, 5, 11, 9, 10, 16, 3, 2, 4, 8]


def saved(tmp_path: Path, *lines: str, kind: str = "TSP") -> Path:
    path = tmp_path / "x.tsp"
    path.write_text("\n".join(["NAME : x", f"TYPE : {kind}", *lines, "EOF"]))
    return path


def of_points(tmp_path: Path, kind: str, points: list[tuple[float, float]]) -> nco.Problem:
    rows = [f"{k} {x} {y}" for k, (x, y) in enumerate(points, start=1)]
    head = [f"DIMENSION : {len(points)}", f"EDGE_WEIGHT_TYPE : {kind}", "NODE_COORD_SECTION"]
    return nco.read(saved(tmp_path, *head, *rows))


def test_a_tour_is_one_route_of_one_vehicle() -> None:
    problem = nco.read(DATA / "asymmetric.atsp")
    assert problem.name == "asymmetric"
    assert problem.vehicle_types == (nco.VehicleType(1),)
    assert problem.distance_matrix().tolist() == [[0, 2, 4, 6], [1, 0, 3, 5], [2, 3, 0, 7], [9, 8, 7, 0]]
    assert nco.check(problem, [[1, 2, 3]]).cost.total == 2 + 3 + 7 + 9
    assert not nco.check(problem, [[1, 2], [3]]).is_feasible()


def test_geographical_distances_give_the_published_length_of_the_odyssey() -> None:
    problem = nco.read(DATA / "ulysses16.tsp")
    assert nco.check(problem, [[node - 1 for node in ULYSSES16[1:]]]).cost.total == 6859


def test_geographical_places_become_longitude_and_latitude_in_degrees() -> None:
    ithaca = nco.read(DATA / "ulysses16.tsp").depots[0]
    assert (ithaca.x, ithaca.y) == pytest.approx((20 + 42 / 60, 38 + 24 / 60))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("EUC_2D", [3, 5, 6]),  # 2.5, 5, 6.25
        ("CEIL_2D", [3, 5, 7]),
        ("FLOOR_2D", [2, 5, 6]),
        ("MAN_2D", [4, 7, 8]),  # 3.5, 7, 8
        ("MAX_2D", [2, 4, 6]),  # 2, 4, 6
        ("ATT", [1, 2, 2]),  # 0.79, 1.58, 1.98
    ],
)
def test_each_kind_of_distance_is_computed_as_defined(kind: str, expected: list[int], tmp_path: Path) -> None:
    points = [(0, 0), (2, 1.5), (4, 3), (1.75, -6)]
    assert of_points(tmp_path, kind, points).distance(0, [1, 2, 3]).tolist() == expected


def test_a_pseudo_euclidean_distance_that_is_whole_stays(tmp_path: Path) -> None:
    assert of_points(tmp_path, "ATT", [(0, 0), (30, 10), (0, 10)]).distance(0, [1, 2]).tolist() == [10, 4]


@pytest.mark.parametrize("kind", [*ROUNDED, *FORMULAS])
def test_places_stay_on_the_map(kind: str, tmp_path: Path) -> None:
    points = [(10, 20), (30, 40), (50, 60)]
    expected = [(y, x) for x, y in points] if kind == "GEO" else points
    assert of_points(tmp_path, kind, points).xy.tolist() == [list(point) for point in expected]


def test_rounding_can_be_replaced_where_it_is_a_rounding(tmp_path: Path) -> None:
    of_points(tmp_path, "EUC_2D", [(0, 0), (1, 1)])
    assert nco.read(tmp_path / "x.tsp", rounding="none").distance(0, 1) == np.sqrt(2)
    of_points(tmp_path, "ATT", [(0, 0), (1, 1)])
    assert nco.read(tmp_path / "x.tsp", rounding="none").distance(0, 1) == 1


def numbers_of(matrix: np.ndarray, layout: str) -> list[float]:
    """The entries that a layout lists, in its order, by walking along rows or columns."""
    size = len(matrix)
    if layout == "FULL_MATRIX":
        return matrix.ravel().tolist()
    walked = matrix if layout.endswith("ROW") else matrix.T
    upper = layout.startswith("UPPER") == layout.endswith("ROW")
    kept = [
        walked[i, j]
        for i in range(size)
        for j in range(size)
        if (j > i if upper else j < i) or (i == j and "DIAG" in layout)
    ]
    return [float(value) for value in kept]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), layout=st.sampled_from(LAYOUTS), vrp=st.booleans())
def test_a_matrix_in_any_layout_reads_back(data: st.DataObject, layout: str, vrp: bool, tmp_path: Path) -> None:
    size = data.draw(st.integers(2, 6))
    half = np.triu(
        np.array(data.draw(st.lists(st.integers(0, 99), min_size=size**2, max_size=size**2))).reshape(size, size), 1
    )
    matrix = (half + half.T).astype(float)
    words = [f"{value:g}" for value in numbers_of(matrix, layout)]
    width = size if vrp and layout == "FULL_MATRIX" else data.draw(st.integers(1, 12))
    rows = [" ".join(words[k : k + width]) for k in range(0, len(words), width)]
    head = [f"DIMENSION : {size}", "EDGE_WEIGHT_TYPE : EXPLICIT", f"EDGE_WEIGHT_FORMAT : {layout}"]
    tables = ["CAPACITY : 1", "DEMAND_SECTION", *(f"{k} 0" for k in range(1, size + 1)), "DEPOT_SECTION", "1", "-1"]
    path = saved(tmp_path, *head, "EDGE_WEIGHT_SECTION", *rows, *(tables if vrp else []), kind="CVRP" if vrp else "TSP")
    assert np.array_equal(nco.read(path).distance_matrix(), matrix)


@pytest.mark.parametrize("value", [9999, 100000000, -1])
def test_whatever_stands_on_the_diagonal_becomes_zero(value: int, tmp_path: Path) -> None:
    text = (DATA / "asymmetric.atsp").read_text().replace("9999", str(value))
    (tmp_path / "x.atsp").write_text(text)
    assert not np.diagonal(nco.read(tmp_path / "x.atsp").distance_matrix()).any()


def test_places_for_display_are_kept_beside_a_matrix(tmp_path: Path) -> None:
    head = ["DIMENSION : 2", "EDGE_WEIGHT_TYPE : EXPLICIT", "EDGE_WEIGHT_FORMAT : UPPER_ROW"]
    display = ["DISPLAY_DATA_TYPE : TWOD_DISPLAY", "DISPLAY_DATA_SECTION", "1 5 6", "2 7 8"]
    problem = nco.read(saved(tmp_path, *head, *display, "EDGE_WEIGHT_SECTION", "3"))
    assert problem.xy.tolist() == [[5, 6], [7, 8]]
    assert problem.distance(0, 1) == 3


def test_several_comments_are_skipped(tmp_path: Path) -> None:
    head = ["COMMENT : one", "COMMENT : two", "DIMENSION : 2", "EDGE_WEIGHT_TYPE : EUC_2D"]
    assert nco.read(saved(tmp_path, *head, "NODE_COORD_SECTION", "1 0 0", "2 1 0")).num_clients == 1


def test_a_fault_of_a_place_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        of_points(tmp_path, "ATT", [(0, 0), (1e300, 0)])
    assert "x.tsp, line 7, clients[0].x, y" in [fault.where for fault in raised.value.faults]


def test_every_asymmetric_problem_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "tsplib_atsp").glob("*.atsp"))
    assert paths
    for path in paths:
        problem = nco.read(path)
        assert problem.name == path.stem
        assert not np.diagonal(problem.distance_matrix()).any()
        assert nco.check(problem, [list(range(1, problem.num_locations))]).is_feasible()
