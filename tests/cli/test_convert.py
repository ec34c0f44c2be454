import pytest

import nco

ORDERS = "Drop;Lon;Lat;Phone\n1,5;4,91;52,36;555\n2;4,85;52,35;\n"
VEHICLES = "lon;lat;capacity\n4,89;52,37;3\n"


@pytest.fixture
def sheets(tmp_path):
    """Orders and vehicles with decimal commas, and the options that read them."""
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "vehicles.csv").write_text(VEHICLES)
    mapping = ("--column", "Drop=demand", "--column", "Phone=", "--decimal", ",")
    return (tmp_path / "orders.csv", "--vehicles", tmp_path / "vehicles.csv", *mapping)


def test_orders_and_vehicles_become_a_problem(run, sheets, tmp_path):
    result = run("convert", *sheets, tmp_path / "day.json")
    assert result.exit_code == 0
    assert "orders.csv: 1 depot, 2 clients, 1 vehicle type; distances rounded: none" in result.stdout
    assert [client.delivery for client in nco.read(tmp_path / "day.json").clients] == [(1.5,), (2,)]


def test_a_dry_run_shows_the_mapping_and_writes_nothing(run, sheets, tmp_path):
    result = run("convert", *sheets, tmp_path / "day.json", "--dry-run")
    assert result.exit_code == 0
    assert "  Drop -> delivery\n" in result.stdout
    assert "distances: great_circle" in result.stdout
    assert not (tmp_path / "day.json").exists()


def test_a_dry_run_with_faults_shows_them_and_ends_with_2(run, sheets):
    result = run("convert", *sheets[:3], "--dry-run")
    assert result.exit_code == 2
    assert "F007 orders.csv, line 1: column 'Drop' is unknown" in result.stdout
    assert "Traceback" not in result.output


def test_a_problem_is_written_in_another_format(run, file, tmp_path):
    assert run("convert", file, tmp_path / "x.vrp").exit_code == 0
    assert nco.read(tmp_path / "x.vrp", format="vrplib").num_clients == 4
    assert run("convert", file, tmp_path / "y.json", "--format", "vroom", "--rounding", "round").exit_code == 0
    assert nco.read(tmp_path / "y.json", format="vroom").num_clients == 4


def test_what_a_format_cannot_express_is_named(run, small_fleet, tmp_path):
    result = run("convert", small_fleet, tmp_path / "x.vrp", "--format", "vroom")
    assert result.exit_code == 2
    assert "F013" in result.stderr


def test_what_can_never_be_served_is_said(run, small_fleet):
    result = run("convert", small_fleet, "--dry-run")
    assert result.exit_code == 0
    assert "warning: far cannot be served" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("orders.csv", "x.json"), "--vehicles: it is missing"),
        (("square.json", "x.json", "--vehicles", "v.csv"), "the orders are no .csv"),
        (("square.json",), "add --dry-run"),
        (("orders.csv", "--vehicles", "v.csv", "--dry-run", "--column", "Drop"), "Write HEADER=FIELD"),
    ],
)
def test_options_that_do_not_fit_are_one_line_and_exit_2(run, arguments, hint):
    result = run("convert", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("C503 ")
    assert result.stderr.count("\n") == 1
    assert hint in result.stderr


def test_solve_names_the_way_to_read_orders(run, sheets):
    result = run("solve", sheets[0])
    assert result.exit_code == 2
    assert "nco convert" in result.stderr
