"""CSV files of orders and vehicles: columns found and mapped, the dry run, and faults with their lines."""

import csv
import math
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nco
from nco.io import csv_orders
from nco.io.csv_fields import ORDERS, VEHICLES, meaning

ORDERS_CSV = """Order ID,Longitude,Latitude,Weight (kg),Ready,Due,Service Time,Mandatory,Penalty
bakery,4.91,52.36,12,08:30,17:00,300,yes,
shop,4.85,52.35,3.5,,,60,no,900
"""
VEHICLES_CSV = """Type,Count,Depot Lon,Depot Lat,Capacity,Shift start,Shift end,Speed,Fixed cost
van,2,4.89,52.37,80,7:00,18:00,10,40
bike,,4.89,52.37,8,,,4,
"""


def saved(tmp_path: Path, orders: str = ORDERS_CSV, vehicles: str = VEHICLES_CSV) -> tuple[Path, Path]:
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    (tmp_path / "vehicles.csv").write_text(vehicles, encoding="utf-8")
    return tmp_path / "orders.csv", tmp_path / "vehicles.csv"


def faults(files: tuple[Path, Path], **options: Any) -> list[tuple[str, str]]:
    """Codes and places of the faults; the dry run must find the same."""
    with pytest.raises(nco.NcoError) as raised:
        csv_orders.read(*files, **options)
    assert all(fault.what and fault.fix for fault in raised.value.faults)
    assert csv_orders.dry_run(*files, **options).faults == raised.value.faults
    return [(fault.code, fault.where) for fault in raised.value.faults]


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    problem = csv_orders.read(*saved(tmp_path))
    assert problem.clients == (
        nco.Client(4.91, 52.36, (12,), tw=(30600, 61200), service=300, name="bakery"),
        nco.Client(4.85, 52.35, (3.5,), service=60, required=False, prize=900, name="shop"),
    )
    assert problem.depots == (nco.Depot(4.89, 52.37),)
    assert problem.vehicle_types == (
        nco.VehicleType(2, (80,), fixed_cost=40, speed=10, tw=(25200, 64800), name="van"),
        nco.VehicleType(None, (8,), speed=4, name="bike"),
    )


def test_longitude_and_latitude_are_metres_apart_on_a_sphere(tmp_path: Path) -> None:
    problem = csv_orders.read(*saved(tmp_path))
    quarter = csv_orders.read(*saved(tmp_path, "lon,lat\n0,90\n90,0\n", "lon,lat\n0,0\n"))
    assert quarter.distance(0, [1, 2]) == pytest.approx(math.pi / 2 * 6_371_008.8)
    assert quarter.distance(1, 2) == pytest.approx(math.pi / 2 * 6_371_008.8)
    assert 1_000 < problem.distance(0, 1) < 2_000
    assert problem.distance(0, 1) == problem.distance(1, 0)


def test_x_and_y_are_euclidean_and_the_metric_can_be_chosen(tmp_path: Path) -> None:
    files = saved(tmp_path, "x,y\n3,4\n", "x,y\n0,0\n")
    assert csv_orders.read(*files).distance(0, 1) == 5
    assert csv_orders.read(*files, rounding="round").rounding == "round"
    assert csv_orders.read(*files, metric="great_circle").distance(0, 1) > 500_000
    assert faults(files, metric="manhattan") == [("P117", "metric")]


def test_a_column_can_be_mapped_or_skipped(tmp_path: Path) -> None:
    files = saved(tmp_path, "Where E,Where N,Drop,Phone\n3,4,7,555\n", "x,y,capacity\n0,0,9\n")
    columns = {"Where E": "x", "Where N": "y", "Drop": "delivery", "Phone": None}
    assert csv_orders.read(*files, columns=columns).clients == (nco.Client(3, 4, (7,)),)


def test_a_mapping_counts_before_a_name(tmp_path: Path) -> None:
    files = saved(tmp_path, "x,y,weight,volume\n3,4,7,2\n", "x,y,payload,load space\n0,0,9,3\n")
    assert ("F010", "orders.csv, line 1") in faults(files, vehicle_columns={"load space": "capacity2"})
    problem = csv_orders.read(*files, columns={"volume": "delivery2"}, vehicle_columns={"load space": "capacity2"})
    assert problem.clients[0].delivery == (7, 2)
    assert problem.vehicle_types[0].capacity == (9, 3)


def test_an_empty_load_is_none_at_all(tmp_path: Path) -> None:
    files = saved(tmp_path, "x,y,delivery,delivery2\n3,4,,5\n1,1,2,\n", "x,y,capacity,capacity2\n0,0,9,9\n1,1,5,\n")
    problem = csv_orders.read(*files)
    assert [client.delivery for client in problem.clients] == [(0, 5), (2, 0)]
    assert [vehicle.capacity for vehicle in problem.vehicle_types] == [(9, 9), (5, 0)]


def test_vehicles_may_end_elsewhere_or_anywhere(tmp_path: Path) -> None:
    rows = "start x,start y,end x,end y,open end\n0,0,5,5,\n0,0,,,yes\n5,5,,,no\n"
    problem = csv_orders.read(*saved(tmp_path, "x,y\n1,1\n", rows))
    assert problem.depots == (nco.Depot(0, 0), nco.Depot(5, 5))
    assert [(v.start_depot, v.end_depot) for v in problem.vehicle_types] == [(0, 1), (0, None), (1, 1)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_will_do(delimiter: str, tmp_path: Path) -> None:
    orders, vehicles = (text.replace(",", delimiter) for text in (ORDERS_CSV, VEHICLES_CSV))
    assert csv_orders.read(*saved(tmp_path, orders, vehicles)).num_clients == 2


def test_a_spreadsheet_s_export_is_read(tmp_path: Path) -> None:
    text = "\ufeff" + ORDERS_CSV.replace("bakery", '"bakery, ""north"""').replace("\n", "\r\n") + "\r\n,,,,,,,,\r\n"
    problem = csv_orders.read(*saved(tmp_path, text))
    assert [client.name for client in problem.clients] == ['bakery, "north"', "shop"]


def test_the_dry_run_reports_mapping_rows_metric_and_faults(tmp_path: Path) -> None:
    preview = csv_orders.dry_run(*saved(tmp_path, ORDERS_CSV.replace("3.5", "3,5x")))
    assert preview.orders.columns["Weight (kg)"] == "delivery"
    assert (preview.orders.count, preview.vehicles.count) == (2, 2)
    text = str(preview)
    for line in ("orders.csv: 2 rows", "  Order ID -> name", "distances: great_circle", "faults: 1"):
        assert line in text
    assert "F006 orders.csv, line 3" in text


def test_the_dry_run_of_good_files_has_no_faults(tmp_path: Path) -> None:
    preview = csv_orders.dry_run(*saved(tmp_path), columns={"Penalty": None})
    assert preview.faults == ()
    assert "  Penalty -> (skipped)" in str(preview)


def test_an_unknown_column_names_the_nearest_and_how_to_skip_it(tmp_path: Path) -> None:
    files = saved(tmp_path, ORDERS_CSV.replace("Service Time", "Servise Time"))
    with pytest.raises(nco.NcoError, match=r"Did you mean 'service time'.*columns=.'Servise Time': None"):
        csv_orders.read(*files)


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("Latitude", "Height", "F007", "orders.csv, line 1"),
        ("Ready", "Longitude", "F010", "orders.csv, line 1"),
        ("Ready", "lon", "F010", "orders.csv, line 1"),
        ("12,", "twelve,", "F005", "orders.csv, line 2, column 'Weight (kg)'"),
        ("12,", "nan,", "F005", "orders.csv, line 2, column 'Weight (kg)'"),
        ("08:30", "25:61", "F005", "orders.csv, line 2, column 'Ready'"),
        ("yes", "maybe", "F005", "orders.csv, line 2, column 'Mandatory'"),
        ("4.85,", ",", "F004", "orders.csv, line 3, column 'Longitude'"),
        ("4.85,", "", "F006", "orders.csv, line 3"),
        ("3.5", "-3.5", "P105", "orders.csv, line 3, clients[1] (shop).delivery"),
        ("08:30", "18:30", "P107", "orders.csv, line 2, clients[0] (bakery).tw"),
        ("shop", "bakery", "F010", "orders.csv, line 3"),
        ("52.35", "152.35", "F005", "orders.csv, line 3"),
        ("bakery", '"bakery', "F005", "orders.csv, line 2"),
    ],
)
def test_a_broken_order_is_answered_with_its_line(old: str, new: str, code: str, where: str, tmp_path: Path) -> None:
    assert old in ORDERS_CSV
    assert (code, where) in faults(saved(tmp_path, ORDERS_CSV.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("van,2", "van,2.5", "F005", "vehicles.csv, line 2, column 'Count'"),
        ("van,2", "van,0", "P115", "vehicles.csv, line 2, vehicle_types[0] (van).num_available"),
        ("Capacity", "Payloads", "F007", "vehicles.csv, line 1"),
        (",4,\n", ",-4,\n", "P105", "vehicles.csv, line 3, vehicle_types[1] (bike).speed"),
        ("Depot Lon", "Depo", "F004", "vehicles.csv, line 1"),
    ],
)
def test_a_broken_vehicle_is_answered_with_its_line(old: str, new: str, code: str, where: str, tmp_path: Path) -> None:
    assert (code, where) in faults(saved(tmp_path, vehicles=VEHICLES_CSV.replace(old, new, 1)))


def test_a_load_that_no_vehicle_has_room_for_is_an_error(tmp_path: Path) -> None:
    files = saved(tmp_path, "x,y,delivery\n1,1,5\n", "x,y\n0,0\n")
    assert faults(files) == [("P106", "orders.csv, line 2, clients[0].delivery")]


def test_faults_of_both_files_are_reported_at_once(tmp_path: Path) -> None:
    files = saved(tmp_path, ORDERS_CSV.replace("12,", "x,"), VEHICLES_CSV.replace("80", "y"))
    assert [where for _, where in faults(files)] == [
        "orders.csv, line 2, column 'Weight (kg)'",
        "vehicles.csv, line 2, column 'Capacity'",
    ]


def test_a_mapping_of_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    found = faults(saved(tmp_path), columns={"Weigth": "delivery", "Due": "closess"})
    assert found == [("F004", "orders.csv, line 1"), ("F007", "orders.csv, columns['Due']")]


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    assert faults(saved(tmp_path, "\n", "")) == [("F004", "orders.csv, file"), ("F004", "vehicles.csv, file")]


def test_files_without_rows_are_errors(tmp_path: Path) -> None:
    assert [code for code, _ in faults(saved(tmp_path, "x,y\n", "x,y\n"))] == ["P101", "P102", "P103"]


def test_a_missing_file_is_an_error_even_in_a_dry_run(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match=r"none\.csv") as raised:
        csv_orders.dry_run(tmp_path / "none.csv", tmp_path / "none.csv")
    assert raised.value.codes == ("F001",)


def test_read_names_the_way_to_read_orders(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match="csv_orders") as raised:
        nco.read(saved(tmp_path)[0])
    assert raised.value.codes == ("F002",)


@pytest.mark.parametrize("fields", [ORDERS, VEHICLES])
def test_every_name_means_one_field(fields: dict[str, Any]) -> None:
    names = [name for field in fields.values() for name in field.names]
    assert len(set(names)) == len(names)
    assert all(meaning(key, fields) == key for key in fields)


def test_the_page_lists_every_field_and_name() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    tables = " ".join(page[page.index("## CSV") : page.index("## GeoJSON")].replace("(time)", "time").split())
    for fields in (ORDERS, VEHICLES):
        assert all(field in tables for field in fields)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_file_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    text = ORDERS_CSV
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(['"', ",", "\n", "-", "x", "", "9" * 20])) + text[at + 1 :]
    preview = csv_orders.dry_run(*saved(tmp_path, text))
    assert preview.faults or csv_orders.read(*saved(tmp_path, text)).num_clients == preview.orders.count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=5),
            st.floats(-1e6, 1e6),
            st.floats(-1e6, 1e6),
            st.floats(0, 1e6),
            st.floats(0, 1e6),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda row: row[0],
    )
)
def test_what_is_written_by_the_csv_module_is_read_exactly(rows: list[tuple[Any, ...]], tmp_path: Path) -> None:
    buffer = StringIO(newline="")
    csv.writer(buffer).writerows([("name", "x", "y", "delivery", "service"), *rows])
    problem = csv_orders.read(*saved(tmp_path, buffer.getvalue(), "x,y,capacity\n0,0,1\n"))
    assert [(c.name, c.x, c.y, c.delivery[0], c.service) for c in problem.clients] == rows


GERMAN_ORDERS = """sep=;\r
Auftrag;Längengrad;Breitengrad;Gewicht (kg);Ab;Bis;Telefon;\r
Bäckerei, Nord;13,41;52,52;12,5;08:30;17:00;030;\r
Laden;13,35;52,50;3;;;;\r
;;;;;;;\r
"""
GERMAN_VEHICLES = "Fahrzeug;Start Lon;Start Lat;Nutzlast\nTransporter;13,38;52,51;80,5\n"
GERMAN: dict[str, Any] = {
    "columns": {
        "Auftrag": "name",
        "Längengrad": "longitude",
        "Breitengrad": "latitude",
        "Gewicht (kg)": "weight",
        "Ab": "from",
        "Bis": "until",
        "Telefon": None,
    },
    "vehicle_columns": {"Fahrzeug": "name", "Nutzlast": "capacity"},
    "decimal": ",",
}


def german(tmp_path: Path) -> tuple[Path, Path]:
    return saved(tmp_path, "\ufeff" + GERMAN_ORDERS, GERMAN_VEHICLES)


def test_a_german_spreadsheet_s_export_is_read(tmp_path: Path) -> None:
    problem = csv_orders.read(*german(tmp_path), **GERMAN)
    assert [client.name for client in problem.clients] == ["Bäckerei, Nord", "Laden"]
    assert problem.clients[0].delivery == (12.5,)
    assert problem.clients[0].tw == (8.5 * 3600, 17 * 3600)
    assert problem.xy.tolist() == [[13.38, 52.51], [13.41, 52.52], [13.35, 52.5]]
    assert problem.vehicle_types[0].capacity == (80.5,)
    assert 2000 < problem.distance(0, 1) < 2500  # metres: the columns were mapped to longitude and latitude


def test_a_decimal_comma_says_how_to_read_it(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError, match=r"'13,41' is not a number \(decimal=',' reads decimal commas\)"):
        csv_orders.read(*german(tmp_path), **{**GERMAN, "decimal": "."})


def test_points_beside_decimal_commas_are_not_guessed_at(tmp_path: Path) -> None:
    files = saved(tmp_path, "x;y;demand\n1,5;2;1.500\n", "x;y;capacity\n0;0;9\n")
    assert faults(files, decimal=",") == [("F005", "orders.csv, line 2, column 'demand'")]
    assert faults(files, decimal=";")[-1] == ("P117", "decimal")


def test_the_dry_run_tells_unknown_columns_from_skipped_ones(tmp_path: Path) -> None:
    shown = str(csv_orders.dry_run(*german(tmp_path), columns={"Telefon": None}))
    assert "  Ab -> (unknown)" in shown
    assert "  Telefon -> (skipped)" in shown


def test_a_file_without_a_header_is_one_fault(tmp_path: Path) -> None:
    assert faults(saved(tmp_path, "1,4.9,52.3\n2,4.8,52.3\n")) == [("F004", "orders.csv, line 1")]


def test_a_separator_of_several_characters_is_an_error(tmp_path: Path) -> None:
    assert faults(saved(tmp_path, "sep=::\nx::y\n")) == [("F005", "orders.csv, line 1")]


def test_an_entry_under_no_header_is_an_error(tmp_path: Path) -> None:
    assert ("F006", "orders.csv, line 2") in faults(saved(tmp_path, "x,y\n1,2,3\n"))


quantity = st.floats(0, 1e6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(1, 9), *[quantity] * 8, st.floats(1e-3, 1e3), *[quantity] * 2),
        min_size=1,
        max_size=4,
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_vehicles_written_by_the_csv_module_are_read_exactly(
    rows: list[tuple[Any, ...]], delimiter: str, tmp_path: Path
) -> None:
    names = ["num available", "start x", "start y", "end x", "end y", "capacity", "fixed cost"]
    names += ["unit distance cost", "unit duration cost", "speed", "max distance", "max duration"]
    buffer = StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([names, *rows])
    problem = csv_orders.read(*saved(tmp_path, "x,y,delivery\n1,1,1\n", buffer.getvalue()))
    places = [(depot.x, depot.y) for depot in problem.depots]
    assert len(set(places)) == len(places)
    found = [
        (v.num_available, *places[v.start_depot], *places[v.end_depot or 0], *v.capacity, v.fixed_cost,
         v.unit_distance_cost, v.unit_duration_cost, v.speed, v.max_distance, v.max_duration)
        for v in problem.vehicle_types
    ]  # fmt: skip
    assert found == rows
