import pytest

from nco.errors import ConfigError
from nco.train import speed
from nco.train.speed import Sizes, report

pytestmark = [pytest.mark.train, pytest.mark.slow]

SMALL = Sizes(clients=5, batches=(2, 3), greedy=4, warm=1, steps=2)
POLICY = ("policy.width=16", "policy.heads=2", "policy.layers=1", "policy.feedforward=16", "policy.decoder_heads=1",
          "policy.decoder_feedforward=16")  # fmt: skip


def cells(lines: list[str], start: str) -> list[str]:
    """Cells of the row that starts so."""
    (row,) = [line for line in lines if line.startswith(f"| {start}")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_report_compares_steps_and_rollouts_with_rl4co_and_takes_a_step_apart():
    lines = list(report(POLICY, SMALL))
    for what, problems in (("training step, batch 2", 2), ("training step, batch 3", 3), ("greedy rollout", 4)):
        _, ours, speed_of_ours, theirs, _, ratio = cells(lines, what)
        assert float(speed_of_ours.replace(",", "")) == pytest.approx(1e3 * problems / float(ours.split()[0]), rel=0.05)
        assert float(ratio) == pytest.approx(float(theirs.split()[0]) / float(ours.split()[0]), rel=0.2, abs=0.06)
    parts = ["draw problems", "encode", "rollout", "re-score", "backward", "optimisers"]
    shares = [float(cells(lines, part)[2].rstrip("%")) for part in parts]
    assert sum(shares) == pytest.approx(100, abs=4)
    assert any("times the longer of the two" in line for line in lines)
    assert len(cells(lines, "step without Lightning, batch 2")) == 6


def test_without_rl4co_ours_are_measured_alone(monkeypatch):
    monkeypatch.setattr(speed, "is_there", lambda: False)
    lines = list(report(POLICY, SMALL))
    assert any("RL4CO is not installed" in line for line in lines)
    assert cells(lines, "training step, batch 3")[3:] == ["-", "-", "-"]


def test_any_policy_is_compared_with_itself_trained_step_by_step():
    sizes = ("policy.width=16", "policy.heads=2", "policy.layers=1", "policy.feedforward=16")
    lines = list(report(("policy=camp", "env=profiles", "env.preset=pvrp_p", *sizes, "trainer.starts=3"), SMALL))
    assert lines[0].startswith("# pvrp_p5, 3 rollouts a problem, policy camp, on ")
    assert cells(lines, "training step, batch 2")[3:] == ["-", "-", "-"]  # RL4CO has no such problem
    _, ours, _, theirs, _, ratio = cells(lines, "step without Lightning, batch 2")
    assert float(ratio) == pytest.approx(float(theirs.split()[0]) / float(ours.split()[0]), rel=0.2, abs=0.06)


def test_overrides_are_those_of_training():
    with pytest.raises(ConfigError, match=r"policy\.width"):
        list(report(["policy.widht=3"], SMALL))
