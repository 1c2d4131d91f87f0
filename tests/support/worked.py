"""The worked examples of docs/definitions.md: its tables, and the small worlds they tell of.

A comment before a table says what it is: `<!-- evening: visits -->`,
or `<!-- edge: figures by shift -->`.
"""

import ast
import datetime as dt
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from plainworld import MINUTE, Away, Carried, Dark, Duty, Near, Person, Stay, World

from app.compliance.groups import Grouping
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window

TEXT = (Path(__file__).parents[2] / "docs/definitions.md").read_text(encoding="utf-8")
DAY = dt.date(2026, 1, 16)
SPOTS = {"north": 1, "market": 2, "station": 3}
DEVICES = {"R1": 1, "R2": 2, "P1": 3}
OFFICERS = {"Ahmed": 1, "Baker": 2, "Clarke": 3}
TEAMS = {"Response": 1, "Wardens": 2}
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Table:
    """A table of the page: whose world, what it holds, and its rows by column."""

    world: str
    kind: str
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Claim:
    """A figure of a world as the page has it: of which group, worked out, and as it is printed."""

    world: str
    by: Grouping
    key: str
    figure: str
    worked: str
    printed: str

    @property
    def value(self) -> float | None:
        """What the arithmetic comes to; None where nothing could be measured."""
        if self.worked == "not measurable":
            return None
        return _reckon(
            ast.parse(self.worked.replace("\N{MULTIPLICATION SIGN}", "*"), mode="eval").body
        )

    @property
    def rounded(self) -> tuple[float, float] | None:
        """What is printed, and how far the figure may be from it."""
        found = re.fullmatch(r"(-?\d+(?:\.(\d+))?)( %)?", self.printed)
        if found is None:
            assert self.printed == "-"
            return None
        unit = 0.01 if found[3] else 1.0
        return float(found[1]) * unit, 0.501 * unit * 10.0 ** -len(found[2] or "")


def _reckon(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return float(_OPERATORS[type(node.op)](_reckon(node.left), _reckon(node.right)))
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int | float)
    return float(node.value)


def tables() -> Iterator[Table]:
    """All tables that a comment announces."""
    for found in re.finditer(r"<!-- (?:(\w+): )?(.+) -->\n\n((?:\|.*\n)+)", TEXT):
        head, _, *body = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in found[3].splitlines()
        )
        rows = tuple(dict(zip(head, line, strict=True)) for line in body)
        yield Table(found[1] or "", found[2], rows)


def claims() -> list[Claim]:
    """All figures that the page works out."""
    found = []
    for table in tables():
        if table.kind.startswith("figures"):
            by = cast("Grouping", table.kind.partition(" by ")[2] or "total")
            found += [
                Claim(
                    table.world,
                    by,
                    "" if by == "total" else next(iter(row.values())),
                    row["figure"].strip("`"),
                    row["worked out"],
                    row["result"],
                )
                for row in table.rows
            ]
    return found


def rows_of(world: str, kind: str) -> tuple[dict[str, str], ...]:
    """The rows of one table."""
    return next(table.rows for table in tables() if (table.world, table.kind) == (world, kind))


def _plan() -> Plan:
    """The plan of the evening."""
    windows = (
        Window("early", dt.time(18), dt.time(20), patrols=2),
        Window("late", dt.time(20), dt.time(22)),
    )
    return Plan(
        key="evening",
        name="Evening",
        windows=windows,
        first_day=DAY,
        last_day=DAY,
        hotspots=frozenset(SPOTS.values()),
        keys={number: key for key, number in SPOTS.items()},
    )


def worlds() -> dict[str, World]:
    """Every world of the page by its name, asked about at 23:00."""
    evening = _world(DAY, "evening", _plan())
    weights = {
        SPOTS[row["hot spot"]]: float(row["weight"]) for row in rows_of("weighted", "weights")
    }
    shared = Window("evening", dt.time(18), dt.time(22), patrols=10, by_weight=True)
    alone, monday = frozenset({SPOTS["north"]}), dt.date(2026, 1, 19)
    long = Window("day", dt.time(8), dt.time(20), patrols=3)
    daily = Window("early", dt.time(18), dt.time(20), weekdays=frozenset(range(5)))
    two_days = replace(
        _plan(),
        windows=(long,),
        first_day=monday,
        last_day=monday + dt.timedelta(days=1),
        hotspots=alone,
        minimum_minutes=15.0,
    )
    weeks = replace(
        _plan(), windows=(daily,), first_day=monday, last_day=dt.date(2026, 1, 30), hotspots=alone
    )
    return {
        "evening": evening,
        "nearby": replace(evening, near=tuple(_near(evening))),
        "watched": _watched(evening),
        "trial": replace(evening, plan=replace(_plan(), trial=DrawnTrial(seed=1, treated=2))),
        "unseen": replace(
            _watched(evening), plan=replace(_plan(), trial=ListedTrial(_but_station()))
        ),
        "weighted": replace(evening, plan=replace(_plan(), windows=(shared,), weights=weights)),
        "edge": replace(evening, stays=tuple(_stays(evening, "edge"))),
        "birmingham": _world(monday, "birmingham", two_days),
        "fortnight": _world(monday, "fortnight", weeks),
    }


def _but_station() -> dict[tuple[int, dt.date], bool]:
    """Which hot spots are under treatment if station is a control."""
    return {(spot, DAY): name != "station" for name, spot in SPOTS.items()}


def _world(date: dt.date, name: str, asked: Plan) -> World:
    world = World(
        date=date,
        plan=asked,
        spots=dict.fromkeys(SPOTS.values(), date),
        as_at=0,
        people={
            OFFICERS[row["officer"]]: Person(TEAMS[row["team"]], row["organisation"])
            for row in rows_of("evening", "officers")
        },
        kinds={DEVICES[row["carries"]]: row["kind"] for row in rows_of("evening", "officers")},
    )
    carried = (
        Carried(DEVICES[row["carries"]], OFFICERS[row["officer"]], *_times(world, row))
        for row in rows_of("evening", "officers")
    )
    return replace(
        world,
        as_at=world.at(asked.last_day or date, dt.time(23)),
        carried=tuple(carried),
        stays=tuple(_stays(world, name)),
    )


def _times(world: World, row: dict[str, str]) -> tuple[int, int]:
    return _time(world, row["from"]), _time(world, row["to"])


def _time(world: World, text: str, date: dt.date | None = None) -> int:
    return world.at(date or world.date, dt.time.fromisoformat(text))


def _stays(world: World, name: str) -> Iterator[Stay]:
    """Surely there but for half a minute at each end, which both were seen."""
    for row in rows_of(name, "visits"):
        date = dt.date.fromisoformat(row["day"]) if "day" in row else None
        enter, exit_ = _time(world, row["enter"], date), _time(world, row["exit"], date)
        assert float(row["minutes"]) == (exit_ - enter) / MINUTE
        yield Stay(
            DEVICES[row["device"]],
            SPOTS[row["hot spot"]],
            enter,
            exit_,
            sure=(enter + 1, exit_ - 1),
            outer=(enter - 1, exit_ + 1),
            brief=exit_ - enter < 2 * MINUTE,
        )


def _near(world: World) -> Iterator[Near]:
    for row in rows_of("nearby", "near"):
        yield Near(DEVICES[row["device"]], SPOTS[row["hot spot"]], *_times(world, row))


def _watched(world: World) -> World:
    duty = rows_of("watched", "duty")
    away = rows_of("watched", "abstractions")
    dark = rows_of("watched", "dark")
    return replace(
        world,
        duty=tuple(Duty(OFFICERS[row["officer"]], *_times(world, row)) for row in duty),
        away=tuple(
            Away(*_times(world, row), row["reason"], OFFICERS[row["officer"]]) for row in away
        ),
        dark=tuple(Dark(DEVICES[row["device"]], *_times(world, row)) for row in dark),
    )
