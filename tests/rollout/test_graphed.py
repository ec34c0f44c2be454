import copy

import pytest
import torch

from nco.rollout import rollout
from nco.rollout.eager import decide
from nco.rollout.graphed import GraphedStep
from nco.rollout.starts import first_clients

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


@pytest.mark.parametrize("device", DEVICES)
def test_a_rollout_of_recorded_decisions_is_the_eager_one(tiny_policy, cvrp, drawn, device):
    policy, step = copy.deepcopy(tiny_policy).to(device), GraphedStep(decide)
    for seed in (1, 2):  # recorded, then replayed with other problems
        instances = drawn(4, 15, seed=seed).to(device)
        starts = first_clients(instances, 5)
        sampled = [
            rollout(policy, cvrp, instances, starts, torch.Generator(device).manual_seed(3), step=how)
            for how in (step, decide)
        ]
        assert torch.equal(sampled[0].actions, sampled[1].actions)
        graphed, eager = rollout(policy, cvrp, instances, starts, step=step), rollout(policy, cvrp, instances, starts)
        assert torch.equal(graphed.actions, eager.actions)
        assert torch.equal(graphed.cost, eager.cost)
