"""Steps per second of the environments under a random policy, beside RL4CO's own: python scripts/env_speed.py

A step is one action of one problem: mask, choice and step. The choice is the same few operations for all; its share is
printed. Process time on a CPU (one thread), wall time on a GPU; the median of some repetitions. RL4CO is optional.
"""

import argparse
import importlib
import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from nco.envs.presets import preset

RL4CO = {"cvrp": "CVRPEnv", "mtvrp": "MTVRPEnv", "pdp": "PDPEnv", "tsp": "TSPEnv"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["cvrp", "mtvrp"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, default=50, help="clients")
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = Table("preset", "steps", "nco", "RL4CO", "ratio", "choice", "nco less choice", "RL4CO less choice", "ratio")
    for name in options.presets:
        ours, theirs = own(name, options), rl4co(name, options) if name in RL4CO else None
        rates: dict[str, list[float]] = {"ours": [], "theirs": [], "choice": []}
        for _ in range(options.repeat):  # in turn: whatever else the machine does hits both
            steps, mask, rate = measure(ours, options)
            rates["ours"].append(rate)
            rates["choice"].append(choosing(mask, steps, options))
            if theirs:
                rates["theirs"].append(measure(theirs, options)[2])
        table.add_row(name, str(steps), *columns(**{key: median(value) for key, value in rates.items() if value}))
    Console().print(
        table, f"millions of steps per second; {options.batch} problems of {options.size} clients on {options.device}"
    )


def columns(ours: float, choice: float, theirs: float = float("nan")) -> list[str]:
    """Rates with the choice, and without the time it takes alone."""
    less_ours, less_theirs = (1 / (1 / rate - 1 / choice) for rate in (ours, theirs))
    values = (ours, theirs, ours / theirs, choice, less_ours, less_theirs, less_ours / less_theirs)
    return [f"{value:.2f}" for value in values]


Episode = Callable[[Tensor], Iterator[Tensor]]


def own(name: str, options: argparse.Namespace) -> Episode:
    """Random episodes of a preset: yields the mask of every step."""
    chosen = preset(name)
    generator = torch.Generator(options.device).manual_seed(1)
    instances = chosen.generator(options.batch, options.size, generator)

    def episode(noise: Tensor) -> Iterator[Tensor]:
        state = chosen.env.reset(instances, 1)
        while not bool(chosen.env.done(state).all()):
            mask = chosen.env.action_mask(instances, state)
            yield mask
            state = chosen.env.step(instances, state, choice(noise, mask))

    return episode


def rl4co(name: str, options: argparse.Namespace) -> Episode | None:
    """Random episodes of RL4CO's environment of the same name; None where RL4CO is not installed."""
    warnings.simplefilter("ignore")
    try:
        envs = importlib.import_module("rl4co.envs")
    except ModuleNotFoundError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(1)
    extra = {"variant_preset": "all", "subsample": True} if name == "mtvrp" else {}
    env = getattr(envs, RL4CO[name])(generator_params={"num_loc": options.size, **extra}, check_solution=False)
    problems = env.generator(options.batch).to(options.device)

    def episode(noise: Tensor) -> Iterator[Tensor]:
        td = env.reset(problems.clone())
        while not bool(td["done"].all()):
            mask = td["action_mask"]
            yield mask
            td["action"] = choice(noise[:, 0], mask)
            td = env.step(td)["next"]

    return episode


def choice(noise: Tensor, mask: Tensor) -> Tensor:
    """An allowed node."""
    return (noise[..., : mask.shape[-1]] * mask).argmax(dim=-1)


def measure(episode: Episode, options: argparse.Namespace) -> tuple[int, Tensor, float]:
    """Steps of an episode, its last mask, and millions of steps per second."""
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    noise = torch.rand(options.batch, 1, options.size + 20, device=options.device) + 1e-3
    next(iter(episode(noise)))  # warm up
    synchronize(options.device)
    began, steps = clock(), 0
    for mask in episode(noise):
        steps, last = steps + 1, mask
    synchronize(options.device)
    return steps, last, options.batch * steps / (clock() - began) / 1e6


def choosing(mask: Tensor, steps: int, options: argparse.Namespace) -> float:
    """Millions of choices per second."""
    return measure(lambda noise: (choice(noise, mask) for _ in range(steps)), options)[2]


def synchronize(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
