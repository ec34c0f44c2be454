"""The shape of VROOM's input and output (github.com/VROOM-Project/vroom, docs/API.md of 2025): strict pydantic models.

Keys that VROOM knows and this package cannot honour are listed too: nco.io.vroom_reader refuses them by name.
Coordinates are [longitude, latitude], times seconds, distances metres; amounts, times and matrices are whole numbers.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field

Point = Annotated[tuple[float, float], Field(strict=False)]
Window = Annotated[tuple[int, int], Field(strict=False)]
Amounts = Annotated[tuple[int, ...], Field(strict=False)]
Matrix = Annotated[list[list[int]] | None, FailFast()]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StepData(_Strict):
    """One end of a shipment, and what it shares with a job."""

    id: int
    description: str = ""
    location: Point | None = None
    location_index: int | None = None
    setup: int = 0
    service: int = 0
    setup_per_type: dict[str, int] = {}
    service_per_type: dict[str, int] = {}
    time_windows: list[Window] = []


class JobData(StepData):
    """A place to visit."""

    delivery: Amounts = ()
    pickup: Amounts = ()
    skills: Amounts = ()
    priority: Annotated[int, Field(ge=0, le=100)] | None = None


class ShipmentData(_Strict):
    """A pickup and its delivery."""

    pickup: StepData
    delivery: StepData
    amount: Amounts = ()
    skills: Amounts = ()
    priority: Annotated[int, Field(ge=0, le=100)] | None = None


class CostsData(_Strict):
    """What a vehicle costs."""

    fixed: int = 0
    per_hour: int = 3600
    per_task_hour: int = 0
    per_km: int = 0


class VehicleData(_Strict):
    """One vehicle."""

    id: int
    profile: str = "car"
    description: str = ""
    start: Point | None = None
    start_index: int | None = None
    end: Point | None = None
    end_index: int | None = None
    capacity: Amounts = ()
    costs: CostsData = CostsData()
    skills: Amounts = ()
    type: str = ""
    time_window: Window | None = None
    breaks: list[Any] = []
    speed_factor: Annotated[float, Field(gt=0, le=5)] = 1.0
    max_tasks: int | None = None
    max_travel_time: int | None = None
    max_distance: int | None = None
    steps: list[Any] = []


class MatricesData(_Strict):
    """What lies between places for vehicles of one profile."""

    durations: Matrix = None
    distances: Matrix = None
    costs: Matrix = None


class InputData(_Strict):
    """A problem."""

    jobs: list[JobData] = []
    shipments: list[ShipmentData] = []
    vehicles: list[VehicleData]
    matrices: dict[str, MatricesData] = {}


class StopData(BaseModel):
    """A step of a route in VROOM's output; keys that only describe it are skipped."""

    type: str
    id: int | None = None


class RouteData(BaseModel):
    """A route in VROOM's output."""

    vehicle: int
    steps: list[StopData]


class OutputData(BaseModel):
    """A solution."""

    routes: list[RouteData]
