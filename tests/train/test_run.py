import csv
import json
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file

import nco
import nco.train
from nco.errors import ConfigError, NcoError
from nco.policies.weights import load
from nco.rollout import rescore
from nco.train import callbacks, run
from nco.train import learner as learner_module
from nco.train.ahead import Ahead
from nco.train.learner import Learner
from nco.train.run import make_learner, train

pytestmark = pytest.mark.train


@pytest.fixture
def signal_at(monkeypatch):
    """Send this process a signal while it is in the middle of a learning step."""

    def send(step: int, number: int = signal.SIGINT) -> None:
        genuine = Learner._update

        def update(self, loss):
            if self.steps == step:
                os.kill(os.getpid(), number)
            return genuine(self, loss)

        monkeypatch.setattr(Learner, "_update", update)

    return send


def state(folder) -> dict[str, torch.Tensor]:
    """Policy and optimisers of a checkpoint, flat, in full precision."""
    checkpoint = torch.load(folder / "last.ckpt", weights_only=True)
    tensors = dict(checkpoint["state_dict"])
    for k, optimizer in enumerate(checkpoint["optimizer_states"]):
        for parameter, moments in optimizer["state"].items():
            tensors |= {f"optimizer {k} {parameter} {name}": torch.as_tensor(m) for name, m in moments.items()}
    return tensors


def metrics(folder, version: int = 0) -> list[dict[str, str]]:
    """Rows of the log."""
    with (folder / "metrics" / f"version_{version}" / "metrics.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assert_same(folder, other) -> None:
    ours, theirs = state(folder), state(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert (folder / "smoke.safetensors").read_bytes() == (other / "smoke.safetensors").read_bytes()


def test_a_run_leaves_weights_that_load_with_a_card_that_tells_how_they_were_made(short):
    config = short()
    path = train(config)
    _, card = load(path)
    assert path == config.out / "smoke.safetensors"
    assert (card.preset, card.sizes, card.options["width"], card.options["features"]) == ("cvrp", (8, 8), 16, 1)
    assert card.training["command"] == config.command
    assert (card.training["steps"], card.training["problems"], card.training["device"]) == (12, 48, "cpu")
    assert card.training["seconds"] > 0


@pytest.mark.parametrize(("ema", "part"), [("0", "policy"), ("0.999", "averaged")])
def test_the_weights_are_the_average_or_without_one_those_of_the_last_step(short, ema, part):
    path = train(short(f"trainer.ema={ema}"))
    trained = torch.load(path.parent / "last.ckpt", weights_only=True)["state_dict"]
    for name, tensor in load_file(path).items():
        assert torch.equal(tensor, trained[f"{part}.{name}"].bfloat16())


def test_validation_measures_the_weights_that_are_written(short, monkeypatch):
    measured = []
    monkeypatch.setattr(callbacks, "greedy_costs", lambda policy, *_: measured.append(policy) or (1.0, 1.0))
    monkeypatch.setattr(callbacks, "save", lambda policy, *_: measured.append(policy))
    train(short())
    assert len({id(policy) for policy in measured}) == 1
    assert not any(parameter.requires_grad for parameter in measured[0].parameters())


def test_the_weights_solve_problems(short, square):
    path = train(short())
    with pytest.warns(nco.errors.OutOfDistributionWarning):
        result = nco.solve(square, weights=path, stop=nco.stop.MaxIterations(1))
    assert result.is_feasible()
    assert result.provenance["weights"] == "smoke"


def test_a_run_leaves_its_curve_and_its_metrics(short):
    config = short()
    train(config)
    curve = [json.loads(line) for line in (config.out / "curve.jsonl").read_text().splitlines()]
    assert [(point["step"], point["problems"]) for point in curve] == [(0, 0), (12, 48)]
    for point in curve:
        greedy, best = point["cvrp8"]
        assert 0 < best <= greedy
        assert point["gaps"] == {}
    rows = metrics(config.out)
    assert len(rows) == 12
    assert rows[-1].keys() >= {"loss", "cost", "best_cost", "gradient_norm", "entropy", "throughput", "seconds", "size"}
    assert all(float(row["best_cost"]) <= float(row["cost"]) for row in rows)
    assert all(float(row["throughput"]) > 0 for row in rows)


def test_where_references_are_stored_a_run_shows_gaps(short, monkeypatch, caplog):
    monkeypatch.setattr(callbacks, "reference", lambda *key: 2.0 if key == ("cvrp", 8, 4, 4321) else None)
    config = short()
    with caplog.at_level(logging.INFO, logger="nco"):
        train(config)
    point = json.loads((config.out / "curve.jsonl").read_text().splitlines()[-1])
    gaps = [100 * (cost / 2.0 - 1) for cost in point["cvrp8"]]
    assert point["gaps"]["cvrp8"] == pytest.approx(gaps, abs=0.001)
    assert f"gaps {gaps[0]:.2f} and {gaps[1]:.2f} %" in caplog.messages[-1]
    logged = [row for row in metrics(config.out) if row["val/cvrp8_gap_x8"]]
    assert float(logged[-1]["val/cvrp8_gap_x8"]) == pytest.approx(gaps[1], abs=0.001)


def test_the_same_run_twice_gives_the_same_bits(short):
    first, second = short(out="first"), short(out="second")
    train(first)
    train(second)
    assert_same(first.out, second.out)


@pytest.mark.parametrize(
    "option", ["trainer.optimizer.muon_rate=0", "trainer.loss=preference", "trainer.best_of=3", "trainer.ema=0"]
)
def test_a_run_with_another_way_to_learn_gives_other_weights(short, option):
    usual, other = train(short(out="usual")), train(short(option, out="other"))
    assert load(other)[1].training["steps"] == 12
    assert other.read_bytes() != usual.read_bytes()


def test_a_small_memory_changes_the_time_of_a_step_and_nothing_else(short, monkeypatch):
    calls = []
    genuine = rescore._score
    monkeypatch.setattr(rescore, "_score", lambda *given: calls.append(0) or genuine(*given))
    train(usual := short("trainer.max_steps=2", out="usual"))
    once = len(calls)
    train(tight := short("trainer.max_steps=2", "trainer.rescore_memory=0.0001", out="tight"))
    assert once == 2
    assert len(calls) > 3 * once
    for name, tensor in state(tight.out).items():
        torch.testing.assert_close(tensor, state(usual.out)[name], rtol=1e-3, atol=1e-5)


def test_another_seed_gives_other_weights(short):
    first, second = short(out="first"), short("seed=2", out="second")
    assert train(first).read_bytes() != train(second).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_that_is_resumed_equals_one_that_was_not(short, signal_at, monkeypatch, number):
    whole, parted = short(out="whole"), short(out="parted")
    train(whole)
    with monkeypatch.context():
        signal_at(4, number)
        with pytest.raises(KeyboardInterrupt):
            train(parted)
    assert load(parted.out / "smoke.safetensors")[1].training["steps"] == 5
    monkeypatch.undo()
    train(parted.model_copy(update={"resume": parted.out / "last.ckpt"}))
    assert load(parted.out / "smoke.safetensors")[1].training["steps"] == 12
    assert_same(whole.out, parted.out)


def test_a_run_whose_problems_are_drawn_ahead_ends_as_one_that_draws_when_it_needs_them(short, monkeypatch):
    at_once, ahead = short("env.sizes=[6,8]", out="at_once"), short("env.sizes=[6,8]", out="ahead")
    train(at_once)
    monkeypatch.setattr(Learner, "on_fit_start", lambda self: setattr(self, "_drawn", Ahead(self.draw)))
    train(ahead)
    assert_same(at_once.out, ahead.out)


def test_a_resumed_run_keeps_its_curve_and_has_metrics_of_its_own(short):
    config = short()
    train(config)
    train(short("trainer.max_steps=14", f"resume={config.out / 'last.ckpt'}"))
    steps = [json.loads(line)["step"] for line in (config.out / "curve.jsonl").read_text().splitlines()]
    assert steps == [0, 12, 14]
    rows = metrics(config.out, version=1)
    assert len(rows) == 2


def test_signals_mean_afterwards_what_they_meant_before(short, signal_at):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    signal_at(2)
    with pytest.raises(KeyboardInterrupt):
        train(short())
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_may_be_started_in_another_thread(short):
    with ThreadPoolExecutor(1) as pool:
        path = pool.submit(train, short()).result()
    assert load(path)[1].training["steps"] == 12


def test_main_takes_overrides_and_gives_the_path_of_the_weights(short):
    config = short("trainer.max_steps=1", "name=mine")
    assert nco.train.main(config.overrides) == config.out / "mine.safetensors"
    assert load(config.out / "mine.safetensors")[1].training["steps"] == 1


def test_a_second_ctrl_c_stops_at_once_and_leaves_nothing_half_done(short, monkeypatch):
    def update(self, loss):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Learner, "_update", update)
    config = short()
    with pytest.raises(KeyboardInterrupt):
        train(config)
    assert not (config.out / "last.ckpt").exists()


def test_a_loss_that_is_not_finite_stops_the_run_and_is_never_kept(short, monkeypatch):
    genuine = learner_module.reinforce
    steps = []

    def spoilt(cost, log_p, best_of):
        steps.append(len(steps))
        return genuine(cost, log_p, best_of) * (torch.nan if len(steps) > 6 else 1.0)

    monkeypatch.setattr(learner_module, "reinforce", spoilt)
    config = short("trainer.checkpoint_every=0")
    with pytest.raises(ConfigError, match="step 7: the loss or its gradient is not finite") as caught:
        train(config)
    assert caught.value.codes == ("C504",)
    assert load(config.out / "smoke.safetensors")[1].training["steps"] == 6
    assert all(tensor.isfinite().all() for tensor in state(config.out).values())


def test_a_run_leaves_the_global_random_numbers_and_loggers_as_they_were(short):
    before = torch.get_rng_state(), logging.getLogger("lightning.pytorch").level, torch.get_float32_matmul_precision()
    train(short())
    assert torch.equal(torch.get_rng_state(), before[0])
    assert logging.getLogger("lightning.pytorch").level == before[1]
    assert torch.get_float32_matmul_precision() == before[2]


def test_a_run_says_how_it_goes_and_nothing_else(short, capfd, caplog):
    with caplog.at_level(logging.INFO, logger="nco"):
        train(short())
    assert "training 'attention'" in caplog.messages[0]
    assert caplog.messages[-1].startswith("step 12, ")
    assert "cvrp8 " in caplog.messages[-1]
    assert {record.name for record in caplog.records} == {"nco.train"}
    assert capfd.readouterr() == ("", "")


def test_in_a_terminal_a_bar_shows_how_it_goes(short, monkeypatch, capfd, caplog):
    monkeypatch.setattr(run.sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    train(short())
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err
    assert "step 12" in err


def test_a_folder_that_holds_another_run_is_not_written_to(short):
    config = short()
    path = train(config)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"holds another run.*resume=") as caught:
        train(config)
    assert caught.value.codes == ("C503",)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_an_error(short, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="out=") as caught:
        train(short(out="file/run"))
    assert caught.value.codes == ("C503",)


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint", b"PK\x03\x04 torn"])
def test_what_is_no_checkpoint_cannot_be_resumed(short, tmp_path, content):
    path = tmp_path / "other.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"resume=.*Give the path of a last\.ckpt") as caught:
        train(short(f"resume={path}"))
    assert caught.value.codes == ("C503",)


def test_a_checkpoint_of_another_policy_cannot_be_resumed(short):
    config = short()
    train(config)
    with pytest.raises(ConfigError, match="another policy"):
        train(short("policy.width=32", f"resume={config.out / 'last.ckpt'}"))


def test_a_run_that_has_ended_needs_a_later_end_to_be_resumed(short):
    config = short()
    train(config)
    with pytest.raises(ConfigError, match=r"already ended at step 12.*Raise trainer\.max_steps"):
        train(short(f"resume={config.out / 'last.ckpt'}"))


def test_weights_are_the_starting_point_of_another_run(short):
    path = train(short())
    learner = make_learner(short(f"init_from={path}", out="second"))
    for name, tensor in load_file(path).items():
        assert torch.equal(learner.policy.state_dict()[name], tensor.float())
    assert learner.policy.training


@pytest.mark.slow
def test_a_second_run_from_weights_goes_on_where_they_are_and_makes_them_better(short):
    path = train(short("trainer.max_steps=60", "trainer.batch_size=64"))
    gentle = ("trainer.optimizer.muon_rate=3e-3", "trainer.optimizer.adam_rate=1.5e-4", "trainer.optimizer.warmup=20")
    train(second := short("trainer.max_steps=120", "trainer.batch_size=64", *gentle, f"init_from={path}", out="second"))
    before, after = ([float(row["cost"]) for row in metrics(folder)] for folder in (path.parent, second.out))
    ended, begun, better = (sum(costs) / 20 for costs in (before[-20:], after[:20], after[-20:]))
    assert begun < 1.01 * ended < 0.95 * before[0]
    assert better < 0.97 * ended


def test_weights_for_another_environment_are_no_starting_point(short):
    with pytest.raises(NcoError, match="made for another environment"):
        make_learner(short("init_from=cvrp", "env.preset=vrptw"))


def test_a_run_can_be_limited_by_time(short):
    path = train(short("trainer.max_steps=0", "trainer.max_time=1.5"))
    _, card = load(path)
    assert 1.5 <= card.training["seconds"] < 1.5 + 2.0
    assert card.training["steps"] > 2


def test_limited_by_time_the_rates_follow_the_clock_from_the_first_step_to_the_last(short, monkeypatch):
    genuine, seen = learner_module.schedule, []

    def schedule(config, step, progress):
        seen.append((progress, genuine(config, step, progress)))
        return seen[-1][1]

    monkeypatch.setattr(learner_module, "schedule", schedule)
    train(short("trainer.max_steps=0", "trainer.max_time=3"))
    progress, rates = zip(*seen, strict=True)
    assert list(progress) == sorted(progress)
    assert progress[0] == 0.0
    assert progress[-1] > 0.8
    assert max(rates) == pytest.approx([1e-2, 5e-4])
    assert rates[-1][0] < 0.4 * 1e-2


def test_a_gpu_that_is_not_there_is_an_error(short, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"trainer\.accelerator=cuda.*Use trainer=cpu") as caught:
        train(short("trainer.accelerator=cuda"))
    assert caught.value.codes == ("C503",)


def test_a_precision_that_lightning_does_not_know_is_an_error(short):
    with pytest.raises(ConfigError, match=r"trainer\.precision=fp3") as caught:
        train(short("trainer.precision=fp3"))
    assert caught.value.codes == ("C503",)


def test_a_logger_that_is_not_installed_is_named(short, monkeypatch):
    def absent(*arguments, **options):
        raise ModuleNotFoundError

    monkeypatch.setattr(run, "TensorBoardLogger", absent)
    with pytest.raises(ConfigError, match="pip install tensorboard") as caught:
        train(short("trainer.logger=tensorboard"))
    assert caught.value.codes == ("C502",)


def test_every_size_of_a_mixture_is_drawn(short):
    config = short("env.sizes=[5,8,11]", "trainer.max_steps=20")
    train(config)
    assert {float(row["size"]) for row in metrics(config.out)} == {5.0, 8.0, 11.0}


def test_larger_problems_come_in_smaller_batches(short):
    config = short("env.sizes=[16]", "trainer.reference_size=8", "trainer.max_steps=3")
    assert load(train(config))[1].training["problems"] == 3  # a quarter of four
