"""Weights on disk: safetensors (bfloat16) beside a JSON card with their hash.

Nothing in the files can execute code: no pickle, names are looked up in registries, tensors must match exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from nco.envs.presets import PRESETS
from nco.errors import Fault, WeightsError, did_you_mean
from nco.policies import make_policy
from nco.policies.base import Policy
from nco.policies.card import Card

#: Endings of formats that run code when they are opened.
PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")


def shipped() -> dict[str, Path]:
    """Name -> card of the weights in the package."""
    folder = Path(str(files("nco.data.weights")))
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


def save(policy: Policy, path: str | Path, description: Mapping[str, Any]) -> Card:
    """Write `path` (.safetensors) and its card; `description` holds the card's fields that the policy cannot know."""
    path = Path(path).with_suffix(".safetensors")
    tensors = {name: tensor.detach().to("cpu", torch.bfloat16) for name, tensor in policy.state_dict().items()}
    data = save_tensors(tensors)
    digest = hashlib.sha256(data).hexdigest()
    card = Card(name=path.stem, policy=policy.name, options=dict(policy.config), sha256=digest, **description)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_suffix(".json").write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return card


def load(weights: str | Path, device: str | torch.device = "cpu") -> tuple[Policy, Card]:
    """A policy in float32 and its card, from a shipped name or a path to the .safetensors or the .json file."""
    path = _locate(weights)
    card = read_card(path)
    data = _read(path.with_suffix(".safetensors"))
    if hashlib.sha256(data).hexdigest() != card.sha256:
        fix = "Fetch the file again, or write a new card if you changed it on purpose"
        raise WeightsError(Fault("W402", str(path), "the hash differs from the card's", fix))
    try:
        tensors = load_tensors(data)
    except SafetensorError as error:
        raise WeightsError(Fault("W402", str(path), str(error), "Fetch the file again")) from error
    policy = make_policy(card.policy, card.options)
    if faults := [*_misfits(path, policy.state_dict(), tensors), *_strangers(path, policy, card)]:
        raise WeightsError(sorted(faults, key=str))
    policy.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return policy.to(device).eval(), card


def find_card(weights: str | Path) -> Card:
    """The card of weights by shipped name or path."""
    return read_card(_locate(weights))


def read_card(path: Path) -> Card:
    """The card beside a weights file."""
    text = _read(path.with_suffix(".json")).decode("utf-8", "replace")
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        faults = [
            Fault("W405", f"{path.with_suffix('.json')}: {'.'.join(map(str, e['loc']))}", e["msg"], "Correct the card")
            for e in error.errors()
        ]
        raise WeightsError(faults) from error


def _locate(weights: str | Path) -> Path:
    path = Path(weights)
    if path.suffix in PICKLES:
        fix = "Use the .safetensors file that nco train writes beside its checkpoint; nothing else is opened"
        raise WeightsError(Fault("W404", str(path), f"'{path.suffix}' files can run code when opened", fix))
    if path.suffix in (".safetensors", ".json"):
        return path
    known = shipped()
    if str(weights) not in known:
        hint = did_you_mean(str(weights), known) if known else "None are shipped"
        fix = f"{hint}, or give the path of a .safetensors file"
        raise WeightsError(Fault("W401", "weights", f"'{weights}' is unknown", fix))
    return known[str(weights)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "Weights are two files, <name>.safetensors and <name>.json, side by side"
        raise WeightsError(Fault("W401", str(path), error.strerror or str(error), fix)) from error


def _misfits(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> Iterator[Fault]:
    """Tensors that are missing, unknown, of another shape or not finite."""
    for name in expected.keys() | found.keys():
        if name not in found:
            what = "the tensor is missing"
        elif name not in expected:
            what = "the tensor is unknown"
        elif found[name].shape != expected[name].shape:
            what = f"shape {tuple(found[name].shape)}, expected {tuple(expected[name].shape)}"
        elif not found[name].isfinite().all():
            what = "an entry is not a finite number"
        else:
            continue
        yield Fault("W403", f"{path}: {name}", what, "Use weights of this policy and version")


def _strangers(path: Path, policy: Policy, card: Card) -> Iterator[Fault]:
    """A preset that does not exist, or whose environment tells the policy more or less than it was made for."""
    where = f"{path.with_suffix('.json')}: preset"
    kind = card.preset.partition(":")[0]  # the city file of its training is not needed
    if kind not in PRESETS:
        yield Fault("W405", where, f"'{kind}' is unknown", did_you_mean(kind, PRESETS))
    elif (told := PRESETS[kind]().env.num_features) != (known := policy.config["features"]):
        yield Fault("W405", where, f"it has {told} features, the policy {known}", "Correct the card")
