import copy

import pytest
import torch

from nco.envs.generators.profiled import equipped
from nco.envs.presets import preset
from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.starts import first_clients, free_starts, sampled_starts
from nco.train.learner import Learner, LearnerConfig
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


def test_vehicles_that_act_at_once_learn_one_batch_by_heart(tiny_camp, drawn):
    (policy, env), instances = tiny_camp(), equipped(drawn(4, 8, "pvrp_p"))
    learner = Learner(copy.deepcopy(policy), env, lambda *_: instances, LearnerConfig(), OptimizerConfig())
    optimizers = make_optimizers(learner.policy, OptimizerConfig(muon_rate=1e-2, adam_rate=5e-3))
    starts, draw, costs = first_clients(instances, 8, env.could(instances)), torch.Generator().manual_seed(1), []
    for _ in range(100):
        memory = learner.policy.encode(instances)
        trajectory, decisions = learner.play(instances, starts, draw, memory.detach())
        learner.loss(trajectory.cost, learner.score(memory, decisions, starts)[0]).backward()
        torch.nn.utils.clip_grad_norm_(learner.policy.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        costs.append(trajectory.cost)
    best = torch.stack(costs).amin(dim=0).mean()
    first, last = costs[0].mean(), torch.stack(costs[-10:]).mean()
    assert first > 1.1 * best
    assert last - best < 0.5 * (first - best)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("name", ["cvrp_mixed", "unified", "profiles"])
def test_problems_of_every_training_can_be_fetched_by_a_gpu_while_the_host_goes_on(name, tiny_policy):
    known = preset(name)
    learner = Learner(
        tiny_policy, known.env, known.generator, LearnerConfig(batch_size=4, sizes=(8,)), OptimizerConfig()
    )
    instances, _ = learner._draw_pinned(0)
    assert all(tensor.is_pinned() for tensor in instances.values())


@pytest.mark.parametrize("name", ["hcvrp", "hcvrp_max_3"])
def test_vehicles_that_act_at_once_begin_as_they_choose_where_the_largest_total_counts(tiny_camp, drawn, name):
    (policy, env), instances = tiny_camp(name), drawn(2, 5, name)
    learner = Learner(policy, env, lambda *_: instances, LearnerConfig(starts=4), OptimizerConfig())
    decreed, free = sampled_starts(instances, 4, env.could(instances)), free_starts(instances, 4)
    assert torch.equal(learner.starts(instances), free if env.objective == "max" else decreed)
