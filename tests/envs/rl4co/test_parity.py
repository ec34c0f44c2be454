"""The bridge beside RL4CO's own environments, on shared problems and actions, and what RL4CO gets wrong.

docs/rl4co.md tells the same in a table.
"""

import pytest
import torch
from tensordict import TensorDict

from nco.errors import ConfigError, SolverError

pytestmark = pytest.mark.train


@pytest.mark.parametrize("size", [1, 7, 20, 50])
def test_cvrp_has_the_masks_states_and_rewards_of_rl4co(bridge, originals, at_random, size):
    theirs = originals.CVRPEnv(generator_params={"num_loc": size, "capacity": 20}, seed=3)
    ours = bridge.PresetEnv("cvrp", size)
    problems = theirs.generator(64)
    our, their = ours.reset(problems), theirs.reset(problems.clone())
    assert torch.equal(our["locs"], their["locs"])
    assert torch.equal(our["demand"], their["demand"])
    actions = []
    while not their["done"].all():
        assert torch.equal(our["action_mask"], their["action_mask"])
        assert torch.equal(our["current_node"], their["current_node"])
        visited = their["visited"].bool()
        served = visited[:, 1:].all(dim=1)
        assert torch.equal(our["visited"][:, 1:], visited[:, 1:])
        assert torch.equal(our["done"].flatten(), served)
        assert torch.equal(their["done"].flatten(), served & visited[:, 0])
        assert torch.allclose(our["used_capacity"], their["used_capacity"], atol=1e-6)
        their["action"] = at_random(our)
        actions.append(our["action"])
        our, their = ours.step(our)["next"], theirs.step(their)["next"]
    actions = torch.stack(actions, dim=1)
    assert torch.allclose(ours.get_reward(our, actions), theirs.get_reward(their, actions))
    ours.check_solution_validity(our, actions)


def test_mtvrp_has_the_masks_states_and_rewards_of_rl4co(bridge, originals, side_by_side):
    params = {"num_loc": 20, "variant_preset": "all", "capacity": 32}  # shares of 32 are exact in single precision
    theirs = originals.MTVRPEnv(generator_params=params, seed=4)  # no client lies within the margin of a limit
    ours = bridge.PresetEnv("mtvrp", 20)
    problems = theirs.generator(256)
    same = ("current_node", "current_time", "current_route_length", "used_capacity_backhaul")
    end = side_by_side(ours, ours.reset(problems), theirs, theirs.reset(problems.clone()), same)
    assert end.our["done"].all()


def test_vrptw_has_the_masks_times_and_rewards_of_rl4cos_cvrptw(bridge, originals, side_by_side):
    theirs = originals.CVRPTWEnv(generator_params={"num_loc": 20, "capacity": 20, "scale": True}, seed=5)
    ours = bridge.PresetEnv("vrptw", 20)
    problems = theirs.generator(64)
    our, their = ours.reset(in_mtvrp_keys(problems)), theirs.reset(problems)
    end = side_by_side(ours, our, theirs, their, ("current_node", "current_time"))
    assert end.our["done"].all()


def in_mtvrp_keys(problems):
    """RL4CO's CVRPTW problems in the keys of its MTVRP."""
    locs = torch.cat([problems["depot"][:, None], problems["locs"]], dim=1)
    one = torch.ones_like(problems["capacity"])
    tensors = {
        "locs": locs,
        "demand_linehaul": torch.nn.functional.pad(problems["demand"], (1, 0)),
        "demand_backhaul": torch.zeros_like(locs[..., 0]),
        "vehicle_capacity": one,
        "capacity_original": problems["capacity"],
        "open_route": one < 0,
        "time_windows": problems["time_windows"],
        "service_time": problems["durations"],
        "distance_limit": one * torch.inf,
        "speed": one,
    }
    return TensorDict(tensors, batch_size=problems.batch_size)


@pytest.mark.parametrize(("preset", "original"), [("tsp", "TSPEnv"), ("atsp", "ATSPEnv"), ("pdp", "PDPEnv")])
@pytest.mark.parametrize("size", [2, 20])
def test_tours_have_the_masks_done_flags_and_rewards_of_rl4co(bridge, originals, side_by_side, preset, original, size):
    theirs = getattr(originals, original)(generator_params={"num_loc": size}, seed=3)
    ours = bridge.PresetEnv(preset, size)
    problems = theirs.generator([64])
    our, their = ours.reset(problems), theirs.reset(problems.clone())
    first = torch.equal(our["done"].flatten(), their["done"].flatten())
    same = ("current_node", "done") if preset == "pdp" else ("current_node", "first_node", "i", "done")
    end = side_by_side(ours, our, theirs, their, same)
    assert first
    assert torch.equal(end.our["done"].flatten(), end.their["done"].flatten())
    assert end.actions.shape == (64, size)


@pytest.mark.parametrize(("preset", "original"), [("tsp", "TSPEnv"), ("atsp", "ATSPEnv"), ("pdp", "PDPEnv")])
def test_many_starts_are_those_of_rl4co(bridge, originals, preset, original):
    theirs = getattr(originals, original)(generator_params={"num_loc": 6}, seed=3)
    ours = bridge.PresetEnv(preset, 6)
    problems = theirs.generator([4])
    our, their = ours.reset(problems), theirs.reset(problems.clone())
    count = theirs.get_num_starts(their)
    assert ours.get_num_starts(our) == count
    assert torch.equal(ours.select_start_nodes(our, count), theirs.select_start_nodes(their, count))


def test_a_policy_of_rl4co_finds_the_same_routes_on_both(bridge, originals, models):
    """Greedy from all starts with the same weights: the same observations lead to the same decisions."""
    for name, original in (("cvrp", "CVRPEnv"), ("tsp", "TSPEnv"), ("pdp", "PDPEnv")):
        policy = models.AttentionModelPolicy(env_name=name, embed_dim=32, num_heads=2).eval()
        theirs = getattr(originals, original)(generator_params={"num_loc": 10}, seed=3)
        problems = theirs.generator([8])
        rewards = []
        for env in (bridge.PresetEnv(name, 10), theirs):
            out = policy(env.reset(problems.clone()), env, phase="test", decode_type="multistart_greedy", num_starts=5)
            rewards.append(out["reward"])
        assert torch.allclose(*rewards, rtol=1e-5), name


# What RL4CO 0.7 gets wrong. Each test would fail if a later version did better.


def test_rl4cos_cvrp_overloads_vehicles_of_a_million_units(bridge, originals):
    """It allows 1e-5 of the capacity too much; a million units need the demands exact."""
    theirs = originals.CVRPEnv(generator_params={"num_loc": 2})
    ours = bridge.PresetEnv("cvrp", 2)
    capacity = torch.tensor([[1e6]])
    demand = torch.tensor([[500_000.0, 500_005.0]])
    tensors = {
        "locs": torch.rand(1, 2, 2),
        "depot": torch.rand(1, 2),
        "demand": demand / capacity,
        "capacity": capacity,
    }
    problem = TensorDict(tensors, batch_size=[1])
    assert masks(theirs, problem, [1])[-1] == [True, False, True]
    assert masks(ours, problem, [1])[-1] == [True, False, False]
    assert accepts(theirs, problem, [1, 2])
    assert not accepts(ours, problem, [1, 2])


def test_rl4cos_cvrptw_lets_vehicles_go_where_there_is_no_way_back_and_then_has_no_action(bridge, originals):
    theirs = originals.CVRPTWEnv(generator_params={"num_loc": 2})
    problem = timed([[0.0, 1.0], [0.0, 0.9], [0.0, 0.9]], service=[0.0, 0.0, 0.5])
    assert masks(theirs, problem, [2]) == [[False, True, True], [False, False, False]]
    with pytest.raises(ConfigError, match="C503 problem 0: no vehicle can serve 2 within its limits"):
        bridge.PresetEnv("vrptw", 2).reset(in_mtvrp_keys(problem))


def test_rl4cos_cvrptw_checks_times_rounded_down(bridge, originals):
    """It takes the integer part of every arrival: with times below one nothing is ever late."""
    theirs = originals.CVRPTWEnv(generator_params={"num_loc": 2})
    problem = timed([[0.0, 1.9], [0.0, 0.4], [0.0, 0.7]], service=[0.0, 0.2, 0.0])
    assert accepts(theirs, problem, [1, 2])
    assert not accepts(bridge.PresetEnv("vrptw", 2), in_mtvrp_keys(problem), [1, 2])


def test_rl4cos_mtvrp_does_not_mix_backhauls_though_the_problem_says_so(bridge, originals):
    mixed = tasks([0.0, 0.5], [0.5, 0.0], backhaul_class=torch.full((1, 1), 2))
    assert masks(multi_task(originals), mixed, [1])[-1] == [True, False, False]
    assert masks(bridge.PresetEnv("mtvrp", 2), mixed, [1])[-1] == [True, False, True]


def test_rl4cos_mtvrp_refuses_a_last_client_that_fills_the_vehicle_exactly(bridge, originals):
    """Five demands of 20 in all, as shares in single precision, sum to more than one."""
    full = tasks([6 / 20, 1 / 20, 7 / 20, 2 / 20, 4 / 20], [0.0] * 5, capacity_original=torch.full((1, 1), 20.0))
    assert not masks(multi_task(originals), full, [1, 2, 3, 4])[-1][5]
    assert masks(bridge.PresetEnv("mtvrp", 5), full, [1, 2, 3, 4])[-1][5]


def test_rl4cos_mtvrp_does_not_check_the_order_of_backhauls(bridge, originals):
    problem = tasks([0.0, 0.5], [0.5, 0.0], backhaul_class=torch.ones(1, 1))
    assert accepts(multi_task(originals), problem, [1, 2])
    assert not accepts(bridge.PresetEnv("mtvrp", 2), problem, [1, 2])


def test_rl4cos_mtvrp_does_not_check_the_last_way_home(bridge, originals):
    corner = torch.tensor([[[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]])
    long = tasks([0.5, 0.5], [0.0, 0.0], locs=corner, distance_limit=torch.full((1, 1), 1.5))
    windows, service = torch.tensor([[[0.0, 1.3], [0.0, 0.5], [0.0, 0.9]]]), torch.tensor([[0.0, 0.2, 0.0]])
    late = tasks([0.5, 0.5], [0.0, 0.0], service_time=service, time_windows=windows)
    for problem in (long, late):
        assert accepts(multi_task(originals), problem, [1, 2])
        assert not accepts(bridge.PresetEnv("mtvrp", 2), problem, [1, 2])


@pytest.mark.parametrize(("preset", "original"), [("atsp", "ATSPEnv"), ("pdp", "PDPEnv")])
def test_rl4cos_atsp_and_pdp_take_the_size_from_the_generator_not_from_the_problem(bridge, originals, preset, original):
    theirs = getattr(originals, original)(generator_params={"num_loc": 6})
    problems = getattr(originals, original)(generator_params={"num_loc": 4}).generator([2])
    nodes = 4 if preset == "atsp" else 5
    assert theirs.reset(problems.clone())["action_mask"].shape == (2, nodes + 2)
    assert bridge.PresetEnv(preset, 6).reset(problems)["action_mask"].shape == (2, nodes)


def masks(env, problem, actions):
    """The masks before and after each action."""
    td = env.reset(problem.clone())
    seen = [td["action_mask"][0].tolist()]
    for action in actions:
        td["action"] = torch.tensor([action])
        td = env.step(td)["next"]
        seen.append(td["action_mask"][0].tolist())
    return seen


def accepts(env, problem, actions):
    """Whether an environment's check lets a solution pass."""
    try:
        env.check_solution_validity(env.reset(problem.clone()), torch.tensor([actions]))
    except (AssertionError, SolverError):
        return False
    return True


def timed(windows, service):
    """RL4CO's CVRPTW on a line: depot at 0, clients at 0.3 and 0.6, half a vehicle each."""
    tensors = {
        "depot": torch.zeros(1, 2),
        "locs": torch.tensor([[[0.3, 0.0], [0.6, 0.0]]]),
        "demand": torch.full((1, 2), 0.5),
        "capacity": torch.full((1, 1), 2.0),
        "durations": torch.tensor([service]),
        "time_windows": torch.tensor([windows]),
    }
    return TensorDict(tensors, batch_size=[1])


def multi_task(originals):
    return originals.MTVRPEnv(generator_params={"num_loc": 2, "variant_preset": "all"})


def tasks(linehaul, backhaul, **changes):
    """RL4CO's MTVRP on a line: depot at 0, clients at 0.3, 0.6 ..., nothing bounded but loads."""
    nodes = len(linehaul) + 1
    ways = torch.stack([0.3 * torch.arange(nodes), torch.zeros(nodes)], dim=-1)
    one = torch.ones(1, 1)
    tensors = {
        "locs": ways[None],
        "demand_linehaul": torch.tensor([[0.0, *linehaul]]),
        "demand_backhaul": torch.tensor([[0.0, *backhaul]]),
        "backhaul_class": one,
        "vehicle_capacity": one,
        "capacity_original": 2 * one,
        "open_route": one < 0,
        "time_windows": torch.tensor([[[0.0, torch.inf]] * nodes]),
        "service_time": torch.zeros(1, nodes),
        "distance_limit": one * torch.inf,
        "speed": one,
    }
    return TensorDict(tensors | changes, batch_size=[1])
