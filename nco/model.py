"""Model: build a problem piece by piece, in the manner of PyVRP's Model.

model = Model()
depot = model.add_depot(x=0, y=0)
for order in orders:
    model.add_client(x=order.x, y=order.y, delivery=order.boxes)
model.add_vehicle_type(5, capacity=80)
problem = model.build()
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nco.errors import Fault, ProblemError
from nco.problem import ALWAYS, Backhaul, Client, Depot, Objective, Problem, Profile, Shipment, VehicleType, Window
from nco.rounding import Rounding

if TYPE_CHECKING:
    from nco.result import Result

Load = float | Sequence[float]


class Model:
    """Collects depots, clients, vehicle types, profiles and shipments; every add_ method returns what it added.

    Where a depot, client or profile is expected, pass the object or its name. Checks happen in `build`, all at once.
    """

    def __init__(
        self,
        name: str = "",
        *,
        rounding: Rounding = "none",
        backhaul: Backhaul = "mixed",
        preference_weight: float = 0.0,
        objective: Objective = "sum",
    ) -> None:
        self.name = name
        self.rounding: Rounding = rounding
        self.backhaul: Backhaul = backhaul
        self.preference_weight = preference_weight
        self.objective: Objective = objective
        self.depots: list[Depot] = []
        self.clients: list[Client] = []
        self.vehicle_types: list[VehicleType] = []
        self.profiles: list[Profile] = []
        self.shipments: list[Shipment] = []
        self._handles: list[Profile] = []  # profiles as first returned: set_matrix makes new ones

    def add_depot(
        self, x: float | None = None, y: float | None = None, *, tw: Window | None = None, name: str = ""
    ) -> Depot:
        """Add a depot; without coordinates every profile needs a distance matrix."""
        self.depots.append(Depot(x, y, _window(tw), name))
        return self.depots[-1]

    def add_client(
        self,
        x: float | None = None,
        y: float | None = None,
        *,
        delivery: Load = (),
        pickup: Load = (),
        tw: Window | None = None,
        service: float = 0.0,
        required: bool = True,
        prize: float = 0.0,
        name: str = "",
    ) -> Client:
        """Add a client; `delivery` and `pickup` are numbers, or one number per load dimension."""
        self.clients.append(Client(x, y, _load(delivery), _load(pickup), _window(tw), service, required, prize, name))
        return self.clients[-1]

    def add_shipment(self, pickup: Client | str | int, delivery: Client | str | int, load: Load = ()) -> Shipment:
        """Add goods that are brought from one client to another; `load` is a number, or one per load dimension.

        Clients by number count from 0. A client that only sends or receives them needs no load of its own.
        """
        source, sink = (self._find("client", end, self.clients) for end in (pickup, delivery))
        self.shipments.append(Shipment(source, sink, _load(load)))
        return self.shipments[-1]

    def add_profile(
        self, name: str = "", *, preference: ArrayLike | None = None, allowed: ArrayLike | None = None
    ) -> Profile:
        """Add a profile; `preference` in [0, 1] and `allowed` hold one entry per client."""
        profile = Profile(preference=copy(preference), allowed=copy(allowed), name=name)  # type: ignore[arg-type]
        self.profiles.append(profile)
        self._handles.append(profile)
        return profile

    def set_matrix(
        self, distance: ArrayLike | None = None, duration: ArrayLike | None = None, profile: Profile | str | None = None
    ) -> None:
        """Give a profile its whole matrices [N, N], depots first; without `profile`, the first one.

        A matrix that is left out stays what it was.
        """
        if not self.profiles:
            self.add_profile(profile if isinstance(profile, str) else "")
        index = 0 if profile is None else self._find("profile", profile, self._handles)
        given = {"distance": copy(distance), "duration": copy(duration)}
        matrices: dict[str, Any] = {name: matrix for name, matrix in given.items() if matrix is not None}
        self.profiles[index] = replace(self.profiles[index], **matrices)

    def add_vehicle_type(
        self,
        num_available: int | None = None,
        *,
        capacity: Load = (),
        start_depot: Depot | str | int = 0,
        end_depot: Depot | str | int | None = 0,
        reload_depots: Sequence[Depot | str | int] = (),
        profile: Profile | str | int = 0,
        tw: Window | None = None,
        fixed_cost: float = 0.0,
        unit_distance_cost: float = 1.0,
        unit_duration_cost: float = 0.0,
        speed: float = 1.0,
        max_distance: float = np.inf,
        max_duration: float = np.inf,
        max_reloads: int | None = None,
        name: str = "",
    ) -> VehicleType:
        """Add `num_available` identical vehicles (None: as many as needed); `end_depot=None` ends routes anywhere."""
        end = None if end_depot is None else self._find("depot", end_depot, self.depots)
        reloads = tuple(self._find("depot", depot, self.depots) for depot in reload_depots)
        vehicle = VehicleType(
            num_available,
            _load(capacity),
            self._find("depot", start_depot, self.depots),
            end,
            fixed_cost,
            unit_distance_cost,
            unit_duration_cost,
            speed,
            _window(tw),
            max_distance,
            max_duration,
            reloads,
            max_reloads,
            self._find("profile", profile, self._handles),
            name,
        )
        self.vehicle_types.append(vehicle)
        return vehicle

    def build(self) -> Problem:
        """The problem; raises ProblemError with every fault at once."""
        return Problem(
            tuple(self.depots),
            tuple(self.clients),
            tuple(self.vehicle_types),
            tuple(self.profiles) or (Profile(),),
            self.rounding,
            self.backhaul,
            self.preference_weight,
            self.name,
            tuple(self.shipments),
            self.objective,
        )

    def solve(self, **options: Any) -> Result:
        """Build and solve; options as in nco.solve."""
        from nco.solvers.solve import solve

        return solve(self.build(), **options)

    def _find(
        self, kind: str, wanted: Depot | Client | Profile | str | int, items: Sequence[Depot | Client | Profile]
    ) -> int:
        """Index of an object in its list: by identity, by name, or already a number (checked by `build`)."""
        if isinstance(wanted, int | np.integer):
            return int(wanted)
        for index, item in enumerate(items):
            if item is wanted or (isinstance(wanted, str) and item.name == wanted):
                return index
        raise ProblemError(
            Fault("P108", f"Model.{kind}", f"{wanted!r} is not in this model", f"Add it first with add_{kind}")
        )


def _load(value: Load) -> tuple[float, ...]:
    return tuple(value) if np.ndim(value) else (value,)  # type: ignore[arg-type, return-value]


def _window(value: Window | None) -> Window:
    return ALWAYS if value is None else tuple(value) if np.ndim(value) else value  # type: ignore[return-value]
