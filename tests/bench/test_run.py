"""Whole benchmarks with solvers that behave in particular ways."""

import json
import threading
from dataclasses import replace

import pytest

import nco
from nco.bench import bench
from nco.bench.matrix import Options
from nco.errors import ConfigError


@pytest.fixture
def options(fake_solvers):
    """Options with solvers of the tests, half a second each."""
    return lambda *solvers, seeds=(1,): Options(tuple(f"{fake_solvers}:{s}" for s in solvers), seeds, 0.5)


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_benchmark_runs_everything_and_writes_table_results_and_pictures(instances, options, tmp_path):
    done = bench(instances, options("Alone", "Together", seeds=(1, 2)), tmp_path / "out", command="nco bench x")
    assert [(row.solver[13:], row.runs, row.feasible) for row in done.rows] == [("Alone", 4, 4), ("Together", 4, 0)]
    assert not done.interrupted
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "runs.jsonl", "results.json", "results.md", "gaps.png", "sizes.png",
    }  # fmt: skip
    assert (tmp_path / "out" / "results.md").read_text() == done.markdown
    assert "# 2 problems of 3-4 clients, 0.5 s a run, 2 seeds" in done.markdown
    assert "published solution for 1 of the problems and to the best of this benchmark for the others" in done.markdown
    assert "Cost and gap are over the feasible runs only" in done.markdown
    assert "- command: nco bench x" in done.markdown


def test_the_json_holds_options_environment_references_and_rows(instances, options, tmp_path):
    bench(instances, options("Alone"), tmp_path)
    content = json.loads((tmp_path / "results.json").read_text())
    assert (content["format"], content["version"]) == ("nco-bench", 1)
    assert content["options"]["max_runtime"] == 0.5
    assert content["environment"]["cores"].isdigit()
    assert f"numpy {__import__('numpy').__version__}" in content["environment"]["versions"]
    assert [(i["name"], i["clients"], i["published"]) for i in content["instances"]] == [
        ("square", 4, True),
        ("timed", 3, False),
    ]
    assert content["rows"][0]["gap"] == pytest.approx((8 * 2**0.5 / 10 - 1) / 2)


def test_every_run_can_be_checked_again_from_its_line(instances, options, tmp_path):
    bench(instances, options("Alone"), tmp_path)
    for line in lines(tmp_path / "runs.jsonl"):
        problem = next(i.problem for i in instances if i.name == line["run"]["instance"])
        assert nco.check(problem, [route["visits"] for route in line["routes"]]).cost.total == line["cost"]


def test_an_overrunning_solver_does_not_hold_up_the_others(instances, options, tmp_path):
    done = bench(instances[:1], options("Sleepy", "Alone", seeds=(1, 2)), tmp_path)
    statuses = {(r.run.solver[13:], r.run.seed): r.status for r in done.records}
    assert statuses == {
        ("Sleepy", 1): "overrun", ("Alone", 1): "feasible", ("Sleepy", 2): "overrun", ("Alone", 2): "feasible",
    }  # fmt: skip
    assert "0 %, 2 overran" in done.markdown


def test_resuming_does_only_what_is_missing(instances, options, tmp_path):
    bench(instances[:1], options("Alone"), tmp_path)
    before = lines(tmp_path / "runs.jsonl")
    seen = []
    done = bench(
        instances,
        options("Alone", "Nothing"),
        tmp_path,
        resume=True,
        on_record=lambda record, count, total: seen.append((count, total)),
    )
    after = lines(tmp_path / "runs.jsonl")
    assert after[: len(before)] == before
    assert len(after) == len(done.records) == 4
    assert seen == [(2, 4), (3, 4), (4, 4)]


def test_results_of_another_time_limit_are_not_taken_for_these(instances, options, tmp_path):
    bench(instances[:1], options("Alone"), tmp_path)
    other = Options(options("Alone").solvers, max_runtime=0.6)
    assert len(bench(instances[:1], other, tmp_path, resume=True).records) == 1
    assert len(lines(tmp_path / "runs.jsonl")) == 2


def test_a_folder_with_results_is_not_overwritten(instances, options, tmp_path):
    bench(instances[:1], options("Alone"), tmp_path)
    with pytest.raises(ConfigError):
        bench(instances[:1], options("Alone"), tmp_path)


def test_ctrl_c_keeps_what_is_there(instances, options, tmp_path):
    def interrupt(record, count, total):
        raise KeyboardInterrupt

    done = bench(instances, options("Alone"), tmp_path, on_record=interrupt)
    assert done.interrupted
    assert len(done.records) == len(lines(tmp_path / "runs.jsonl")) == 1
    assert "fake_solvers:Alone" in (tmp_path / "results.md").read_text()


def test_two_jobs_work_at_the_same_time_and_leave_nothing_behind(instances, options, tmp_path):
    before = threading.active_count()
    done = bench(instances, options("Patient", seeds=(1, 2)), tmp_path, jobs=2)
    assert len(done.records) == 4
    assert all(record.status == "feasible" for record in done.records)
    assert threading.active_count() == before
    assert "runs at the same time: 2" in done.markdown


def test_a_benchmark_where_nothing_is_feasible_has_a_table_and_no_pictures(instances, options, tmp_path):
    done = bench(instances, options("Nothing"), tmp_path)
    assert "| - | - | - | 0 % |" in done.markdown
    assert not (tmp_path / "gaps.png").exists()


def test_costs_of_the_costliest_route_are_said_to_be_such(instances, options, tmp_path):
    slowest = [replace(instances[0], problem=replace(instances[0].problem, objective="max"))]
    assert "cost is that of the costliest route" in bench(slowest, options("Alone"), tmp_path / "max").markdown
    assert "costliest" not in bench(instances[:1], options("Alone"), tmp_path / "sum").markdown
