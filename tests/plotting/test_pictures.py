import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import nco
from nco.plotting import plot_demands, plot_history, plot_routes, plot_schedule


def pixels(ax) -> np.ndarray:
    """What the picture looks like [height, width, 4]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def colours(ax) -> int:
    return len(np.unique(pixels(ax).reshape(-1, 4), axis=0))


@pytest.fixture
def pictures(square, timed, judged):
    """Every picture, by name, drawn on axes of the caller's or of its own."""
    result = judged(timed, [[1, 2], [3]])
    return {
        "routes": lambda ax=None: plot_routes(square, [[1, 2], [3, 4]], ax),
        "schedule": lambda ax=None: plot_schedule(timed, result.report, ax),
        "demands": lambda ax=None: plot_demands(square, ax=ax),
        "history": lambda ax=None: plot_history([result, result], ax),
    }


@pytest.mark.parametrize("name", ["routes", "schedule", "demands", "history"])
def test_a_picture_shows_something(pictures, name):
    assert colours(pictures[name]()) > 20


@pytest.mark.parametrize("name", ["routes", "schedule", "demands", "history"])
def test_a_picture_is_drawn_on_the_axes_it_is_given(pictures, name):
    ax = Figure().add_subplot()
    assert pictures[name](ax) is ax


def test_the_map_has_a_line_a_route_dots_for_clients_and_squares_for_depots(square):
    ax = plot_routes(square, [[1, 2], [3, 4]])
    assert [line.get_label() for line in ax.get_lines() if "Route" in line.get_label()] == ["Route 1", "Route 2"]
    drawn = [collection.get_offsets() for collection in ax.collections]
    assert [len(offsets) for offsets in drawn] == [2, 2, 1]
    assert np.array_equal(drawn[-1], [[0, 0]])


def test_the_map_marks_clients_that_no_route_visits(square):
    ax = plot_routes(square, [[1, 2]])
    assert "not served" in [collection.get_label() for collection in ax.collections]


def test_a_route_with_an_open_end_is_not_drawn_back_to_the_depot():
    model = nco.Model()
    model.add_depot(x=0, y=0)
    model.add_client(x=1, y=0)
    model.add_client(x=2, y=0)
    model.add_vehicle_type(end_depot=None)
    ax = plot_routes(model.build(), [[1, 2]])
    assert ax.get_lines()[0].get_xdata().tolist() == [0, 1, 2]


def test_a_legend_is_left_out_when_there_are_many_routes():
    model = nco.Model()
    model.add_depot(x=0, y=0)
    for k in range(11):
        model.add_client(x=k, y=1)
    model.add_vehicle_type()
    problem = model.build()
    assert plot_routes(problem, [[k] for k in range(1, 11)]).get_legend() is not None
    assert plot_routes(problem, [[k] for k in range(1, 12)]).get_legend() is None


def test_a_map_without_coordinates_says_where_its_places_come_from():
    model = nco.Model("matrix")
    model.add_depot()
    model.add_client()
    model.add_vehicle_type()
    model.set_matrix([[0, 3], [4, 0]])
    assert "derived from the distances" in plot_routes(model.build(), [[1]]).get_title()


@pytest.mark.parametrize("routes", [[], [[0]]])
def test_the_map_of_routes_without_clients_shows_the_places(square, routes):
    assert colours(plot_routes(square, routes)) > 5


def test_the_timetable_draws_driving_waiting_service_and_windows(timed, judged):
    ax = plot_schedule(timed, judged(timed, [[1, 2], [3]]).report)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["time window", "drive", "wait", "serve"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Route 1", "Route 2"]


@pytest.mark.parametrize("routes", [[], [[0]]])
def test_the_timetable_of_routes_without_clients_is_empty_not_an_error(timed, judged, routes):
    assert plot_schedule(timed, judged(timed, routes).report).get_legend() is None


def test_demands_are_bars_up_and_down_under_the_capacities():
    model = nco.Model()
    model.add_depot(x=0, y=0)
    for delivery, pickup in ((2, 0), (5, 1), (0, 3)):
        model.add_client(x=1, y=1, delivery=delivery, pickup=pickup)
    model.add_vehicle_type(capacity=9)
    model.add_vehicle_type(capacity=7)
    ax = plot_demands(model.build())
    assert [bar.get_height() for bar in ax.patches] == [5, 0, 2, -1, -3, 0]
    assert [line.get_label() for line in ax.get_lines()] == ["capacity 7", "capacity 9"]


def test_the_cost_over_time_ends_when_the_solver_did(square, judged):
    line = plot_history(judged(square, [[1, 2], [3, 4]])).get_lines()[0]
    assert line.get_xdata()[-1] == 0.5
    assert line.get_ydata()[-1] == pytest.approx(4 + 4 * 2**0.5)


def test_a_result_draws_itself(square, judged):
    assert "2 routes" in judged(square, [[1, 2], [3, 4]]).plot().get_title()


def test_pictures_need_no_display_and_leave_pyplot_alone(tmp_path):
    code = (
        "import sys, nco; m = nco.Model(); m.add_depot(0, 0); m.add_client(1, 1); m.add_vehicle_type()\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import nco.plotting\n"
        "assert 'matplotlib' not in sys.modules\n"
        "nco.plotting.plot_routes(m.build(), [[1]]).figure.savefig('x.png')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "False", run.stderr
    assert (tmp_path / "x.png").stat().st_size > 5000
