"""The bridge beside RL4CO itself. Where the two differ on purpose: see the docstring of nco.envs.rl4co."""

import copy
import importlib
import pickle
import re
import sys

import numpy as np
import pytest
import torch
from tensordict import TensorDict

from nco.checker import check
from nco.envs.instances import to_problems, to_routes
from nco.envs.presets import PRESETS, preset
from nco.errors import ConfigError, SolverError

#: Presets that a problem of RL4CO covers -> its name.
NAMED = {
    "tsp": "tsp",
    "atsp": "atsp",
    "ratsp": "atsp",
    "ratsp_cluster": "atsp",
    "pdp": "pdp",
    "cvrp": "cvrp",
    "cvrp_x": "cvrp",
    "cvrp_mixed": "cvrp",
}
NAMED |= {name: "mtvrp" for name in PRESETS if re.fullmatch(r"mtvrp|o?vrp(m?b)?l?(tw)?", name)}

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs_to_the_end_under_a_random_policy_and_passes_its_check(bridge, random_rollout, name):
    env = bridge.PresetEnv(name, size=8, check_solution=True)
    actions, td = random_rollout(env, env.reset(batch_size=4))
    assert actions.shape[1] <= 24
    assert torch.equal(env.get_reward(td, actions), -env.process.cost(td["instances"], actions[:, None])[:, 0])


def test_rl4cos_keys_are_taken_where_they_say_all(bridge):
    names = {name: bridge.PresetEnv(name, size=4).name for name in PRESETS}
    assert {name: words for name, words in names.items() if words != "nco"} == NAMED


@pytest.mark.parametrize("name", PRESETS)
def test_problems_survive_the_way_into_the_keys_of_rl4co_and_back(bridge, name):
    env = bridge.PresetEnv(name, size=8)
    instances = env.reset(batch_size=4)["instances"]
    there = TensorDict(env.words.problems(instances), batch_size=[4])
    back = env.words.instances(there)
    assert set(back.keys()) == set(instances.keys())
    assert all(torch.equal(back[key], instances[key]) for key in back.keys())  # noqa: SIM118 (a TensorDict)


def test_tours_on_roads_cost_what_the_checker_says_and_matrices_are_of_order_one(bridge, random_rollout):
    env = bridge.PresetEnv("ratsp", 8)
    instances = preset("ratsp").generator(4, 8, torch.Generator().manual_seed(1))
    td = env.reset(TensorDict(env.words.problems(instances), batch_size=[4]))
    assert td["cost_matrix"].amax(dim=(1, 2)).min() > 1
    assert td["cost_matrix"].max() < 4
    actions, td = random_rollout(env, td)
    costs = -env.get_reward(td, actions) * instances["scale"]
    paths = env.words.path(actions[:, None])[:, 0].tolist()
    for row, (problem, path, cost) in enumerate(zip(to_problems(instances), paths, costs.tolist(), strict=True)):
        report = check(problem, to_routes(instances, path, row))
        assert report.is_feasible()
        assert report.cost.total == pytest.approx(cost, rel=1e-5)


def test_reset_leaves_the_callers_problems_as_they_are_and_may_be_repeated(bridge):
    env = bridge.PresetEnv("cvrp", 5)
    problems = env.generator(3)
    before = problems.clone()
    once = env.reset(problems)
    assert set(problems.keys()) == set(before.keys())
    assert all(torch.equal(problems[key], before[key]) for key in before.keys())  # noqa: SIM118 (a TensorDict)
    assert torch.equal(env.reset(problems)["locs"], once["locs"])
    assert torch.equal(env.reset(once)["locs"], once["locs"])


def test_a_step_leaves_the_state_before_it_as_it_is(bridge):
    env = bridge.PresetEnv("cvrp", 5)
    td = env.reset(batch_size=2)
    td["action"] = torch.tensor([1, 2])
    env.step(td)
    assert td["current_node"].tolist() == [[0], [0]]
    assert not td["visited"].any()


def test_problems_of_any_size_may_be_given_whatever_the_generator_draws(bridge):
    env = bridge.PresetEnv("cvrp", 5)
    td = env.reset(bridge.PresetEnv("cvrp", 13).generator(2))
    assert env.get_num_starts(td) == 13
    assert env.select_start_nodes(td, 13).tolist() == [k for k in range(1, 14) for _ in range(2)]


def test_starts_begin_again_when_there_are_more_than_clients(bridge):
    env = bridge.PresetEnv("cvrp", 3)
    td = env.reset(batch_size=2)
    assert env.select_start_nodes(td, 5).view(5, 2).T.tolist() == [[1, 2, 3, 1, 2]] * 2


def test_starts_are_clients_that_may_come_first(bridge):
    env = bridge.PresetEnv("cvrp", 4)
    td = env.reset(batch_size=2)
    td["action_mask"] = torch.tensor([[False, True, False, True, True], [False, False, False, True, False]])
    assert env.get_num_starts(td) == 3
    assert env.select_start_nodes(td, 4).view(4, 2).T.tolist() == [[1, 3, 4, 1], [3, 3, 3, 3]]


@pytest.mark.parametrize("name", ["tsp", "mtvrp", "hcvrp"])
def test_a_single_problem_goes_through(bridge, random_rollout, name):
    env = bridge.PresetEnv(name, 6)
    actions, td = random_rollout(env, env.reset(batch_size=1))
    assert env.get_reward(td, actions, check_solution=True).shape == (1,)


def test_files_of_rl4co_are_read_as_they_are(bridge, originals, tmp_path):
    problems = originals.CVRPEnv(generator_params={"num_loc": 6}, seed=1).generator(5)
    whole = problems["demand"] * problems["capacity"]
    arrays = {
        "locs": problems["locs"],
        "depot": problems["depot"],
        "demand": whole,
        "capacity": problems["capacity"][:, 0],
    }
    np.savez(tmp_path / "val.npz", **{key: value.numpy() for key, value in arrays.items()})
    env = bridge.PresetEnv("cvrp", 6, data_dir=str(tmp_path), val_file="val.npz")
    td = env.reset(env.load_data(env.val_file))
    assert torch.equal(td["instances"]["demand"][:, 1:], whole.round())
    assert torch.allclose(td["demand"], problems["demand"])


def test_a_broken_solution_is_an_error_that_names_all_violations(bridge):
    env = bridge.PresetEnv("cvrp", 20)
    td = env.reset(batch_size=2)
    tour = torch.arange(1, 21).repeat(2, 1)
    tour[1, -1] = 1
    with pytest.raises(SolverError) as caught:
        env.check_solution_validity(td, tour)
    text = str(caught.value)
    assert caught.value.codes == ("U303",)
    assert "solution 0: capacity:" in text
    assert "solution 1: capacity:" in text
    assert "solution 1: visits: 20 is not visited" in text
    assert "solution 1: visits: 1 is visited 2 times" in text


def test_demands_that_are_no_whole_shares_are_an_error(bridge):
    env = bridge.PresetEnv("cvrp", 4)
    problems = env.generator(2)
    problems["demand"][1, 2] += 0.001
    with pytest.raises(ConfigError, match="C503 demand: times the capacity it is no whole number"):
        env.reset(problems)


def test_missing_keys_are_named_all_at_once(bridge):
    env = bridge.PresetEnv("cvrp", 4)
    with pytest.raises(ConfigError, match=r"C503 depot: .*\nC503 capacity: .*They need locs, depot, demand, capacity"):
        env.reset(env.generator(2).select("locs", "demand"))


def test_a_speed_other_than_one_is_an_error(bridge):
    env = bridge.PresetEnv("mtvrp", 4)
    problems = env.generator(2)
    problems["speed"] *= 2
    with pytest.raises(ConfigError, match="C503 speed: it is not 1"):
        env.reset(problems)


def test_what_binds_in_a_problem_must_be_looked_after_by_the_preset(bridge):
    problems = bridge.PresetEnv("mtvrp", 6).generator(20)  # some of everything
    with pytest.raises(ConfigError, match=r"demand_backhaul: .*\n.*class: .*\n.*windows: .*\n.*limit: ") as caught:
        bridge.PresetEnv("ovrp", 6).reset(problems)
    assert str(caught.value).count("the preset does not look after it. Use the preset 'mtvrp'") == 4
    with pytest.raises(ConfigError, match=r"^C503 distance_limit: "):
        bridge.PresetEnv("vrpbtw", 6).reset(problems)


def test_an_unknown_option_names_the_nearest(bridge):
    with pytest.raises(ConfigError, match=r"C501 val_fiel: it is unknown\. Did you mean 'val_file'"):
        bridge.PresetEnv("cvrp", 20, val_fiel="x.npz")


def test_an_unknown_preset_names_the_nearest(bridge):
    with pytest.raises(ConfigError, match=r"C503 preset: 'cvpr' is unknown\. Did you mean 'cvrp'"):
        bridge.PresetEnv("cvpr")


def test_the_same_seed_draws_the_same_problems_and_a_dataset_goes_on(bridge):
    first, again = bridge.PresetEnv("mtvrp", 5, seed=2), bridge.PresetEnv("mtvrp", 5, seed=2)
    bridge.embeddings(again)
    drawn = first.generator(3)["locs"]
    assert torch.equal(drawn, again.generator([3])["locs"])
    assert not torch.equal(drawn, first.generator(3)["locs"])
    first.set_seed(2)
    assert torch.equal(drawn, first.generator(3)["locs"])
    assert len(first.dataset(4, phase="train")) == 4


def test_global_random_numbers_are_left_alone(bridge):
    before = torch.get_rng_state()
    env = bridge.PresetEnv("mtvrp", 5)
    env.reset(batch_size=2)
    pickle.loads(pickle.dumps(env))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("name", ["tsp", "cvrp_mixed", "hcvrp"])
def test_a_copy_goes_on_where_the_original_is(bridge, duplicate, name):
    env = bridge.PresetEnv(name, 5)
    env.generator(2)
    twin = duplicate(env)
    assert torch.equal(env.generator(2)["locs"], twin.generator(2)["locs"])
    twin.set_seed(5)
    expected = bridge.PresetEnv(name, 5, seed=5).generator(2)["locs"]
    assert torch.equal(twin.generator(2)["locs"], expected)


def test_importing_it_leaves_the_number_of_threads_alone(bridge, monkeypatch):
    threads = torch.get_num_threads()
    for module in [name for name in sys.modules if name.startswith("nco.envs.rl4co")]:
        monkeypatch.delitem(sys.modules, module)
    importlib.import_module("nco.envs.rl4co")
    assert torch.get_num_threads() == threads


def test_without_rl4co_the_extra_is_named(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("nco.envs.rl4co")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "rl4co.envs", None)
    with pytest.raises(ConfigError, match=r"C502 nco.envs.rl4co: .*pip install 'nco-vrp\[train\]'"):
        importlib.import_module("nco.envs.rl4co")
