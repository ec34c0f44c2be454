"""A policy that imitates its own rollouts after search has improved them."""

import pytest
import torch

from nco.envs.generators.host import fresh_seed
from nco.envs.presets import preset
from nco.errors import ConfigError
from nco.rollout import log_probability
from nco.rollout.eager import rollout
from nco.rollout.fused import recorded_replay
from nco.rollout.rescore import rebuild
from nco.rollout.starts import first_clients
from nco.search import rollouts
from nco.train.learner import Learner, LearnerConfig
from nco.train.optimizers import OptimizerConfig, make_optimizers
from nco.train.run import train
from nco.train.teacher import TeacherConfig, improved, lesson, open_to


@pytest.fixture(autouse=True)
def _few_slots(monkeypatch):
    """Every empty route takes the interpreter its time."""
    monkeypatch.setattr(rollouts, "FEWEST", 8)


def test_a_policy_learns_to_do_what_the_teacher_shows(tiny_policy, cvrp, drawn):
    instances = drawn(2, 7)
    done = rollout(tiny_policy, cvrp, instances, first_clients(instances, 4), torch.Generator().manual_seed(1))
    shown = improved(cvrp, instances, done, TeacherConfig(weight=1.0, rollouts=2, iterations=5), seed=1)
    optimizers = make_optimizers(tiny_policy, OptimizerConfig(muon_rate=1e-2, adam_rate=5e-3))
    unlikely = []
    for _ in range(40):
        memory = tiny_policy.encode(instances)
        decisions, allowed = lesson(tiny_policy, cvrp, instances, shown, memory)
        assert allowed.all()
        loss = -log_probability(tiny_policy, memory, decisions, 2)[0].mean()
        unlikely.append(float(loss.detach()))
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    assert 0 < unlikely[-1] < 0.5 * unlikely[0]


def test_the_learner_asks_how_unlikely_improved_rollouts_are(tiny_policy, cvrp, drawn):
    instances, teacher = drawn(1, 7), TeacherConfig(weight=1.0, rollouts=1, iterations=3)
    learner = Learner(tiny_policy, cvrp, lambda *_: instances, LearnerConfig(teacher=teacher), OptimizerConfig())
    done = rollout(tiny_policy, cvrp, instances, first_clients(instances, 4), torch.Generator().manual_seed(1))
    memory = tiny_policy.encode(instances)
    loss = learner.imitate(instances, memory, done, torch.Generator().manual_seed(2))
    shown = improved(cvrp, instances, done, teacher, fresh_seed(torch.Generator().manual_seed(2)))
    expected = -log_probability(tiny_policy, memory, rebuild(cvrp, instances, shown), 1)[0].mean()
    torch.testing.assert_close(loss, expected)
    assert loss.requires_grad


def test_the_teacher_improves_the_cheapest_rollouts(tiny_policy, cvrp, drawn):
    instances = drawn(2, 7)
    done = rollout(tiny_policy, cvrp, instances, first_clients(instances, 5), torch.Generator().manual_seed(1))
    shown = improved(cvrp, instances, done, TeacherConfig(weight=1.0, rollouts=2, iterations=4), seed=1)
    assert (cvrp.cost(instances, shown) <= done.cost.sort(dim=1).values[:, :2] * (1 + 1e-6)).all()


@pytest.mark.parametrize("name", ["unified", "mdovrpbltw", "profiles", "roads"])
def test_a_replay_in_the_kernel_records_what_the_environment_says_of_given_actions(
    tiny_unified, tiny_profiles, tiny_rrnco, drawn, name
):
    policy, env = {"profiles": tiny_profiles, "roads": tiny_rrnco}.get(name, tiny_unified)(name)
    instances = drawn(2, 7, name, seed=4)
    starts = first_clients(instances, 3, env.could(instances))
    actions = rollout(policy, env, instances, starts, torch.Generator().manual_seed(1)).actions
    memory = policy.encode(instances)
    trajectory, recorded = recorded_replay(policy, env, instances, actions, memory.detach())
    assert torch.equal(trajectory.actions, actions[..., : trajectory.actions.shape[-1]])
    assert open_to(recorded).all()
    found = log_probability(policy, memory, recorded, 3)
    expected = log_probability(policy, memory, rebuild(env, instances, actions), 3)
    assert expected[0].max() < 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_a_rollout_that_the_environment_does_not_allow_is_found(tiny_unified, drawn):
    policy, env = tiny_unified("cvrp")
    instances, memory = drawn(1, 5), None
    instances["capacity"] = instances["demand"].sum(dim=1, keepdim=True) - 1
    all_at_once, with_return = [1, 2, 3, 4, 5, 0], [1, 2, 3, 4, 0, 5]
    actions = torch.tensor([[all_at_once, with_return]])
    memory = policy.encode(instances)
    assert lesson(policy, env, instances, actions, memory)[1].tolist() == [[False, True]]
    recorded = recorded_replay(policy, env, instances, actions, memory.detach())[1]
    assert open_to(recorded).unflatten(1, (-1, 2)).all(dim=1).tolist() == [[False, True]]


def test_problems_without_a_teacher_are_an_error(tiny_policy, drawn):
    env, instances = preset("pcvrp").env, drawn(1, 5, "pcvrp")
    done = rollout(tiny_policy, env, instances, first_clients(instances, 2), torch.Generator().manual_seed(1))
    with pytest.raises(ConfigError, match="no teacher for 'prize'"):
        improved(env, instances, done, TeacherConfig(weight=1.0), seed=1)


def test_a_teacher_on_a_cpu_is_an_error_before_the_first_step(short):
    with pytest.raises(ConfigError, match="the teacher's search needs a GPU"):
        train(short("trainer.teacher.weight=0.1"))
