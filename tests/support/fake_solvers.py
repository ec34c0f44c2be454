"""Solvers for tests, used as fake_solvers:Class: each behaves in one particular way, at once and without torch."""

import os
import time

from nco.errors import Fault
from nco.solution import Route, Solution
from nco.solvers.base import Outcome


class Alone:
    """A route for every client: feasible where the fleet is large enough."""

    name = "alone"

    def unsupported(self, problem):
        return []

    def run(self, problem, stop, seed):
        stop(float("inf"))
        places = range(problem.num_depots, problem.num_locations)
        return Outcome(Solution(tuple(Route((place,)) for place in places)), iterations=1)


class Together(Alone):
    """One route with all clients: feasible where nothing limits it."""

    name = "together"

    def run(self, problem, stop, seed):
        return Outcome(Solution((Route(tuple(range(problem.num_depots, problem.num_locations))),)), iterations=1)


class Nothing(Alone):
    """No route at all: leaves every client out."""

    name = "nothing"

    def run(self, problem, stop, seed):
        return Outcome(Solution(()), iterations=0)


class Warm(Alone):
    """Keeps the routes that it is given, and tells their number as iterations; without any, one for every client."""

    name = "warm"

    def __init__(self, initial_solution=None):
        self.start = initial_solution

    def run(self, problem, stop, seed):
        found = self.start or super().run(problem, stop, seed).solution
        return Outcome(found, iterations=len(self.start.routes) if self.start else 0)


class Patient(Alone):
    """Works until told to stop, and tells the seconds it took as iterations."""

    name = "patient"

    def run(self, problem, stop, seed):
        began = time.perf_counter()
        while not stop(1.0):
            time.sleep(0.01)
        return Outcome(super().run(problem, stop, seed).solution, iterations=round(time.perf_counter() - began))


class Alike(Patient):
    """Takes problems that differ in prices at once, and tells their number as iterations."""

    name = "alike"

    def run_alike(self, problems, stop, seed):
        found = self.run(problems[0], stop, seed).solution
        return [Outcome(found, iterations=len(problems)) for _ in problems]


class Sleepy(Alone):
    """Does not look at the clock."""

    name = "sleepy"

    def run(self, problem, stop, seed):
        time.sleep(60)
        return super().run(problem, stop, seed)


class Dying(Alone):
    """Takes its process down."""

    name = "dying"

    def run(self, problem, stop, seed):
        os._exit(1)


class Broken(Alone):
    """Raises an error of its own."""

    name = "broken"

    def run(self, problem, stop, seed):
        raise ZeroDivisionError("one too many")


class Boastful(Alone):
    """Claims a cost that its routes do not have."""

    name = "boastful"

    def run(self, problem, stop, seed):
        return Outcome(super().run(problem, stop, seed).solution, iterations=1, claimed_cost=1.0)


class Picky(Alone):
    """Supports no problem."""

    name = "picky"

    def unsupported(self, problem):
        return [Fault("U302", "solver 'picky'", "nothing is good enough", "Use another")]


class AlikeButPicky(Picky, Alike):
    """Supports no problem, nor several at once."""


class Unwilling(Alone):
    """Cannot be created."""

    def __init__(self):
        raise TypeError("no thanks")
