"""RL4CO's attention model reads every preset through our modules."""

import pytest
import torch

from nco.envs.presets import PRESETS

pytestmark = pytest.mark.train

SMALL = {"num_encoder_layers": 1, "num_heads": 2, "feedforward_hidden": 16}


@pytest.fixture
def policy(bridge, models):
    """A small policy for an environment."""

    def make(env):
        torch.manual_seed(1)
        return models.AttentionModelPolicy(env_name=env.name, **SMALL, **bridge.embeddings(env, 16))

    return make


@pytest.mark.parametrize("name", PRESETS)
def test_a_policy_samples_feasible_routes_of_every_preset_and_every_module_learns(bridge, policy, name):
    env = bridge.PresetEnv(name, 6, check_solution=True)
    made = policy(env)
    out = made(env.reset(batch_size=4), env, phase="train", decode_type="sampling")
    (out["reward"] * out["log_likelihood"]).mean().backward()
    modules = made.encoder.init_embedding, made.decoder.context_embedding, made.decoder.dynamic_embedding
    for parameter in (parameter for module in modules for parameter in module.parameters()):
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["atsp", "pdp", "cvrp", "hcvrp_max", "pvrp_p"])
def test_many_starts_of_one_problem_are_the_rollouts_of_those_first_actions(bridge, policy, name):
    env = bridge.PresetEnv(name, 6)
    made = policy(env).eval()
    td = env.reset(batch_size=2)
    many = made(td, env, phase="test", decode_type="multistart_greedy", num_starts=3)
    starts = env.select_start_nodes(td, 3)
    assert torch.equal(many["actions"][:, 0], starts)
    alone = env.reset(td[1:])
    alone["action"] = starts[1:2]
    one = made(env.step(alone)["next"], env, phase="test", decode_type="greedy")
    actions = torch.cat([starts[1:2, None], one["actions"]], dim=1)
    assert torch.allclose(env.get_reward(alone, actions), many["reward"][1:2], rtol=1e-5)


@pytest.mark.parametrize("name", ["tsp", "pdp", "mdcvrp", "mtvrp"])
def test_embeddings_of_nodes_turn_with_the_coordinates_that_rl4co_augments(bridge, name):
    env = bridge.PresetEnv(name, 4)
    td = env.reset(batch_size=2)
    nodes = bridge.embeddings(env, 16)["init_embedding"]
    before = nodes(td)
    td["locs"] = td["locs"].flip(-1)
    assert not torch.allclose(before, nodes(td))


def test_only_what_coordinates_do_not_tell_needs_a_dynamic_embedding(bridge):
    dynamic = {
        name: bridge.embeddings(bridge.PresetEnv(name, 4))["dynamic_embedding"] is not None
        for name in ("tsp", "atsp", "cvrp", "vrptw", "mdcvrp", "hcvrp", "pvrp_zc", "pvrp_p")
    }
    assert {name for name, needed in dynamic.items() if needed} == {"atsp", "pvrp_p"}
