"""What the tests of the bridge share: RL4CO itself, random rollouts, and training without noise."""

import importlib
from types import ModuleType, SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="session")
def bridge() -> ModuleType:
    """The package under test."""
    return importlib.import_module("nco.envs.rl4co")


@pytest.fixture(scope="session")
def originals(bridge) -> ModuleType:
    """RL4CO's own environments."""
    return importlib.import_module("rl4co.envs")


@pytest.fixture(scope="session")
def models(bridge) -> ModuleType:
    """RL4CO's models."""
    return importlib.import_module("rl4co.models")


@pytest.fixture
def at_random():
    """Put a random allowed action into a TensorDict; every test has the same sequence."""
    generator = torch.Generator().manual_seed(1)

    def act(td):
        mask = td["action_mask"]
        td["action"] = (torch.rand(mask.shape, generator=generator) + 1e-3).mul(mask).argmax(dim=-1)
        return td["action"]

    return act


@pytest.fixture
def random_rollout(at_random):
    """Actions [B, T] and the last TensorDict of random rollouts."""

    def roll(env, td):
        actions = []
        while not td["done"].all():
            actions.append(at_random(td))
            td = env.step(td)["next"]
        return torch.stack(actions, dim=1), td

    return roll


@pytest.fixture
def side_by_side(at_random):
    """Take the same random actions in both environments to the end of theirs, with the same masks in every step."""

    def roll(ours, our, theirs, their, same=()):
        actions = []
        while not their["done"].all():
            assert torch.equal(our["action_mask"], their["action_mask"])
            for key in same:
                assert torch.allclose(our[key].flatten(), their[key].flatten(), atol=1e-5), key
            their["action"] = at_random(our)
            actions.append(our["action"])
            our, their = ours.step(our)["next"], theirs.step(their)["next"]
        actions = torch.stack(actions, dim=1)
        assert torch.allclose(ours.get_reward(our, actions), theirs.get_reward(their, actions), rtol=1e-5)
        ours.check_solution_validity(our, actions)
        theirs.check_solution_validity(their, actions)
        return SimpleNamespace(our=our, their=their, actions=actions)

    return roll


@pytest.fixture
def fit(tmp_path):
    """Train one of RL4CO's models for a step; the metrics of the run."""
    trainer = importlib.import_module("rl4co.utils.trainer").RL4COTrainer

    def run(learner):
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        quiet |= {"enable_model_summary": False, "default_root_dir": tmp_path}
        run = trainer(max_epochs=1, precision="32-true", accelerator="cpu", **quiet)
        run.fit(learner)
        return run.callback_metrics

    return run
