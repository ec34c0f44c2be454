import copy

import pytest
import torch

from nco.envs.generators.profiled import equipped
from nco.envs.presets import preset
from nco.train.learner import Learner, LearnerConfig
from nco.train.optimizers import OptimizerConfig
from nco.train.phases import Step
from nco.train.stepwise import StepByStep


def gradients(kind: type[Step], learner: Learner) -> list[torch.Tensor]:
    """Of one step on the same problems with the same samples."""
    step, found = kind(copy.deepcopy(learner), 7, 3), []

    def lap(name: str) -> None:
        if name == "backward":
            found.extend(parameter.grad.clone() for parameter in step.learner.policy.parameters())

    step(lap)
    return found


@pytest.mark.parametrize("kind", ["attention", "profiles", "camp"])
def test_step_by_step_the_gradients_are_those_of_two_phases(tiny_policy, tiny_profiles, tiny_camp, kind):
    if kind == "attention":
        policy, env, problems = tiny_policy, preset("cvrp").env, preset("cvrp").generator
    else:
        policy, env = tiny_camp() if kind == "camp" else tiny_profiles()
        problems = lambda *sizes: equipped(preset("pvrp_p").generator(*sizes))  # noqa: E731
    learner = Learner(copy.deepcopy(policy).train(), env, problems, LearnerConfig(starts=5), OptimizerConfig())
    ours, theirs = (gradients(kind, learner) for kind in (Step, StepByStep))
    assert any(gradient.abs().sum() > 0 for gradient in ours)
    torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-4)
