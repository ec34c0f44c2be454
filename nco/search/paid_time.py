"""Prices of time as costs of arcs: what is left of them is the price of waiting."""

from __future__ import annotations

import numpy as np

from nco.search.data import SearchData


def time_in_arcs(data: SearchData) -> SearchData:
    """The same problem, where arcs also cost the time that they and the service at their ends take.

    Kinds that see the same share a view only if they pay the same for time.
    """
    if not data.rate.any():
        return data
    paid = list(zip(data.sight.tolist(), data.rate.tolist(), strict=True))
    seen = list(dict.fromkeys(paid))
    views, rates = [view for view, _ in seen], np.array([rate for _, rate in seen])
    taken = data.ride[views]
    taken[:, :, : len(data.service)] += data.service
    cost = data.cost[views] + rates[:, None, None] * taken
    return data._replace(
        cost=cost,
        cost_into=np.ascontiguousarray(cost.transpose(0, 2, 1)),
        distance=data.distance[views],
        ride=data.ride[views],
        sight=np.array([seen.index(pair) for pair in paid], dtype=np.int32),
    )
