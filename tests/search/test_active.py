"""Active search: what changes, what does not, and that it pays."""

import pytest
import torch

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem, symmetries
from nco.envs.presets import preset, problems
from nco.policies.weights import load
from nco.search.active import Adaptation, _joined
from nco.stop import MaxIterations


@pytest.fixture(params=["cvrp", "pvrp_zc"])
def adaptation(request) -> Adaptation:
    """Of the policy for a problem of 20 clients, with one kind of vehicle or with several."""
    policy, card = load("cvrp" if request.param == "cvrp" else "profiles")
    instances = completed(from_problem(problems(request.param, 20, 1, 3)[0], range(20)))
    return Adaptation(policy, preset(card.preset).env, symmetries(instances))


def stepped(adaptation: Adaptation, steps: int) -> list[torch.Tensor]:
    """Costs [C, S] of the samples of so many steps."""
    generator, fleet = torch.Generator().manual_seed(1), adaptation.fleet
    clients = torch.arange(fleet, fleet + 20).expand(8, -1)
    could = adaptation.env.could(adaptation.copies[:1])
    with torch.no_grad():
        return [adaptation.step(clients, could, generator).cost for _ in range(steps)]


def test_samples_become_cheaper_while_only_the_keys_of_the_pointer_change(adaptation):
    weights = {name: tensor.clone() for name, tensor in adaptation.policy.state_dict().items()}
    keys = adaptation.keys.detach().clone()
    costs = torch.stack(stepped(adaptation, 24)).mean(dim=(1, 2))
    assert costs[-8:].mean() < 0.997 * costs[:8].mean()
    assert not torch.equal(adaptation.keys, keys)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in adaptation.policy.state_dict().items())


def test_the_best_rollout_of_each_copy_is_kept(adaptation):
    costs = torch.stack(stepped(adaptation, 3))  # [steps, C, S]
    assert torch.equal(adaptation.best.cost[:, 0], costs.amin(dim=(0, 2)))
    again = adaptation.env.cost(adaptation.copies, adaptation.best.actions)
    assert torch.allclose(again, adaptation.best.cost)


def test_rollouts_that_end_earlier_wait_at_the_depot_of_their_last_vehicle(adaptation):
    stepped(adaptation, 1)
    short = adaptation.best
    longer = short._replace(actions=torch.nn.functional.pad(short.actions, (0, 5)))
    joined = _joined(longer, short, adaptation.fleet)
    assert torch.allclose(adaptation.env.cost(adaptation.copies, joined.actions)[:, 1], short.cost[:, 0])
    decisions = adaptation.env.replay(adaptation.copies, joined.actions)
    allowed = adaptation.env.action_mask(adaptation.copies, decisions)[:, 1]
    assert allowed.gather(-1, joined.actions[:, 1, :, None]).all()


def test_a_solve_that_adapts_is_feasible_and_repeats_itself():
    problem = problems("vrptw", 20, 1, 5)[0]
    runs = [nco.solve(problem, "neural", MaxIterations(12), seed=2, device="cpu", active=True) for _ in range(2)]
    assert runs[0].is_feasible()
    assert runs[0].routes == runs[1].routes
