"""How `beatkeeper suggest` says what it found: a table and sentences, or JSON for programs."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.places.advice import Advice
from app.places.checks import Caution, Spots, told
from app.places.drawn import Held
from app.places.ranking import Ranking
from app.places.stability import Stability

MOST_SHOWN = 10  # cautions of a kind; --json gives all


def show(console: Console, advice: Advice) -> None:
    """Says what is suggested, how good it is and what to look at."""
    console.print(_table(advice))
    for line in (*_curve(advice.ranking, advice), *stability_words(advice.stability)):
        console.print(line)
    show_notes(console, advice.notes)
    show_cautions(console, advice.cautions)


def show_notes(console: Console, notes: Sequence[str]) -> None:
    """Says what is to be known."""
    for note in notes:
        console.print(Text(f"note: {note}"))


def show_cautions(console: Console, cautions: Sequence[Caution]) -> None:
    """Says what to look at; of each kind the first few."""
    for line in told(cautions, MOST_SHOWN):
        console.print(Text(f"look at: {line}"))


def show_held(console: Console, spots: Spots, held: Held, notes: Sequence[str]) -> None:
    """Says what crime hot spots hold, the one with least last, beside what as much ground could."""
    table = Table(box=box.SIMPLE, padding=(0, 1), show_edge=False)
    table.add_column("hot spot", no_wrap=True)
    table.add_column("share of crime", justify="right")
    order = sorted(range(len(spots.keys)), key=lambda i: (-held.each[i], i))
    for i in order:
        table.add_row(Text(spots.keys[i]), f"{held.each[i]:.1%}")
    console.print(table)
    console.print(
        f"Together they hold {held.together:.1%} of crime with a place, on"
        f" {held.area_m2 / 1e6:.2f} km². The first {held.cells} cells cover as much ground and hold"
        f" {held.best:.1%}."
    )
    show_notes(console, notes)


def document(advice: Advice) -> dict[str, object]:
    """The advice for programs; shares of 0 to 1."""
    steady = advice.stability
    return {
        "crimes": len(advice.chosen.crimes),
        "placed": int(advice.chosen.crimes.placed.sum()),
        "weight": round(advice.ranking.total, 6),
        "cells": len(advice.ranking),
        "cell_m2": round(advice.grid.area_m2, 1),
        "curve": [point._asdict() for point in advice.curve],
        "stability": {
            "verdict": steady.verdict,
            "unknown": steady.unknown or None,
            "kept": round(steady.kept, 6) if steady.steps else None,
            "chance": round(steady.chance, 6),
            "period": steady.period,
            "top": steady.top,
            "steps": [
                {
                    **step._asdict(),
                    "before": step.before.isoformat(),
                    "after": step.after.isoformat(),
                }
                for step in steady.steps
            ],
        },
        "suggestions": [
            {
                "id": one.key,
                "name": one.name,
                "rank": one.rank,
                "crimes": one.crimes,
                "weight": one.weight,
                "share": one.share,
                "points": one.points,
                "on_one_point": one.on_one_point,
                "neighbours": one.neighbours,
            }
            for one in advice.found
        ],
        "cautions": caution_rows(advice.cautions),
        "notes": advice.notes,
    }


def caution_rows(cautions: Sequence[Caution]) -> list[dict[str, object]]:
    """Cautions for programs."""
    return [{"kind": one.kind, "about": list(one.about), "says": one.says} for one in cautions]


def _table(advice: Advice) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1), show_edge=False)
    table.add_column("", justify="right")
    table.add_column("hot spot", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    for head in ("crimes", "weight", "share", "points"):
        table.add_column(head, justify="right")
    for one in advice.found:
        points = f"* {one.points}" if one.on_one_point else str(one.points)
        numbers = str(one.crimes), f"{one.weight:,.6g}", f"{one.share:.1%}", points
        # Text: what a file holds is no markup.
        table.add_row(str(one.rank), one.key, Text(one.name), *numbers)
    return table


def _curve(ranking: Ranking, advice: Advice) -> Iterator[str]:
    crimes = advice.chosen.crimes
    yield (
        f"{len(crimes)} crimes, {int(crimes.placed.sum())} of them with a place, in"
        f" {len(ranking)} cells of {advice.grid.area_m2 / 10_000:.2f} ha."
    )
    for point in advice.curve:
        yield (
            f"The first {point.top:>3} hold {point.of_placed:5.1%} of the weight of crime with a"
            f" place ({point.of_all:.1%} of all), on {point.of_area:.1%} of the ground with any."
        )


def stability_words(found: Stability) -> list[str]:
    """Whether the ranking holds, with the figures that say so."""
    if not found.steps:
        return [f"Nothing can be said of whether the ranking holds: {found.unknown}."]
    steps = found.steps
    count = len(steps)
    overlap = sum(step.overlap for step in steps) / count
    held = sum(step.held for step in steps) / count
    best = sum(step.best for step in steps) / count
    known = [step.correlation for step in steps if step.correlation is not None]
    order = f", in an order that correlates by {sum(known) / len(known):.2f}" if known else ""
    once = f"{count} step{'' if count == 1 else 's'} from one {found.period} to the next"
    return [
        (
            f"The ranking is {found.verdict} ({once}): on average the first {found.top} of a"
            f" {found.period} held {held:.1%} of the crime of the next, where the best choice would"
            f" have held {best:.1%} and chance {found.chance:.1%}: {found.kept:.0%} of what could"
            f" be gained. {overlap:.0%} of them stayed among the first{order}."
        )
    ]
