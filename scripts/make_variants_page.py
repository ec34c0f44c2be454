"""Write docs/variants.md, the table of presets, constraints and solvers: python scripts/make_variants_page.py."""

from pathlib import Path

from nco.envs.presets import PRESETS, preset, problems
from nco.solvers.solve import create

PAGE = Path(__file__).parent.parent / "docs" / "variants.md"
#: Problems a draw and draws of each preset, all of which a solver has to take: mixtures hold many kinds.
DRAWN, DRAWS = 4, 10
SOLVERS = ("search", "neural", "ortools", "pyvrp", "lkh", "nearest")
INTRODUCTION = """# Variants

Every preset of `nco.envs`: the process that policies act in, the distribution it is drawn from, and which solvers take
its problems as they are, with all constraints and the exact objective. A solver that does not, says which feature it
cannot honour (U302) instead of dropping it. Constraints carry the names of the checker's rules.

Presets on roads (`ratsp`, `rcvrp`, `rcvrptw`, their `_cluster` relatives, `roads`, which mixes them, and `rpvrp_p` and
`rpvrp_zc`, with preferences and zones) draw from a made-up town, or from the city of a file or the cities of a folder,
as in `rcvrp:city.npz`, wherever a preset is named:
`points` [P, 2] (latitude, longitude), `distance` [P, P] in km and `duration` [P, P] in minutes, from row to column.

This page is written by `python scripts/make_variants_page.py`; a test keeps it current.

"""


def page() -> str:
    """The page, from the presets themselves."""
    engines = {name: create(name, "cpu") for name in SOLVERS}
    rows = [("preset", "vehicles", "constraints", "objective", "distribution", *SOLVERS)]
    rows.append(("---",) * len(rows[0]))
    for name in PRESETS:
        chosen, drawn = preset(name), [p for seed in range(DRAWS) for p in problems(name, 6, DRAWN, seed)]
        rules = dict.fromkeys(constraint.rule for constraint in chosen.env.constraints)
        covered = ("no" if any(map(engine.unsupported, drawn)) else "yes" for engine in engines.values())
        kinds = max(len(problem.vehicle_types) for problem in drawn)
        rows.append((f"`{name}`", str(kinds), ", ".join(rules) or "none", chosen.env.objective,
                     type(chosen.generator).__module__.rpartition(".")[2], *covered))  # fmt: skip
    return INTRODUCTION + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
