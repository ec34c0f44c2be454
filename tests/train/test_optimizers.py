import pytest
import torch

from nco.policies import make_policy
from nco.train.optimizers import OptimizerConfig, make_optimizers, schedule

PLAIN = OptimizerConfig(muon_rate=1.0, adam_rate=0.1, warmup=10, decay_from=0.5, final=0.02)


def names(optimizer, policy) -> set[str]:
    of = {id(parameter): name for name, parameter in policy.named_parameters()}
    return {of[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]}


def test_muon_gets_the_hidden_matrices_and_adamw_all_the_rest(tiny_policy):
    muon, adamw = make_optimizers(tiny_policy, OptimizerConfig())
    assert isinstance(muon, torch.optim.Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    layer = {f"encoder.layers.0.{part}.weight" for part in ("project_in", "project_out", "widen", "narrow")}
    rest = {"embed_client.weight", "project_features.weight", "encoder.norm.weight", "nearness", "embed_depot.bias"}
    assert names(muon, tiny_policy) >= layer | {"project_memory.weight", "project_glimpse.weight"}
    assert names(adamw, tiny_policy) >= rest
    assert names(muon, tiny_policy) | names(adamw, tiny_policy) == {name for name, _ in tiny_policy.named_parameters()}
    assert not names(muon, tiny_policy) & names(adamw, tiny_policy)


def test_without_a_rate_for_muon_adamw_gets_everything(tiny_policy):
    (adamw,) = make_optimizers(tiny_policy, OptimizerConfig(muon_rate=0))
    assert names(adamw, tiny_policy) == {name for name, _ in tiny_policy.named_parameters()}
    assert len(schedule(OptimizerConfig(muon_rate=0), 0, 0.0)) == 1


def test_rates_rise_in_a_line_then_stay_then_fall_in_a_line_to_the_last_bit():
    def factor(step, progress):
        muon, adam = schedule(PLAIN, step, progress)
        assert adam == pytest.approx(muon * 0.1)
        return muon

    assert [factor(step, 0.0) for step in range(11)] == pytest.approx([k / 10 for k in range(1, 11)] + [1.0])
    assert [factor(100, p) for p in (0.1, 0.3, 0.5)] == [1.0, 1.0, 1.0]
    assert [factor(100, p) for p in (0.6, 0.75, 0.9)] == pytest.approx([0.8, 0.5, 0.2])
    assert [factor(100, p) for p in (0.99, 1.0)] == pytest.approx([0.02, 0.02])


def test_a_step_of_both_optimisers_changes_every_parameter():
    policy = make_policy("attention", {"width": 16, "heads": 2, "feedforward": 32, "layers": 1})
    before = {name: parameter.detach().clone() for name, parameter in policy.named_parameters()}
    optimizers = make_optimizers(policy, PLAIN)
    sum((parameter**2).sum() + parameter.sum() for parameter in policy.parameters()).backward()
    for optimizer in optimizers:
        optimizer.step()
    assert [name for name, parameter in policy.named_parameters() if torch.equal(parameter, before[name])] == []
