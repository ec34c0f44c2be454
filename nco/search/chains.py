"""Several chains of ruin & recreate on one problem, one a core, from hot to cold; the worst goes on from the best."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from nco.problem import Problem
from nco.search.anneal import anneal
from nco.search.compiled import cores
from nco.search.data import SearchData, from_solution, search_data, to_solution
from nco.search.records import BEST_FIRST, BEST_KIND, BEST_NEXT, NONE, Chain, new_chain
from nco.search.state import load, prepare
from nco.solution import Solution
from nco.stop import Running

#: Temperatures at the beginning and at the end, in units of the mean cost of an arc; and those where there are several
#: kinds of vehicles: which of them drives a route changes through worse solutions only.
HEAT, HEAT_OF_KINDS = (1.0, 0.03), (2.0, 0.1)
ROUND = 500  # ruins and recreations of every chain between two looks at the clock
MEETINGS = 20  # how often in a run the worst chain is replaced

#: Routes of clients by kind.
Routes = list[tuple[int, list[int]]]


class Search:
    """Chains that improve a feasible solution of a problem, which may leave clients out.

    chains: one for each core by default. When the stop does not look at the clock, the same seed and number of chains
    give the same solutions.
    """

    def __init__(self, problem: Problem, start: Solution, seed: int, chains: int | None = None) -> None:
        self.problem, self.rounds, self.ruins = problem, 0, 0
        data = search_data(problem)
        self._unpayable = data.absence[problem.required].min(initial=math.inf)
        first = new_chain(data, seed)
        prepare(first)
        others = range(1, chains or cores())
        self.chains = [first, *(new_chain(data, seed + (k << 32))._replace(alone=first.alone) for k in others)]
        self.provenance = {"search": f"numba {numba.__version__}", "chains": str(len(self.chains))}
        self.unit, self.heat = _mean_arc(data), HEAT if len(data.sight) == 1 else HEAT_OF_KINDS
        for chain in self.chains:
            _load(chain, from_solution(problem, start))

    def run(self, stop: Running) -> Iterator[float]:
        """The best cost after every round in which it fell, until `stop` says so."""
        begun, gone, met, speed, told = stop.progress(), 0.0, 0, math.inf, math.inf
        hottest, coldest = self.heat
        stop(told)  # whatever it says: the first round is always done
        with ThreadPoolExecutor(len(self.chains)) as pool:
            while True:
                size = int(max(1.0, min(ROUND, stop.seconds_left() * speed)))
                heat = self.unit * hottest * (coldest / hottest) ** gone
                clock = time.perf_counter()
                list(pool.map(anneal, self.chains, [size] * len(self.chains), [heat] * len(self.chains)))
                speed = size / (time.perf_counter() - clock)
                self.rounds, self.ruins = self.rounds + 1, self.ruins + size * len(self.chains)
                if self.cost < told:
                    told = self.cost
                    yield told
                if stop(told):
                    return
                gone = min(1.0, max(gone, (stop.progress() - begun) / max(1e-9, 1.0 - begun)))
                if int(gone * MEETINGS) > met:
                    met = int(gone * MEETINGS)
                    _load(max(self.chains, key=_cost), _routes(min(self.chains, key=_cost)))

    @property
    def cost(self) -> float:
        """Of the best solution, as the search sees it; infinite while it leaves out clients that must be served."""
        cost = min(map(_cost, self.chains))
        return cost if cost < self._unpayable else math.inf

    def best(self) -> Solution:
        """The best solution; required clients that it leaves out could not be served."""
        return to_solution(self.problem, _routes(min(self.chains, key=_cost)))


def _load(chain: Chain, routes: Routes) -> None:
    clients = np.array([client for _, visits in routes for client in visits], dtype=np.uint32)
    offsets = np.cumsum([0, *(len(visits) for _, visits in routes)])
    load(chain, clients, offsets, np.array([kind for kind, _ in routes], dtype=np.uint32))


def _routes(chain: Chain) -> Routes:
    """The best routes of a chain."""
    after, routes = chain.best[BEST_NEXT].tolist(), []
    for first, kind in chain.best[[BEST_FIRST, BEST_KIND]].T.tolist():
        if first == NONE:
            break
        visits = [first]
        while after[visits[-1]] != NONE:
            visits.append(after[visits[-1]])
        routes.append((kind, visits))
    return routes


def _cost(chain: Chain) -> float:
    """Of the best solution of a chain."""
    return float(chain.counts["best"][0])


def _mean_arc(data: SearchData) -> float:
    """Mean cost of an arc between near clients, its time included, over the kinds: the unit of temperatures."""
    near = data.neighbours[:, 1:11]
    arcs = np.arange(len(near))[:, None], near
    prices = [
        data.cost[sight][arcs] + (rate * data.ride[sight][arcs] if rate else 0.0)
        for sight, rate in zip(data.sight, data.rate, strict=True)
    ]
    return float(np.mean(prices)) if near.size else 1.0
