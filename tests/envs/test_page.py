"""docs/environments.md: its loops run as they stand, one after the other."""

import re
from pathlib import Path

import torch

PAGE = (Path(__file__).parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")


def test_both_loops_run_as_they_stand_and_serve_all_clients():
    names, costs = {}, []
    for code in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(compile(code, "docs/environments.md", "exec"), names)
        costs.append(names["cost"])
    assert [cost.shape for cost in costs] == [(64, 4)] * 2
    assert names["graphed"].state.visited[..., 1:].all()
    assert not torch.equal(*costs)  # two random policies
