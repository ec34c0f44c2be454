import math
from itertools import islice

import pytest
import torch

import nco
from nco.envs.instances import symmetries, to_problems
from nco.rollout import rollout
from nco.rollout.eager import Trajectory
from nco.rollout.starts import first_clients
from nco.search import sampling
from nco.search.sampling import _best, candidates


@pytest.fixture
def search(tiny_policy, cvrp):
    """The first candidates of a problem, or of each of several."""

    def find(instances, count, seed=1, max_routes=math.inf):
        generator = torch.Generator().manual_seed(seed)
        found = list(islice(candidates(tiny_policy, cvrp, instances, max_routes, generator), count))
        return [one for (one,) in found] if len(instances) == 1 else found

    return find


@pytest.fixture
def small_batches(monkeypatch):
    """Two symmetries of ten clients fill a batch."""
    monkeypatch.setitem(sampling.WORK, "cpu", 20 * 11 * 11.5)


def test_the_first_candidates_are_greedy_from_every_client_under_every_symmetry(
    search, small_batches, tiny_policy, cvrp, drawn
):
    instances = drawn(1, 10)
    copies = symmetries(instances)
    greedy = rollout(tiny_policy, cvrp, copies, first_clients(copies, 10)).cost.amin(dim=1)
    found = [candidate.cost for candidate in search(instances, 4)]
    assert found == pytest.approx([min(pair) for pair in greedy.view(4, 2).tolist()], rel=1e-5)


def test_samples_follow_without_end_and_find_more(search, small_batches, drawn):
    costs = [candidate.cost for candidate in search(drawn(1, 10), 60)]
    assert len(set(costs[4:])) > 10
    assert min(costs[4:]) < min(costs[:4])


def test_the_same_seed_gives_the_same_candidates_and_another_one_others(search, small_batches, drawn):
    first, again, other = (search(drawn(1, 10), 8, seed) for seed in (1, 1, 2))
    assert first == again
    assert first[:4] == other[:4]
    assert first[4:] != other[4:]


def test_a_batch_that_is_too_small_for_all_starts_takes_them_in_turn(search, monkeypatch, tiny_policy, cvrp, drawn):
    monkeypatch.setitem(sampling.WORK, "cpu", 0)
    instances = drawn(1, 10)
    greedy = rollout(tiny_policy, cvrp, instances, first_clients(instances, 10)).cost[0].tolist()
    found = [candidate.cost for candidate in search(instances, 3)]
    chunks = [greedy[k : k + sampling.FEWEST] for k in range(0, 10, sampling.FEWEST)]
    assert found == pytest.approx([min(chunk) for chunk in chunks], rel=1e-5)


@pytest.mark.parametrize("size", [1, 2, 30, 300])
def test_candidates_are_complete_and_cost_what_they_say_in_the_unit_of_the_problem(search, drawn, size):
    instances = drawn(1, size)
    (problem,) = to_problems(instances)
    instances["scale"] = torch.tensor([1000.0])
    for candidate in search(instances, 2):
        report = nco.check(problem, candidate.routes)
        assert report.is_feasible()
        assert candidate.cost == pytest.approx(1000 * report.cost.total, rel=1e-5)


def test_problems_rolled_out_together_get_what_each_gets_alone(search, monkeypatch, tiny_policy, cvrp, drawn):
    monkeypatch.setitem(sampling.WORK, "cpu", 3 * 20 * 11 * 11.5)
    instances = drawn(3, 10)
    together = search(instances, 4)
    monkeypatch.setitem(sampling.WORK, "cpu", 20 * 11 * 11.5)
    for k in range(3):
        alone = [candidate.cost for candidate in search(instances[k : k + 1], 4)]
        assert [found[k].cost for found in together] == pytest.approx(alone, rel=1e-5)


def test_problems_rolled_out_together_get_candidates_of_their_own(search, drawn):
    instances = drawn(3, 10)
    instances["scale"] = torch.tensor([1.0, 10.0, 100.0])
    problems = to_problems(instances)
    for found in search(instances, 3):
        for problem, candidate in zip(problems, found, strict=True):
            report = nco.check(problem, candidate.routes)
            assert report.is_feasible()
            assert candidate.cost == pytest.approx(report.cost.total, rel=1e-5)


def visits(candidate):
    return [list(route.visits) for route in candidate.routes]


def test_fewer_routes_come_first_when_vehicles_are_few_and_cheaper_ones_among_equals(drawn):
    group = drawn(1, 3)
    group["scale"] = torch.tensor([10.0])
    actions = torch.tensor([[[1, 0, 2, 0, 3], [1, 2, 0, 3, 0], [2, 1, 0, 3, 0], [3, 0, 1, 0, 2]]])
    done = Trajectory(actions, torch.tensor([[1.0, 3.0, 2.0, 1.5]]))
    (cheapest,), (fewer,) = _best(done, group, max_routes=math.inf), _best(done, group, max_routes=2)
    assert (visits(cheapest), cheapest.cost) == ([[1], [2], [3]], 10.0)
    assert (visits(fewer), fewer.cost) == ([[2, 1], [3]], 20.0)
    assert visits(*_best(done, group, max_routes=1)) == [[2, 1], [3]]


def test_all_clients_come_before_few_routes(drawn):
    done = Trajectory(torch.tensor([[[1, 2, 0], [1, 0, 2], [2, 0, 0]]]), torch.tensor([[3.0, 4.0, 1.0]]))
    assert visits(*_best(done, drawn(1, 2), max_routes=1)) == [[1, 2]]


def test_fewer_routes_come_first_even_when_all_cost_nothing(drawn):
    done = Trajectory(torch.tensor([[[1, 0, 2], [1, 2, 0]]]), torch.zeros(1, 2))
    assert visits(*_best(done, drawn(1, 2), max_routes=1)) == [[1, 2]]
