"""Training runs that take a second."""

import pytest

from nco.train.config import TrainConfig, compose

#: A run of twelve steps on problems of eight clients.
SHORT = (
    "experiment=smoke", "env.sizes=[8]", "policy.width=16", "policy.heads=2", "policy.layers=1", "trainer.batch_size=4",
    "trainer.starts=4", "trainer.max_steps=12", "trainer.optimizer.warmup=2", "trainer.log_every=1",
    "validation.sets=[[cvrp,8]]", "validation.count=4",
)  # fmt: skip


@pytest.fixture
def short(tmp_path):
    """Configuration of a short run into a folder of this test, with further overrides."""

    def configure(*overrides: str, out: str = "run") -> TrainConfig:
        return compose([*SHORT, f"out={tmp_path / out}", *overrides])

    return configure
