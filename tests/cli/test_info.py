import json
from importlib import metadata

import pytest

from nco.bench import environment
from nco.cli import info


def test_versions_and_devices_are_shown(run):
    result = run("info")
    assert result.exit_code == 0
    words = [line.split() for line in result.stdout.splitlines()]
    assert ["nco", metadata.version("nco-vrp")] in words
    assert ["numpy", metadata.version("numpy")] in words
    assert {"cpu", "cores", "gpu"} <= {line[0] for line in words}


def test_a_missing_extra_is_said_not_raised(run, monkeypatch):
    monkeypatch.setattr(environment, "EXTRA", ("no-such-package",))
    result = run("info")
    assert result.exit_code == 0
    assert "no-such-package  not installed (pip install 'nco-vrp[train]')" in result.stdout


@pytest.mark.parametrize("answer", ["NVIDIA H200, 143771 MiB, 570.1", ""])
def test_graphics_processors_are_listed_by_their_own_tool(monkeypatch, tmp_path, answer):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{answer}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.devices()["gpu"] == (answer or "none found")


def test_a_broken_driver_is_no_error(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.devices()["gpu"] == "none found"


def test_weights_are_shown_with_their_hash_and_card(run, monkeypatch, tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"abc")
    card = {"name": "x", "policy": "attention", "sizes": [20, 200], "training": {"curve": [3, 2, 1], "steps": 5}}
    (tmp_path / "x.json").write_text(json.dumps(card))
    monkeypatch.setattr(info.resources, "files", lambda name: tmp_path)
    shown = run("info").stdout
    assert "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in shown
    assert "sizes        20 to 200" in shown
    assert "curve (3 entries), steps 5" in shown


@pytest.mark.parametrize("content", [None, "{"])
def test_a_card_that_cannot_be_read_is_said_not_raised(run, monkeypatch, tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(b"abc")
    if content:
        (tmp_path / "x.json").write_text(content)
    monkeypatch.setattr(info.resources, "files", lambda name: tmp_path)
    result = run("info")
    assert result.exit_code == 0
    assert "cannot be read" in result.stdout


def test_an_installation_without_weights_says_so(run, monkeypatch, tmp_path):
    monkeypatch.setattr(info.resources, "files", lambda name: tmp_path)
    assert "ships no weights" in run("info").stdout
