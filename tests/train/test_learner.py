import torch

from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.starts import first_clients
from nco.train.losses import reinforce
from nco.train.optimizers import OptimizerConfig, make_optimizers


def test_a_policy_learns_one_batch_by_heart(tiny_policy, cvrp, drawn):
    """What its samples cost more than the best ever seen from the same start falls to less than half in 100 steps."""
    instances = drawn(4, 8)
    starts = first_clients(instances, 8)
    optimizers = make_optimizers(tiny_policy, OptimizerConfig(muon_rate=1e-2, adam_rate=5e-3))
    draw, costs = torch.Generator().manual_seed(1), []
    for _ in range(100):
        memory = tiny_policy.encode(instances)
        trajectory = rollout(tiny_policy, cvrp, instances, starts, draw)
        decisions = rebuild(cvrp, instances, trajectory.actions)
        loss = reinforce(trajectory.cost, log_probability(tiny_policy, memory, decisions, 8)[0])
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        costs.append(trajectory.cost)
    best = torch.stack(costs).amin(dim=0).mean()
    first, last = costs[0].mean(), torch.stack(costs[-10:]).mean()
    assert first > 1.2 * best
    assert last - best < 0.5 * (first - best)
