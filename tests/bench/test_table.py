from nco.bench.statistics import Row
from nco.bench.table import markdown

GOLDEN = """\
# 2 problems of 3-4 clients, 1 s a run, 1 seed

| Solver | Mean cost | Mean gap | 95 % interval | Feasible | Mean wall time | Runs |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| neural | 27,591.2 | 1.23 % | 0.50 to 2.00 % | 100 % | 1.02 s | 4 |
| ortools | 1,234,568 | -0.10 % | - | 50 %, 1 overran, 1 failed | 1.50 s | 4 |
| pyvrp | - | - | - | 0 % | 0.90 s | 2 |

A note.

- cpu: two of them
- date: today
"""


def test_the_table_looks_like_this():
    rows = [
        Row("neural", 4, 4, 0, 0, 1.02, 27591.2, 0.0123, (0.005, 0.02)),
        Row("ortools", 4, 2, 1, 1, 1.5, 1234567.8, -0.001, None),
        Row("pyvrp", 2, 0, 0, 0, 0.9, None, None, None),
    ]
    title = "2 problems of 3-4 clients, 1 s a run, 1 seed"
    assert markdown(title, rows, ["A note."], {"cpu": "two of them", "date": "today"}) == GOLDEN
