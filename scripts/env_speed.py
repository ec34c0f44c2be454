"""Steps per second of the environments under a random policy, beside RL4CO's own: python scripts/env_speed.py

A step is one action of one problem. "loop": mask, choice and step, until all problems are done; "env": the same without
the time of the choice (on a GPU, waiting for it). Process time on a CPU (one thread), wall time on a GPU; medians of
repetitions that take turns, after one of each that does not count. "graphed", on a GPU: nco.envs.graphed, recorded
before. With --prices, also what each further constraint costs. RL4CO is optional.
"""

import argparse
import importlib
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from nco.envs.constraints.backhaul import Backhaul
from nco.envs.constraints.capacity import Capacity
from nco.envs.constraints.duration_limit import DurationLimit
from nco.envs.constraints.load import Load
from nco.envs.constraints.route_limit import RouteLimit
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.constraints.zones import Zones
from nco.envs.generators.everything import neutral
from nco.envs.graphed import GraphedEnv
from nco.envs.presets import Preset, preset
from nco.envs.routing import RoutingEnv

#: Preset -> RL4CO's environment and what its generator is told.
RL4CO = {
    "tsp": ("TSPEnv", {}),
    "pdp": ("PDPEnv", {}),
    "cvrp": ("CVRPEnv", {}),
    "mtvrp": ("MTVRPEnv", {"variant_preset": "all", "subsample": True}),
}
#: Yields masks and is sent actions, until all problems are done.
Episode = Generator[Tensor, Tensor, None]


@dataclass(frozen=True)
class Setting:
    """What all measurements share."""

    device: str
    size: int
    batch: int
    repeat: int

    def synchronize(self) -> None:
        if self.device != "cpu":
            torch.cuda.synchronize()

    def clock(self) -> float:
        """Seconds, once everything before is done."""
        self.synchronize()
        return time.process_time() if self.device == "cpu" else time.perf_counter()

    def rng(self) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["cvrp", "mtvrp"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, default=50, help="clients")
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--prices", action="store_true")
    options = parser.parse_args()
    setting = Setting(options.device, options.size, options.batch, options.repeat)
    torch.set_num_threads(1)
    table = Table("preset", "environment", "steps", "loop", "times RL4CO's", "env", "times RL4CO's")
    for name in options.presets:
        for row in _rows(contenders(name, setting), setting):
            table.add_row(name, *row)
    console, caption = Console(), f"{setting.batch} problems of {setting.size} clients on {setting.device}"
    console.print(table, f"millions of steps per second; {caption}")
    if options.prices:
        prices(console, setting)


def prices(console: Console, setting: Setting) -> None:
    """Each constraint on top of the capacity, on the same problems with neutral values: the same steps are taken."""
    fleet = neutral(preset("cvrp").generator(setting.batch, setting.size, setting.rng()), 1)
    plain = fleet.select("locs", "distance", "demand", "capacity", "scale")
    lists = {
        "capacity": ([Capacity()], ()),
        "load": ([Load()], ("pickup",)),
        "load, backhaul": ([Load(), Backhaul()], ("pickup", "backhaul_last")),
        "capacity, zones": ([Capacity(), Zones()], ("allowed",)),
        "capacity, route limit": ([Capacity(), RouteLimit()], ("max_distance",)),
        "capacity, time windows": ([Capacity(), TimeWindows()], ("opens", "closes", "service")),
        "the same, own durations": ([Capacity(), TimeWindows()], ("opens", "closes", "service", "duration")),
        "the same, duration limit": (
            [Capacity(), TimeWindows(), DurationLimit()],
            ("opens", "closes", "service", "duration", "max_duration"),
        ),
        "capacity, prizes": ([Capacity()], ("prize",)),
        "capacity, limited fleet": ([Capacity()], ("available",)),
    }
    table = Table("constraints", "environment", "env", "microseconds per step of all", "more than capacity")
    base: dict[str, float] = {}
    for name, (constraints, keys) in lists.items():
        instances = torch.cat([plain]).update(fleet.select(*keys))
        chosen = Preset(RoutingEnv(constraints), lambda *_, instances=instances: instances)
        for kind, runs in _in_turn(own(chosen, setting), setting).items():
            cost = median(setting.batch / alone for _, _, alone in runs)
            more = cost - base.setdefault(kind, cost)
            table.add_row(name, kind, f"{setting.batch / cost:.2f}", f"{cost:.0f}", f"{more:+.0f}")
    console.print(table)


def contenders(name: str, setting: Setting) -> dict[str, Callable[[], Episode]]:
    """What is measured, by its name in the table."""
    other = theirs(name, setting)
    return ({"RL4CO": other} if other else {}) | own(preset(name), setting)


def own(chosen: Preset, setting: Setting) -> dict[str, Callable[[], Episode]]:
    """Ways to run our environment on this device."""
    ways = {"nco": ours(chosen, setting)}
    return ways if setting.device == "cpu" else ways | {"nco, graphed": graphed(chosen, setting)}


def _rows(episodes: dict[str, Callable[[], Episode]], setting: Setting) -> Iterator[list[str]]:
    """A row of the table for each: steps, then twice a median rate and its ratio to RL4CO's."""
    measured = _in_turn(episodes, setting)
    for name, runs in measured.items():
        cells = [name, str(runs[0][0])]
        for kind in (1, 2):
            rate = median(run[kind] for run in runs)
            cells.append(f"{rate:.2f}")
            peer = median(run[kind] for run in measured["RL4CO"]) if "RL4CO" in measured else None
            cells.append(f"{rate / peer:.2f}" if peer else "")
        yield cells


def _in_turn(episodes: dict[str, Callable[[], Episode]], setting: Setting) -> dict[str, list[tuple[int, float, float]]]:
    """Measurements of all in turn: whatever else the machine does hits all; the first of each is not kept."""
    runs: dict[str, list[tuple[int, float, float]]] = {name: [] for name in episodes}
    for _ in range(1 + setting.repeat):
        for name, begin in episodes.items():
            runs[name].append(_measured(begin, setting))
    return {name: measured[1:] for name, measured in runs.items()}


def _measured(begin: Callable[[], Episode], setting: Setting) -> tuple[int, float, float]:
    """Steps of an episode, and millions of steps per second in the loop and in the environment alone."""
    pool = torch.rand(16, setting.batch, 1, setting.size + 20, generator=setting.rng(), device=setting.device) + 1e-3
    steps, loop, alone = 0, 0.0, 0.0
    for count_choice in (True, False):
        episode, spent, steps = begin(), 0.0, 0
        began = setting.clock()
        mask = next(episode)
        try:
            while True:
                if not count_choice:
                    spent += setting.clock() - began
                noise = pool[steps % len(pool), :, 0] if mask.dim() == 2 else pool[steps % len(pool)]
                action = (noise[..., : mask.shape[-1]] * mask).argmax(dim=-1)
                if not count_choice:
                    began = setting.clock()
                steps += 1
                mask = episode.send(action)
        except StopIteration:
            spent += setting.clock() - began
        rate = setting.batch * steps / spent / 1e6
        loop, alone = (rate, alone) if count_choice else (loop, rate)
    return steps, loop, alone


def ours(chosen: Preset, setting: Setting) -> Callable[[], Episode]:
    """Episodes of a preset."""
    instances = chosen.generator(setting.batch, setting.size, setting.rng())

    def episode() -> Episode:
        state = chosen.env.reset(instances, 1)
        while not bool(chosen.env.done(state).all()):
            action = yield chosen.env.action_mask(instances, state)
            state = chosen.env.step(instances, state, action)

    return episode


def graphed(chosen: Preset, setting: Setting) -> Callable[[], Episode]:
    """The same episodes in fixed tensors, each step one CUDA graph."""
    env = GraphedEnv(chosen.env, chosen.generator(setting.batch, setting.size, setting.rng()), 1)

    def episode() -> Episode:
        env.reset()
        while not bool(env.done.all()):
            env.step((yield env.mask))

    return episode


def theirs(name: str, setting: Setting) -> Callable[[], Episode] | None:
    """Episodes of RL4CO's environment of the same name; None where there is none or RL4CO is not installed."""
    warnings.simplefilter("ignore")
    try:
        envs = importlib.import_module("rl4co.envs")
    except ModuleNotFoundError:
        return None
    if name not in RL4CO:
        return None
    torch.set_num_threads(1)  # RL4CO loads numba, which takes all cores
    torch.manual_seed(1)
    kind, told = RL4CO[name]
    env = getattr(envs, kind)(generator_params={"num_loc": setting.size, **told}, check_solution=False)
    problems = env.generator(setting.batch).to(setting.device)

    def episode() -> Episode:
        td = env.reset(problems.clone())
        while not bool(td["done"].all()):
            td["action"] = yield td["action_mask"]
            td = env.step(td)["next"]

    return episode


if __name__ == "__main__":
    main()
