"""`nco train` as users have it: the real command, in a process of its own, in a folder that knows nothing of nco."""

import csv
import signal
import subprocess
import sys

import pytest
import torch

from nco.policies.weights import load
from nco.rollout import rollout
from nco.rollout.starts import first_clients

pytestmark = [pytest.mark.train, pytest.mark.slow]

NOISE = ("GPU available", "TPU", "litlogger", "weights_only", "Trainer.fit", "Tensor Cores", "warning", "Traceback")


@pytest.fixture
def start(tmp_path):
    """Start `nco train` with overrides in an empty folder."""
    processes = []

    def launch(*overrides: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from nco.cli import main; main()", "train", *overrides]
        pipe = subprocess.PIPE
        processes.append(
            subprocess.Popen(command, cwd=tmp_path, text=True, start_new_session=True, stdout=pipe, stderr=pipe)
        )
        return processes[-1]

    yield launch
    for process in processes:
        process.kill()
        process.communicate()


def test_the_smoke_experiment_learns_visibly(start, tmp_path, tiny_policy, cvrp, drawn):
    process = start("experiment=smoke", "trainer.max_steps=60", "trainer.log_every=1")
    out, err = process.communicate(timeout=250)
    assert process.returncode == 0, err
    assert out == "runs/smoke/smoke.safetensors\n"
    assert "step 60, " in err
    assert [word for word in NOISE if word in err] == []
    assert load(tmp_path / out.strip())[1].name == "smoke"
    with (tmp_path / "runs" / "smoke" / "metrics" / "version_0" / "metrics.csv").open() as file:
        costs = [float(row["cost"]) for row in csv.DictReader(file)]
    tiny_policy.logits = lambda memory, query: query.mask.float().log()
    instances = drawn(200, 20)
    chance = rollout(tiny_policy, cvrp, instances, first_clients(instances, 20), torch.Generator().manual_seed(1)).cost
    learnt = sum(costs[-10:]) / 10
    assert len(costs) == 60
    assert learnt < 0.62 * float(chance.mean())  # measured: 7.7 against 13.2
    assert learnt < 0.89 * costs[0]  # measured: 9.0 before the first step


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_130_and_leaves_what_it_has_learnt(start, tmp_path, number):
    process = start("experiment=smoke", "trainer.max_steps=100000")
    assert "training 'attention'" in process.stderr.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert "go on with: nco train experiment=smoke" in err
    assert [word for word in NOISE if word in err] == []
    steps = load(tmp_path / "runs" / "smoke" / "smoke.safetensors")[1].training["steps"]
    checkpoint = torch.load(tmp_path / "runs" / "smoke" / "last.ckpt", weights_only=True)
    assert 1 <= steps < 100000
    assert checkpoint["problems"] == 32 * steps
