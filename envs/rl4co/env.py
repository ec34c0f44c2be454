"""A preset as an environment of RL4CO.

Differences from RL4CO's own: an episode is done when all clients are served, even if the depot was never visited (the
way home costs the same); loads are exact; `visited` of depots stays False; `reset` leaves the caller's TensorDict as it
is; random numbers come from the environment's own generator; a solution is judged by nco.check on request (1 to 3 ms
for 20 to 100 clients). docs/rl4co.md lists what RL4CO gets wrong.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.checker import check
from nco.errors import ConfigError, Fault, SolverError, did_you_mean

from .. import presets
from ..constraints.capacity import Capacity
from ..constraints.precedence import Precedence
from ..generators import base
from ..generators.unified import Unified
from ..instances import fleet_size, has, to_problems, to_routes
from ..routing import State
from .own import Own
from .pdp import Pdp, paired
from .tour import TourState
from .tsp import Atsp, Tsp
from .vrp import MTVRP_VIEWS, Cvrp, Mtvrp
from .words import Words, straight

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

ROUTES = {"locs", "demand", "capacity", "scale", "distance"}
TOUR = ROUTES | {"available"}
MTVRP = ROUTES | {"pickup", "backhaul_last", "opens", "closes", "service", "max_distance", "open"}


def words(chosen: presets.Preset, example: TensorDict) -> Words:
    """The problem of RL4CO that says all that this preset's instances say, or our own keys."""
    env = chosen.env
    keys, kinds = set(example.keys()), {type(constraint) for constraint in env.constraints}
    depots_vary = isinstance(chosen.generator, Unified)
    if depots_vary or fleet_size(example) > 1 or env.objective != "sum":
        return Own(example)
    if not kinds and keys <= TOUR:
        return Tsp() if straight(example) else Atsp()
    if straight(example):
        if kinds == {Precedence} and keys <= TOUR | {"picked_up_at"} and paired(example):
            return Pdp()
        if kinds == {Capacity} and keys <= ROUTES:
            return Cvrp()
        if kinds <= MTVRP_VIEWS.keys() and keys <= MTVRP:
            return Mtvrp(kinds)
    return Own(example)


class PresetGenerator(Generator):  # type: ignore[misc]  # RL4CO ships no types
    """A preset's distribution, in RL4CO's keys."""

    def __init__(self, draw: base.Generator, size: int, words: Words, rng: torch.Generator) -> None:
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
        example = chosen.generator(1, size, torch.Generator())
        self.words = words(chosen, example)
        self.name = self.words.name
        self.process = self.words.process(chosen.env)
        self._rules = chosen.rules
        self.example = TensorDict(self.words.problems(example), batch_size=[1])
        self._blank = self.process.reset(example, 1)
        self.rng = torch.Generator()
        self.generator = PresetGenerator(chosen.generator, size, self.words, self.rng)
        super().__init__(seed=seed, check_solution=check_solution, **options)

    def reset(self, td: TensorDict | None = None, batch_size: int | list[int] | None = None) -> TensorDict:
        """States of fresh rollouts of the problems given, or of newly drawn ones."""
        return super().reset(None if td is None else td.clone(recurse=False), batch_size)

    def get_num_starts(self, td: TensorDict) -> int:
        """As many as there are first actions."""
        return int(td["action_mask"].sum(dim=-1).max())

    def select_start_nodes(self, td: TensorDict, num_starts: int) -> Tensor:
        """First actions [num_starts * B], start-major: those that are allowed in turn, again from the first."""
        allowed: Tensor = td["action_mask"]
        order = allowed.int().argsort(dim=-1, descending=True, stable=True)
        turn = torch.arange(num_starts, device=td.device)[:, None] % allowed.sum(dim=-1)
        return order.gather(1, turn.T).T.flatten()

    def check_solution_validity(self, td: TensorDict, actions: Tensor) -> None:
        """Judge the routes of actions [B, T]; raises SolverError with every violation."""
        problems = to_problems(td["instances"], self.process.objective)
        paths = self.words.path(actions[:, None])[:, 0].tolist()
        faults = []
        for row, (problem, path) in enumerate(zip(problems, paths, strict=True)):
            for violation in check(problem, to_routes(td["instances"], path, row), self._rules).violations:
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
        fresh.update({"instances": instances, **self.words.reset(instances)})
        fresh.update(self._observe(instances, self.process.reset(instances, 1)))
        _require_servable(instances, fresh["action_mask"])
        return fresh

    def _step(self, td: TensorDict) -> TensorDict:
        parts = td["state"]
        state = _rebuilt(self._blank, (parts[str(k)] for k in range(len(parts.keys()))))
        after = self.process.step(td["instances"], state, td["action"].view(-1, 1))
        return td.clone(recurse=False).update(self._observe(td["instances"], after))

    def _observe(self, instances: TensorDict, state: State | TourState) -> dict[str, Any]:
        """RL4CO's keys of a state [B, 1]; its rewards come from `get_reward` once the episode is over."""
        done, vehicles = self.process.done(state), state.vehicles
        parts = {str(k): part for k, part in enumerate(_parts(state))}
        return {
            "current_node": vehicles.current,
            "active": vehicles.active,
            "visited": state.visited[:, 0],
            "features": self.process.features(instances, state)[:, 0],
            "action_mask": self.process.action_mask(instances, state)[:, 0],
            "done": done,
            "reward": torch.zeros_like(done, dtype=torch.float32),
            "state": TensorDict(parts, batch_size=instances.batch_size, device=done.device),
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


def _require_servable(instances: TensorDict, mask: Tensor) -> None:
    """Raise ConfigError for clients that no route can serve, where vehicles are unlimited: no episode would end."""
    if fleet_size(instances) > 1 or has(instances, "available") or has(instances, "picked_up_at"):
        return
    never = ~mask[:, 1:]
    if has(instances, "prize"):
        never &= instances["prize"][:, 1:] == torch.inf
    faults = []
    for row in never.any(dim=1).nonzero().flatten().tolist():
        clients = ", ".join(str(client) for client in (never[row].nonzero().flatten() + 1).tolist())
        what = f"no vehicle can serve {clients} within its limits, even alone on a route"
        faults.append(Fault("C503", f"problem {row}", what, "Leave them out, or loosen their limits"))
    if faults:
        raise ConfigError(faults)


def _parts(state: Any) -> Iterator[Tensor]:
    """All tensors of a state, in order."""
    if isinstance(state, Tensor):
        yield state
    else:
        for part in state:
            yield from _parts(part)


def _rebuilt(blank: Any, parts: Iterator[Tensor]) -> Any:
    """A state like `blank`, of these tensors."""
    if isinstance(blank, Tensor):
        return next(parts)
    inner = [_rebuilt(part, parts) for part in blank]
    return blank._make(inner) if hasattr(blank, "_make") else tuple(inner)
