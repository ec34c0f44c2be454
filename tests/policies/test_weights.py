import json
import os
import pickle
from hashlib import sha256

import pytest
import torch
from safetensors.torch import load_file, save_file

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem
from nco.envs.presets import preset
from nco.errors import WeightsError
from nco.policies.weights import load, read_card, save, shipped
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients

DESCRIPTION = {"preset": "cvrp", "sizes": (10, 20), "training": {"command": "nco train"}}


@pytest.fixture
def saved(tiny_policy, tmp_path):
    """Weights of the tiny policy on disk, with their card."""
    save(tiny_policy, tmp_path / "tiny", DESCRIPTION)
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def change(saved):
    """Change the card, or the tensors together with their hash in the card."""

    def edit(entries=None, tensors=None, data=None):
        card = json.loads(saved.with_suffix(".json").read_text(encoding="utf-8"))
        if tensors is not None:
            save_file(tensors, saved)
        if data is not None:
            saved.write_bytes(data)
        card["sha256"] = sha256(saved.read_bytes()).hexdigest()
        card.update(entries or {})
        saved.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")

    return edit


def refused(path) -> tuple[str, str]:
    """Codes and message of the error that loading gives."""
    with pytest.raises(WeightsError) as caught:
        load(path)
    return ",".join(caught.value.codes), str(caught.value)


@torch.no_grad()
def test_weights_survive_the_disk_up_to_their_half_precision(saved, tiny_policy, drawn):
    policy, card = load(saved)
    instances = drawn(3, 10)
    for found, expected in zip(policy.encode(instances), tiny_policy.encode(instances), strict=True):
        torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
    assert not policy.training
    assert {parameter.dtype for parameter in policy.parameters()} == {torch.float32}
    assert (card.name, card.policy, card.preset, card.sizes) == ("tiny", "attention", "cvrp", (10, 20))


def test_weights_are_half_precision_on_disk(saved):
    assert {tensor.dtype for tensor in load_file(saved).values()} == {torch.bfloat16}


def test_saving_again_gives_the_same_bytes(saved, tmp_path):
    policy, _ = load(saved)
    save(policy, tmp_path / "again", DESCRIPTION)
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("ending", [".safetensors", ".json"])
def test_either_of_the_two_files_may_be_given(saved, ending):
    assert load(saved.with_suffix(ending))[1].name == "tiny"


def test_a_flipped_bit_is_noticed(saved):
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    saved.write_bytes(data)
    assert refused(saved)[0] == "W402"


def test_a_truncated_file_is_noticed(saved, change):
    data = saved.read_bytes()[:-100]
    saved.write_bytes(data)
    assert refused(saved)[0] == "W402"
    change(data=data)  # even when the card's hash agrees
    assert refused(saved)[0] == "W402"


def test_a_missing_an_unknown_and_a_misshapen_tensor_are_named_together(saved, change):
    tensors = load_file(saved)
    del tensors["nearness"]
    tensors["novelty"] = torch.zeros(2)
    tensors["project_glimpse.weight"] = torch.zeros(4, 4)
    change(tensors=tensors)
    code, message = refused(saved)
    assert code == "W403"
    assert "nearness: the tensor is missing" in message
    assert "novelty: the tensor is unknown" in message
    assert "project_glimpse.weight: shape (4, 4), expected (16, 16)" in message


def test_a_tensor_that_is_not_finite_is_named(saved, change):
    change(tensors={**load_file(saved), "nearness": torch.tensor(torch.nan)})
    code, message = refused(saved)
    assert code == "W403"
    assert "nearness: an entry is not a finite number" in message


class Payload:
    """Opened by pickle, it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle"])
def test_a_pickle_is_refused_and_its_payload_never_runs(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
    assert refused(path)[0] == "W404"
    assert not (tmp_path / "ran").exists()


def test_a_pickle_under_the_name_of_safe_weights_never_runs(saved, change, tmp_path):
    change(data=pickle.dumps(Payload(tmp_path / "ran")))
    assert refused(saved)[0] == "W402"
    assert not (tmp_path / "ran").exists()


def test_the_payload_of_these_tests_would_run(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("entries", "code", "place"),
    [
        ({"version": 2}, "W405", "version"),
        ({"format": "torch"}, "W405", "format"),
        ({"_target_": "os.system"}, "W405", "_target_"),
        ({"options": {"_target_": "os.system"}}, "W405", "_target_"),
        ({"options": {"widht": 16}}, "W405", "widht"),
        ({"options": {"width": 16, "heads": 3}}, "W405", "multiple of heads"),
        ({"sha256": "0"}, "W405", "sha256"),
        ({"sha256": "0" * 64}, "W402", "hash"),
        ({"policy": "atention"}, "W406", "Did you mean 'attention'"),
        ({"policy": "os.system"}, "W406", "os.system"),
        ({"preset": "cvpr"}, "W405", "Did you mean 'cvrp'"),
        ({"preset": "vrptw"}, "W405", "features"),
        ({"sizes": [10]}, "W405", "sizes"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_with_the_place(saved, change, entries, code, place):
    change(entries)
    assert refused(saved)[0] == code
    assert place in refused(saved)[1]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "nco-weights"}', "\udcff", "[" * 100_000])
def test_a_card_that_is_none_is_refused(saved, text):
    saved.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert refused(saved)[0] == "W405"


@pytest.mark.parametrize("ending", [".safetensors", ".json"])
def test_one_of_the_two_files_alone_is_not_enough(saved, ending):
    saved.with_suffix(ending).unlink()
    code, message = refused(saved)
    assert code == "W401"
    assert "side by side" in message


def test_an_unknown_name_is_answered_with_the_nearest():
    code, message = refused("crvp")
    assert code == "W401"
    assert "Did you mean 'cvrp'" in message


@pytest.mark.parametrize("name", ["../cvrp", "data/weights/cvrp", "", "."])
def test_a_name_is_not_a_way_to_other_folders(name):
    assert refused(name)[0] == "W401"


#: Shipped weights -> cost of the best greedy rollout on the bundled example of 60 clients, one from each client.
GOLDEN = {"cvrp": 93.4328, "unified": 94.5599, "profiles": 95.3714, "camp": 97.383, "rrnco": 95.4748}


def test_all_shipped_weights_are_tested():
    assert shipped().keys() == GOLDEN.keys()


@pytest.mark.parametrize(("name", "golden"), GOLDEN.items())
def test_shipped_weights_solve_a_fixed_problem_as_well_as_when_they_were_shipped(name, golden):
    problem = nco.read(shipped()[name].parents[1] / "examples" / "town-60.json")
    policy, card = load(name)
    instances = completed(from_problem(problem, range(60)))
    trajectory = fastest_rollout(policy, preset(card.preset).env, instances, first_clients(instances, 60))
    assert float(trajectory.cost.min() * instances["scale"][0]) == pytest.approx(golden, rel=1e-3)


@pytest.mark.parametrize("shipped_name", GOLDEN)
def test_the_card_of_shipped_weights_tells_how_they_were_made(shipped_name):
    card = read_card(shipped()[shipped_name])
    assert card.training["command"].startswith("nco train ")
    assert card.training.keys() >= {"device", "seconds", "steps", "problems", "curve"}
    curves = [card.training["curve"], *(run["curve"] for run in card.training.get("runs", ()) if "curve" in run)]
    for curve in curves:  # of all runs together, and of each: with fresh rates a run first loses a little
        measured = set.intersection(*map(set, curve)) - {"step", "seconds", "problems"}
        assert measured
        assert all(curve[-1][name][1] < curve[0][name][1] for name in measured)
