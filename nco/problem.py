"""The problem: depots, clients, vehicle types, profiles and shipments of one vehicle routing instance.

Locations are numbered depots first, then clients: with D depots, client k is location D + k. Units are the user's own,
used consistently: distances in one unit, times in one unit; without a duration matrix, duration = distance / speed.
Coordinates are (x, y), that is (longitude, latitude) for geographic data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nco.rounding import ROUNDINGS, Rounding, straight

Floats = NDArray[np.float64]
Window = tuple[float, float]
Backhaul = Literal["mixed", "last"]
BACKHAULS: tuple[str, ...] = get_args(Backhaul)
Objective = Literal["sum", "max"]
OBJECTIVES: tuple[str, ...] = get_args(Objective)
ALWAYS: Window = (0.0, np.inf)


@dataclass(frozen=True, slots=True)
class Depot:
    """A place where vehicles start, end or reload; `tw` is the time it is open."""

    x: float | None = None
    y: float | None = None
    tw: Window = ALWAYS
    name: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A place to visit once.

    `delivery` is brought from the depot, `pickup` taken to it, one entry per load dimension. Service must start within
    `tw`. A client with `required=False` may be left out at the price of `prize`.
    """

    x: float | None = None
    y: float | None = None
    delivery: tuple[float, ...] = ()
    pickup: tuple[float, ...] = ()
    tw: Window = ALWAYS
    service: float = 0.0
    required: bool = True
    prize: float = 0.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods brought from one client to another: `pickup` and `delivery` are numbers of clients, counting from 0.

    `load` is taken on board at the first and put off at the second, later on the same trip, one entry per load
    dimension. Both clients are served or, when both are optional, neither.
    """

    pickup: int
    delivery: int
    load: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class VehicleType:
    """Identical vehicles; `num_available=None` means as many as needed, `end_depot=None` an open end.

    `tw` is the shift. A vehicle may refill at any of `reload_depots`, at most `max_reloads` times (None: no limit).
    """

    num_available: int | None = None
    capacity: tuple[float, ...] = ()
    start_depot: int = 0
    end_depot: int | None = 0
    fixed_cost: float = 0.0
    unit_distance_cost: float = 1.0
    unit_duration_cost: float = 0.0
    speed: float = 1.0
    tw: Window = ALWAYS
    max_distance: float = np.inf
    max_duration: float = np.inf
    reload_depots: tuple[int, ...] = ()
    max_reloads: int | None = None
    profile: int = 0
    name: str = ""


def _as_array(value: Any, kinds: str, dtype: type[np.generic]) -> Any:
    """Array-like of the given numpy kinds as an array; anything else as it is, for validation to report."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return value
    return array.astype(dtype, copy=False) if array.dtype.kind in kinds else value


@dataclass(frozen=True, eq=False, slots=True)
class Profile:
    """How a kind of vehicle sees the map.

    distance, duration: matrices [N, N] over all locations, possibly asymmetric; None = from the coordinates.
    preference: [n] in [0, 1] per client, 1 = preferred; allowed: [n] bool per client; None = no opinion.
    Any array-like will do; numbers are stored in double precision.
    """

    distance: Floats | None = None
    duration: Floats | None = None
    preference: Floats | None = None
    allowed: NDArray[np.bool_] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        for quantity in ("distance", "duration", "preference"):
            object.__setattr__(self, quantity, _as_array(getattr(self, quantity), "iuf", np.float64))
        object.__setattr__(self, "allowed", _as_array(self.allowed, "b", np.bool_))


@dataclass(frozen=True, eq=False)
class Problem:
    """One instance, validated on construction: raises ProblemError with all faults at once.

    Cost of a route = fixed cost + unit distance cost x distance + unit duration cost x duration
    + preference_weight x sum over visits of (1 - preference). Cost of a solution = sum of the costs of its routes, or
    with `objective="max"` the largest of them, + sum of the prizes of clients left out.
    `rounding` applies to distances computed from coordinates; see nco.rounding. With `backhaul="last"` a trip delivers
    everything before its first pickup; shipments, which do not come from or go to the depot, are not concerned.
    """

    depots: tuple[Depot, ...]
    clients: tuple[Client, ...]
    vehicle_types: tuple[VehicleType, ...]
    profiles: tuple[Profile, ...] = field(default_factory=lambda: (Profile(),))
    rounding: Rounding = "none"
    backhaul: Backhaul = "mixed"
    preference_weight: float = 0.0
    name: str = ""
    shipments: tuple[Shipment, ...] = ()
    objective: Objective = "sum"

    def __post_init__(self) -> None:
        from nco.validation import validate

        validate(self)

    @property
    def places(self) -> tuple[Depot | Client, ...]:
        """All locations: depots, then clients."""
        return (*self.depots, *self.clients)

    @property
    def num_depots(self) -> int:
        return len(self.depots)

    @property
    def num_clients(self) -> int:
        return len(self.clients)

    @property
    def num_locations(self) -> int:
        return len(self.depots) + len(self.clients)

    @property
    def num_load_dimensions(self) -> int:
        return max((len(v.capacity) for v in self.vehicle_types), default=0)

    @cached_property
    def xy(self) -> Floats:
        """Coordinates [N, 2] of all locations; NaN where unknown."""
        return np.array([(p.x, p.y) for p in self.places], dtype=np.float64).reshape(-1, 2)

    @property
    def has_coordinates(self) -> bool:
        """True when every location has coordinates."""
        return bool(np.isfinite(self.xy).all())

    @cached_property
    def delivery(self) -> Floats:
        """Delivery [n, K] of each client."""
        return self._loads([c.delivery for c in self.clients])

    @cached_property
    def pickup(self) -> Floats:
        """Pickup [n, K] of each client."""
        return self._loads([c.pickup for c in self.clients])

    @cached_property
    def shipment_load(self) -> Floats:
        """Load [S, K] of each shipment."""
        return self._loads([s.load for s in self.shipments])

    @cached_property
    def shipment_at(self) -> dict[int, int]:
        """Location -> number of the shipment that is picked up or delivered there."""
        ends = ((end, k) for k, s in enumerate(self.shipments) for end in (s.pickup, s.delivery))
        return {self.num_depots + client: k for client, k in ends}

    @cached_property
    def tw(self) -> Floats:
        """Time windows [N, 2] of all locations."""
        return np.array([p.tw for p in self.places], dtype=np.float64)

    @cached_property
    def service(self) -> Floats:
        """Service times [N] of all locations; zero at depots."""
        return np.array([0.0] * self.num_depots + [c.service for c in self.clients], dtype=np.float64)

    @cached_property
    def required(self) -> NDArray[np.bool_]:
        """Whether each client [n] must be visited."""
        return np.array([c.required for c in self.clients], dtype=bool)

    @cached_property
    def prizes(self) -> Floats:
        """Prize [n] of each client: the price of leaving it out."""
        return np.array([c.prize for c in self.clients], dtype=np.float64)

    def distance(self, origin: ArrayLike, destination: ArrayLike, profile: int = 0) -> Floats:
        """Distances between locations, elementwise (indices broadcast), as the profile sees them."""
        i, j = np.asarray(origin, dtype=np.intp), np.asarray(destination, dtype=np.intp)
        matrix = self.profiles[profile].distance
        if matrix is not None:
            return np.asarray(matrix[i, j])
        return ROUNDINGS[self.rounding](straight(self.xy[i] - self.xy[j]))

    def duration(self, origin: ArrayLike, destination: ArrayLike, profile: int = 0) -> Floats:
        """Travel times between locations at speed 1, elementwise; the distances when no duration is given."""
        matrix = self.profiles[profile].duration
        if matrix is None:
            return self.distance(origin, destination, profile)
        return np.asarray(matrix[np.asarray(origin, dtype=np.intp), np.asarray(destination, dtype=np.intp)])

    def distance_matrix(self, profile: int = 0) -> Floats:
        """All distances [N, N] as the profile sees them; a fresh array unless given as a matrix."""
        every = np.arange(self.num_locations)
        matrix = self.profiles[profile].distance
        return matrix if matrix is not None else self.distance(every[:, None], every[None, :], profile)

    def duration_matrix(self, profile: int = 0) -> Floats:
        """All travel times [N, N] at speed 1 as the profile sees them."""
        matrix = self.profiles[profile].duration
        return matrix if matrix is not None else self.distance_matrix(profile)

    def label(self, location: int) -> str:
        """The user's name of a location, or its number: "7" for a client, "depot 0" for a depot."""
        return self._names[location] or (f"depot {location}" if location < self.num_depots else str(location))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(place.name for place in self.places)

    def _loads(self, rows: Sequence[tuple[float, ...]]) -> Floats:
        """Rows padded with zeros to the number of load dimensions: a client without a load needs no zeros."""
        loads = np.zeros((len(rows), self.num_load_dimensions))
        for k, row in enumerate(rows):
            loads[k, : len(row)] = row
        return loads

    def __repr__(self) -> str:
        title = f"{self.name!r}, " if self.name else ""
        return (
            f"Problem({title}{self.num_depots} depots, {self.num_clients} clients, "
            f"{len(self.vehicle_types)} vehicle types, rounding={self.rounding!r})"
        )
