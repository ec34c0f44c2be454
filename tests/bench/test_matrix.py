from nco.bench.matrix import Options, matrix


def test_every_solver_meets_every_problem_with_every_seed_in_turn(instances):
    runs = matrix(instances, Options(("ortools", "pyvrp"), (1, 2)))
    assert [(run.instance, run.seed, run.solver) for run in runs] == [
        (name, seed, solver) for name in ("square", "timed") for seed in (1, 2) for solver in ("ortools", "pyvrp")
    ]


def test_a_run_is_described_by_all_that_matters(instances):
    options = Options(("neural", "pyvrp", "search"), (1,), max_runtime=3, device="cpu", weights="x")
    neural, pyvrp, search, *_ = matrix(instances, options)
    assert (neural.max_runtime, neural.rounding, neural.device, neural.weights) == (3, "none", "cpu", "x")
    assert (pyvrp.device, pyvrp.weights) == (None, None)
    assert (search.device, search.weights) == ("cpu", None)
