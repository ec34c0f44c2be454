import pytest
import torch
from torch.utils._pytree import tree_leaves

from nco.envs.graphed import GraphedEnv
from nco.envs.presets import PRESETS, preset
from nco.errors import ConfigError

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
#: One preset for every way in which steps differ.
KINDS = ["tsp", "pdp", "cvrp", "mtvrp", "pdptw", "vrptw_shifts", "pcvrp", "vrptw_reloads", "pvrp_zc", "everything"]


def draw(name, seed=1, batch=3, size=6):
    return preset(name).generator(batch, size, torch.Generator().manual_seed(seed))


def at_random(mask, generator):
    return (torch.rand(mask.shape, generator=generator).to(mask.device) + 1e-3).mul(mask).argmax(dim=-1)


def follow_both(graphed, instances, mask):
    """Random steps of a GraphedEnv beside the eager ones, to the end of the bound."""
    env, generator = graphed.env, torch.Generator().manual_seed(2)
    state = env.reset(instances, mask.shape[1])
    for _ in range(env.max_steps(instances)):
        assert torch.equal(mask, env.action_mask(instances, state))
        action = at_random(mask, generator)
        state, mask = env.step(instances, state, action), graphed.step(action)
        pairs = zip(tree_leaves(graphed.state), tree_leaves(state), strict=True)
        assert all(torch.equal(ours, eager) for ours, eager in pairs)
        assert torch.equal(graphed.done, env.done(state))
    assert graphed.done.all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", KINDS)
def test_an_episode_in_fixed_tensors_is_the_eager_one(name, device):
    instances = draw(name).to(device)
    graphed = GraphedEnv(preset(name).env, instances, 4)
    follow_both(graphed, instances, graphed.mask)


@pytest.mark.parametrize("device", DEVICES)
def test_a_reset_begins_again_with_the_same_problems_or_with_others(device):
    first, second = (draw("mtvrp", seed).to(device) for seed in (1, 2))
    kept = first.clone()
    graphed = GraphedEnv(preset("mtvrp").env, first, 2)
    follow_both(graphed, first, graphed.reset())
    follow_both(graphed, first, graphed.reset())
    follow_both(graphed, second, graphed.reset(second))
    assert (first == kept).all()  # the caller's problems are not touched


@pytest.mark.parametrize("name", KINDS)
def test_every_step_writes_into_the_same_tensors(name):
    graphed = GraphedEnv(preset(name).env, draw(name), 2)

    def places():
        held = [graphed.state, graphed.mask, graphed.done, list(graphed.instances.values())]
        return [tensor.data_ptr() for tensor in tree_leaves(held)]

    before = places()
    graphed.step(at_random(graphed.mask, torch.Generator()))
    assert places() == before
    graphed.reset(draw(name, seed=2))
    assert places() == before


def test_no_two_parts_of_a_state_share_a_tensor():
    leaves = tree_leaves(GraphedEnv(preset("everything").env, draw("everything"), 2).state)
    assert len({leaf.data_ptr() for leaf in leaves if leaf.numel()}) == len([leaf for leaf in leaves if leaf.numel()])


@pytest.mark.parametrize("name", PRESETS)
def test_a_step_never_looks_at_its_numbers(name):
    """It runs on tensors that have none: nothing waits for a device."""
    graphed = GraphedEnv(preset(name).env, draw(name).to("meta"), 2)
    shape = graphed.mask.shape
    assert graphed.step(torch.empty(shape[:2], dtype=torch.long, device="meta")).shape == shape


def test_problems_of_other_shapes_or_attributes_are_refused():
    graphed = GraphedEnv(preset("cvrp").env, draw("cvrp"), 2)
    for others in (draw("cvrp", size=7), draw("cvrp", batch=1), draw("pcvrp")):
        with pytest.raises(ConfigError, match=r"C503 instances: .* differ .*Make another GraphedEnv"):
            graphed.reset(others)


@pytest.mark.parametrize("device", DEVICES)
def test_the_loop_of_the_docstring_ends_with_all_clients_served(device):
    graphed = GraphedEnv(preset("cvrp").env, draw("cvrp").to(device), 2)
    mask = graphed.reset()
    while not graphed.done.all():
        mask = graphed.step(at_random(mask, torch.Generator()))
    assert graphed.state.visited[..., 1:].all()
