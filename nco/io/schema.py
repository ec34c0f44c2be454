"""The shape of nco's own JSON, version 1: pydantic models, strict in types and keys. null stands for "no limit"."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field

from nco.problem import ALWAYS, Backhaul, Objective
from nco.rounding import Rounding

#: Version of both formats that this package writes.
VERSION = 1


def _unlimited(value: float | None) -> float:
    return math.inf if value is None else value


Limit = Annotated[float | None, AfterValidator(_unlimited)]
# a million wrong entries need one fault, not a million
Vector = Annotated[list[float] | None, FailFast()]
Matrix = Annotated[list[list[float]] | None, FailFast()]
# JSON has lists where the problem has tuples: the container may be either, the entries stay strict
Window = Annotated[tuple[float, Limit], Field(strict=False)]
Load = Annotated[tuple[float, ...], Field(strict=False)]
Numbers = Annotated[tuple[int, ...], Field(strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DepotData(_Strict):
    """A depot; fields as in nco.Depot."""

    x: float | None = None
    y: float | None = None
    tw: Window = ALWAYS
    name: str = ""


class ClientData(_Strict):
    """A client; fields as in nco.Client."""

    x: float | None = None
    y: float | None = None
    delivery: Load = ()
    pickup: Load = ()
    tw: Window = ALWAYS
    service: float = 0.0
    required: bool = True
    prize: float = 0.0
    name: str = ""


class VehicleTypeData(_Strict):
    """A vehicle type; fields as in nco.VehicleType."""

    num_available: int | None = None
    capacity: Load = ()
    start_depot: int = 0
    end_depot: int | None = 0
    fixed_cost: float = 0.0
    unit_distance_cost: float = 1.0
    unit_duration_cost: float = 0.0
    speed: float = 1.0
    tw: Window = ALWAYS
    max_distance: Limit = Field(default=None, validate_default=True)
    max_duration: Limit = Field(default=None, validate_default=True)
    reload_depots: Numbers = ()
    max_reloads: int | None = None
    profile: int = 0
    name: str = ""


class ProfileData(_Strict):
    """A profile; fields as in nco.Profile."""

    distance: Matrix = None
    duration: Matrix = None
    preference: Vector = None
    allowed: list[bool] | None = None
    name: str = ""


class ShipmentData(_Strict):
    """A shipment; fields as in nco.Shipment."""

    pickup: int
    delivery: int
    load: Load = ()


class ProblemData(_Strict):
    """A problem; fields as in nco.Problem."""

    format: Literal["nco-problem"]
    version: Literal[1]
    name: str = ""
    rounding: Rounding = "none"
    backhaul: Backhaul = "mixed"
    preference_weight: float = 0.0
    objective: Objective = "sum"
    depots: list[DepotData]
    clients: list[ClientData]
    vehicle_types: list[VehicleTypeData]
    profiles: list[ProfileData] = Field(default_factory=lambda: [ProfileData()])
    shipments: list[ShipmentData] = []


class RouteData(_Strict):
    """A route; reading needs only `visits`, the rest is what nco.Result.to_dict adds."""

    visits: Numbers
    vehicle_type: int = 0
    distance: Any = None
    duration: Any = None
    stops: Any = None


class SolutionData(_Strict):
    """A solution; reading needs only `routes`, the rest is what nco.Result.to_dict adds."""

    format: Literal["nco-solution"]
    version: Literal[1]
    routes: list[RouteData]
    problem: Any = None
    feasible: Any = None
    objective: Any = None
    cost: Any = None
    violations: Any = None
    unassigned: Any = None
    impossible: Any = None
    solver: Any = None
    history: Any = None


def problem_schema() -> dict[str, Any]:
    """JSON Schema of nco-problem, version 1; docs/schema/nco-problem-1.json is a copy."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProblemData.model_json_schema()}
