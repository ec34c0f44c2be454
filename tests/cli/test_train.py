import logging
from pathlib import Path

import pytest

import nco.train
from nco.errors import ConfigError, Fault


def test_every_argument_is_passed_through_untouched(run, monkeypatch):
    seen = []
    monkeypatch.setattr(nco.train, "main", seen.append)
    arguments = ["experiment=smoke", "--cfg", "job", "-m", "policy.width=64", "+new.key=[1,2]", "--", "x"]
    result = run("train", *arguments)
    assert result.exit_code == 0
    assert [argument for argument in seen[0] if argument != "--"] == [a for a in arguments if a != "--"]


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_groups_and_every_key_with_its_value(run, flag):
    result = run("train", "experiment=smoke", flag)
    assert result.exit_code == 0
    assert "experiment=camp|cvrp|minmax|profiles|rrnco|smoke|unified" in result.stdout
    assert "muon_rate: 0.01" in result.stdout


def test_the_log_goes_to_standard_error_and_the_path_of_the_weights_to_standard_output(run, monkeypatch):
    def learn(arguments):
        logging.getLogger("nco.train").info("step 1")
        return Path("runs/x.safetensors")

    monkeypatch.setattr(nco.train, "main", learn)
    result = run("train")
    assert (result.stdout, result.stderr) == ("runs/x.safetensors\n", "step 1\n")
    assert logging.getLogger("nco").handlers == []


@pytest.mark.parametrize("missing", ["lightning", "hydra", "rl4co.envs"])
def test_a_missing_extra_is_named_with_its_installation(run, monkeypatch, missing):
    def fail(arguments):
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    monkeypatch.setattr(nco.train, "main", fail)
    result = run("train", "experiment=smoke")
    assert result.exit_code == 2
    assert result.stderr.startswith("C502 ")
    assert "pip install 'nco-vrp[train]'" in result.stderr


def test_another_missing_module_is_a_defect_not_a_missing_extra(run, monkeypatch):
    def fail(arguments):
        raise ModuleNotFoundError("No module named 'nco.lost'", name="nco.lost")

    monkeypatch.setattr(nco.train, "main", fail)
    assert isinstance(run("train").exception, ModuleNotFoundError)


def test_a_fault_of_the_configuration_is_bad_input(run, monkeypatch):
    def fail(arguments):
        raise ConfigError(Fault("C501", "trainer.stpes", "it is unknown", "Did you mean 'trainer.steps'"))

    monkeypatch.setattr(nco.train, "main", fail)
    result = run("train", "trainer.stpes=5")
    assert (result.exit_code, result.stderr.split()[0]) == (2, "C501")
