"""Two processes learn as one with the double batch: the real command under torchrun, with gloo on the CPU."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch.nn.functional import pad

from nco.policies.weights import load
from nco.rollout import log_probability, rebuild, rollout
from nco.rollout.starts import first_clients
from nco.train.learner import _mix, reinforce
from nco.train.run import make_learner

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture
def torchrun(short):
    """Start two processes of a short run."""
    started = []

    def launch(*overrides: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "nco"]
        started.append(
            subprocess.Popen(
                [*command, "train", *short(*overrides).overrides],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )
        )
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def gradients(config) -> dict[str, torch.Tensor]:
    """Gradients of one step of one process with the problems and the rollouts of both, as one batch."""
    learner = make_learner(config)
    policy, env, settings = learner.policy, learner.env, learner.config
    draws = [torch.Generator().manual_seed(_mix(settings.seed, rank, 0)) for rank in range(2)]
    halves = [learner.problems(settings.batch_size, 8, draw) for draw in draws]
    played = [
        rollout(policy, env, half, first_clients(half, 4), draw) for half, draw in zip(halves, draws, strict=True)
    ]
    longest = max(trajectory.actions.shape[-1] for trajectory in played)
    actions = torch.cat([pad(t.actions, (0, longest - t.actions.shape[-1])) for t in played])  # the depot is node 0
    instances, cost = torch.cat(halves), torch.cat([trajectory.cost for trajectory in played])
    decisions = rebuild(env, instances, actions)
    log_p, _ = log_probability(policy, policy.encode(instances), decisions, actions.shape[1])
    (reinforce(cost, log_p) / instances["locs"].shape[1]).backward()
    return {name: parameter.grad for name, parameter in policy.named_parameters()}


def test_two_processes_have_the_gradients_of_one_with_both_batches(torchrun, short):
    plain = ("trainer.optimizer.muon_rate=0", "trainer.optimizer.clip=1e9", "trainer.max_steps=1")
    process = torchrun(*plain)
    out, err = process.communicate(timeout=120)
    config = short(*plain)
    assert process.returncode == 0, err
    assert out == f"{config.out / 'smoke.safetensors'}\n"
    assert err.count("training 'attention'") == 1
    assert "on 2 x cpu" in err
    checkpoint = torch.load(config.out / "last.ckpt", weights_only=True)
    (adam,) = checkpoint["optimizer_states"]
    expected = gradients(config)
    assert checkpoint["problems"] == 8
    assert len(adam["state"]) == len(expected)
    for moments, (name, gradient) in zip(adam["state"].values(), expected.items(), strict=True):
        ours = moments["exp_avg"] / 0.1  # after one step a tenth of the gradient
        torch.testing.assert_close(ours, gradient, rtol=1e-3, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")
    assert max(float(gradient.abs().max()) for gradient in expected.values()) > 1e-3


def test_two_processes_that_are_stopped_leave_one_checkpoint_and_can_be_resumed(torchrun, short):
    process = torchrun("trainer.max_steps=100000")
    while "training 'attention'" not in (line := process.stderr.readline()):
        assert line, "it ended before it began"
    time.sleep(2.0)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    config = short()
    steps = load(config.out / "smoke.safetensors")[1].training["steps"]
    assert steps > 2
    again = torchrun(f"trainer.max_steps={steps + 2}", f"resume={config.out / 'last.ckpt'}")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    card = load(config.out / "smoke.safetensors")[1]
    assert (card.training["steps"], card.training["problems"]) == (steps + 2, 8 * (steps + 2))
