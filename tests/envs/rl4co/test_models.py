"""RL4CO's models train on the bridge."""

import pytest
import torch

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore:Attribute '(env|policy)' is an instance of `nn.Module`"),
    pytest.mark.filterwarnings("ignore:`isinstance\\(treespec, LeafSpec\\)` is deprecated"),
    pytest.mark.filterwarnings("ignore:Found .* module\\(s\\) in eval mode at the start of training"),
]

SMALL = {"num_encoder_layers": 1, "embed_dim": 32, "num_heads": 2, "feedforward_hidden": 32}
SIZES = {"batch_size": 8, "train_data_size": 8, "val_data_size": 8, "test_data_size": 8}


@pytest.fixture
def learns(fit):
    """Assert that one step of training is finite and changes the policy."""

    def train(learner):
        before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
        metrics = fit(learner)
        assert torch.isfinite(metrics["train/loss"])
        assert -20 < metrics["val/reward"] < 0
        assert any(not torch.equal(p, q) for p, q in zip(before, learner.policy.parameters(), strict=True))

    return train


@pytest.mark.parametrize("model", ["POMO", "AttentionModel"])
@pytest.mark.parametrize("name", ["tsp", "cvrp", "mtvrp", "pdp"])
def test_attention_models_train_with_rl4cos_embeddings(bridge, models, learns, name, model):
    torch.manual_seed(1)
    learns(getattr(models, model)(bridge.PresetEnv(name, 8), policy_kwargs=SMALL, **SIZES))


@pytest.mark.parametrize("model", ["POMO", "AttentionModel"])
@pytest.mark.parametrize("name", ["mdvrptw", "hcvrp", "pvrp_p"])
def test_attention_models_train_with_our_embeddings(bridge, models, learns, name, model):
    torch.manual_seed(1)
    env = bridge.PresetEnv(name, 8)
    learns(getattr(models, model)(env, policy_kwargs=SMALL | bridge.embeddings(env, 32), **SIZES))


@pytest.mark.parametrize("name", ["atsp", "ratsp"])
def test_matnet_trains_on_matrices(bridge, models, learns, name):
    torch.manual_seed(1)
    learns(models.MatNet(bridge.PresetEnv(name, 8), policy_params=SMALL, **SIZES))
