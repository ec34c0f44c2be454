"""Bridge: any preset as an environment of RL4CO, on which its models train. Needs the extra 'train'.

    from nco.envs.rl4co import PresetEnv
    model = rl4co.models.POMO(PresetEnv("cvrp", size=50))

Keys and shapes are RL4CO's (for "cvrp" those of its CVRPEnv, for all other presets those of its MTVRPEnv). Differences:
an episode is done when all clients are served, even if the depot was never visited (the way home costs the same); loads
are exact; `visited` of the depot stays False; `reset` leaves the caller's TensorDict as it is; random numbers come
from the environment's own generator; a solution is judged by nco.check on request (1 to 3 ms for 20 to 100 clients).
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.checker import check
from nco.errors import ConfigError, Fault, SolverError, did_you_mean

from . import presets
from .generators import base
from .instances import to_problems, to_routes
from .rl4co_keys import Language, language
from .routing import State

threads = torch.get_num_threads()
try:
    from rl4co.envs import RL4COEnvBase
    from rl4co.envs.common.utils import Generator
except ModuleNotFoundError as error:
    raise ConfigError(
        Fault(
            "C502",
            "nco.envs.rl4co",
            f"the package '{error.name}' is missing",
            "Install it with: pip install 'nco-vrp[train]'",
        )
    ) from error
torch.set_num_threads(threads)  # RL4CO loads numba, which takes all cores for OpenMP


class PresetGenerator(Generator):  # type: ignore[misc]  # RL4CO ships no types
    """A preset's distribution, in RL4CO's keys."""

    def __init__(self, draw: base.Generator, size: int, words: Language, rng: torch.Generator) -> None:
        super().__init__()
        self.num_loc = size
        self._draw, self._words, self._rng = draw, words, rng

    def _generate(self, batch_size: list[int]) -> TensorDict:
        """Problems of batch size [B]."""
        instances = self._draw(math.prod(batch_size), self.num_loc, self._rng)
        return TensorDict(self._words.problems(instances), batch_size=instances.batch_size)


class PresetEnv(RL4COEnvBase):  # type: ignore[misc]  # RL4CO ships no types
    """A preset as an RL4COEnvBase; one rollout a row. Reward = -cost.

    preset: name in nco.envs.presets; size: number of clients of the problems it generates (others may be given to
    `reset`, such as those of RL4CO's generators and .npz files); check_solution: judge every finished rollout;
    options: RL4COEnvBase's own (val_file, test_file, data_dir ...). Raises ConfigError for an unknown name or option.
    """

    def __init__(
        self, preset: str = "cvrp", size: int = 20, *, seed: int = 1, check_solution: bool = False, **options: Any
    ) -> None:
        known = inspect.signature(RL4COEnvBase.__init__).parameters.keys() - {"self", "kwargs", "_torchrl_mode"}
        unknown = [Fault("C501", key, "it is unknown", did_you_mean(key, known)) for key in options.keys() - known]
        if unknown:
            raise ConfigError(unknown)
        chosen = presets.preset(preset)
        self.process = chosen.env
        self.words = language(chosen.generator(1, size, torch.Generator()))
        self.name = self.words.name
        self.rng = torch.Generator()
        self.generator = PresetGenerator(chosen.generator, size, self.words, self.rng)
        super().__init__(seed=seed, check_solution=check_solution, **options)

    def reset(self, td: TensorDict | None = None, batch_size: int | list[int] | None = None) -> TensorDict:
        """States of fresh rollouts of the problems given, or of newly drawn ones."""
        return super().reset(None if td is None else td.clone(recurse=False), batch_size)

    def get_num_starts(self, td: TensorDict) -> int:
        """As many as clients."""
        return int(td["action_mask"].shape[-1]) - 1

    def select_start_nodes(self, td: TensorDict, num_starts: int) -> Tensor:
        """First nodes [num_starts * B], start-major: the clients that may come first in turn, again from the first."""
        allowed: Tensor = td["action_mask"][:, 1:]
        order = allowed.int().argsort(dim=-1, descending=True, stable=True) + 1
        turn = torch.arange(num_starts, device=td.device)[:, None] % allowed.sum(dim=-1)
        return order.gather(1, turn.T).T.flatten()

    def check_solution_validity(self, td: TensorDict, actions: Tensor) -> None:
        """Judge the routes of actions [B, T]; raises SolverError with every violation."""
        faults = []
        for row, (problem, path) in enumerate(zip(to_problems(td["instances"]), actions.tolist(), strict=True)):
            for violation in check(problem, to_routes(td["instances"], path)).violations:
                faults.append(Fault("U303", f"solution {row}", str(violation), "Take only actions the mask allows"))
        if faults:
            raise SolverError(faults)

    def load_data(self, fpath: str, batch_size: list[int] | None = None) -> TensorDict:
        """Problems of one of RL4CO's files; those of its CVRP hold whole demands."""
        td = super().load_data(fpath)
        if self.name == "cvrp":
            td["demand"] = td["demand"] / td["capacity"].reshape(-1, 1)
        return td

    def _reset(self, td: TensorDict, batch_size: list[int] | None = None) -> TensorDict:
        instances = self.words.instances(td)
        fresh = TensorDict(self.words.problems(instances), batch_size=td.batch_size, device=td.device)
        fresh["instances"], fresh["locs"] = instances, instances["locs"]
        fresh["vehicle_capacity"] = torch.ones_like(instances["capacity"])
        return fresh.update(self._observe(instances, self.process.reset(instances, 1)))

    def _step(self, td: TensorDict) -> TensorDict:
        slots = tuple(td["slots"][str(k)] for k in range(len(self.process.constraints)))
        fresh = self.process.reset(td["instances"], 1)
        vehicles = fresh.vehicles._replace(current=td["current_node"], slots=slots)
        state = fresh._replace(vehicles=vehicles, visited=td["visited"][:, None])
        after = self.process.step(td["instances"], state, td["action"].view(-1, 1))
        return td.clone(recurse=False).update(self._observe(td["instances"], after))

    def _observe(self, instances: TensorDict, state: State) -> dict[str, Any]:
        """RL4CO's keys of a state [B, 1]; its rewards come from `get_reward` once the episode is over."""
        done = self.process.done(state)
        slots = {str(k): slot for k, slot in enumerate(state.vehicles.slots)}
        return {
            "current_node": state.current,
            "visited": state.visited[:, 0],
            "action_mask": self.process.action_mask(instances, state)[:, 0],
            "done": done,
            "reward": torch.zeros_like(done, dtype=torch.float32),
            "slots": TensorDict(slots, batch_size=instances.batch_size, device=done.device),
            **self.words.state(self.process.constraints, instances, state),
        }

    def _get_reward(self, td: TensorDict, actions: Tensor) -> Tensor:
        """-cost [B] of actions [B, T]."""
        return -self.process.cost(td["instances"], actions[:, None])[:, 0]

    def _set_seed(self, seed: int | None) -> None:
        self.rng.manual_seed(1 if seed is None else seed)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
