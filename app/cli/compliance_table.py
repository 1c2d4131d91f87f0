"""How the demonstration shows what the service says of the plan, true patrols beside it."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from simulator.truth import Truth

Figures = Mapping[str, Any]


def compliance_table(answer: Figures, truth: Truth) -> Table:
    """Coverage and compliance by hot spot and in total, the true patrols beside them."""
    title = f"Compliance, {answer['from']}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("hot spot", no_wrap=True)
    for head in ("patrols", "10+ min", "truly", "minutes", "mean", "covered", "unsure"):
        table.add_column(head, justify="right")
    for row in answer["rows"]:
        cells = _cells(row, truth.patrols[row["hotspot"]])
        table.add_row(f"{row['hotspot']} {row['name']}", *cells, _covered(row), _uncertain(row))
    total = answer["total"]
    table.add_section()
    cells = _cells(total, sum(truth.patrols.values()))
    table.add_row("total", *cells, _share(total["coverage"]), _uncertain(total))
    return table


def compliance_lines(answer: Figures, truth: Truth) -> str:
    """The figures of compliance, always together, and the coverage that was true."""
    total = answer["total"]
    mean = total["mean_patrol_minutes"]
    coverage = (
        f"Coverage {_ranged(total['coverage'])}, target {answer['coverage_target']:.0%},"
        f" truly {truth.coverage:.0%}."
    )
    compliance = (
        f"Compliance: cells {_ranged(total['compliance_cells'])},"
        f" patrols {_ranged(total['compliance_patrols'])},"
        f" minutes {_ranged(total['compliance_minutes'])},"
        f" mean qualifying patrol {_number(mean['value'])} min (n = {mean['n']})."
    )
    more = (
        f"Person-hours {total['person_hours']:.1f}; pass-throughs {total['pass_throughs']};"
        f" visits still open {answer['open_visits']}; dwell method {answer['method']}."
    )
    return f"{coverage}\n{compliance}\n{more}"


def _cells(row: Figures, truly: int) -> tuple[str, ...]:
    return (
        str(row["patrols"]),
        str(row["patrols_qualifying"]),
        str(truly),
        f"{row['patrol_minutes']:.0f}",
        _number(row["mean_patrol_minutes"]["value"]),
    )


def _covered(row: Figures) -> str:
    return "yes" if row["cells_covered"] else "no"


def _uncertain(row: Figures) -> str:
    return str(row["cells_uncertain"] or "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _share(share: Figures) -> str:
    return "-" if share["value"] is None else f"{share['value']:.0%}"


def _ranged(share: Figures) -> str:
    if share["low"] is None:
        return "nothing was required"
    value = "not measurable" if share["value"] is None else _share(share)
    return f"{value} ({share['low']:.0%} to {share['high']:.0%}, n = {share['n']:g})"
