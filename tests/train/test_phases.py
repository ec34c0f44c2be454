import pytest
import torch

from nco.envs.presets import preset
from nco.train.learner import Learner, LearnerConfig
from nco.train.optimizers import OptimizerConfig
from nco.train.phases import Step, operations, phases, traffic

WIDTH, NODES, ROLLOUTS = 16, 6, 5


@pytest.fixture
def step(tiny_policy):
    """A step on problems of five clients."""
    cvrp = preset("cvrp")

    def make(batch: int) -> Step:
        policy = tiny_policy.train()
        settings = LearnerConfig(batch_size=batch, starts=ROLLOUTS)
        learner = Learner(policy, cvrp.env, cvrp.generator, settings, OptimizerConfig(muon_rate=0))
        return Step(learner, NODES - 1, batch)

    return make


def test_a_step_in_parts_changes_the_policy(step):
    one = step(2)
    before = [parameter.detach().clone() for parameter in one.learner.policy.parameters()]
    times = phases(one, repeats=2, warm=0)
    assert list(times) == ["draw problems", "encode", "rollout", "re-score", "backward", "optimisers"]
    assert all(seconds > 0 for seconds in times.values())
    assert not any(torch.equal(b, p) for b, p in zip(before, one.learner.policy.parameters(), strict=True))


def test_operations_grow_with_the_batch_and_contain_those_that_can_be_counted_by_hand(step):
    one, ten = operations(step(1)), operations(step(10))
    assert ten == pytest.approx(10 * one, rel=0.2)  # numbers of steps differ
    layer = 2 * NODES * (WIDTH * 3 * WIDTH + WIDTH * WIDTH + 2 * WIDTH * 32)
    attention = 2 * 2 * NODES * NODES * WIDTH
    encoder = 3 * 2 * (layer + attention)  # forward and twice that backward, two layers
    pointer = 4 * 2 * ROLLOUTS * (NODES - 2) * NODES * WIDTH  # at the very least: rollout, re-scoring, backward
    assert encoder + pointer < one < 20 * (encoder + pointer)


def test_traffic_holds_what_is_kept_for_the_backward_pass_and_grows_with_the_batch(step):
    small, large = traffic(step(2)), traffic(step(64))
    size = 4 * sum(parameter.numel() for parameter in step(1).learner.policy.parameters())
    assert small > 9 * size
    assert 20 * (small - 9 * size) < large - 9 * size < 45 * (small - 9 * size)
