"""Stretches of time in which somebody had devices: as one table, for one statement of them all."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from app.storage.types import Id, Instant, to_us

HOUR: Final = dt.timedelta(hours=1)


class Stretch(NamedTuple):
    """An officer had a device from `start` until before `end`."""

    device: int
    start: dt.datetime
    end: dt.datetime


def merged(found: Iterable[Stretch]) -> list[Stretch]:
    """The same time, by device and start, with none of it twice."""
    apart: list[Stretch] = []
    for one in sorted(found):
        if one.start >= one.end:
            continue
        if apart and apart[-1].device == one.device and one.start <= apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, one.end))
        else:
            apart.append(one)
    return apart


def listed(dialect: str, mine: Sequence[Stretch]) -> sa.FromClause:
    """A table of them: device, start, end; the end in microseconds, and an hour before the start.

    These are `end_us` and `hour`.
    """
    kinds: dict[str, TypeEngine[Any]] = {
        "device": Id,
        "start": Instant(),
        "end": Instant(),
        "end_us": Id,
        "hour": Instant(),
    }
    rows = [(*one, to_us(one.end), one.start - HOUR) for one in mine]
    if dialect == "sqlite":
        plain = [(d, to_us(start), to_us(end), us, to_us(hour)) for d, start, end, us, hour in rows]
        value = sa.func.json_each(json.dumps(plain)).table_valued("value").c.value
        return sa.select(
            *(
                sa.type_coerce(sa.func.json_extract(value, f"$[{at}]"), kind).label(name)
                for at, (name, kind) in enumerate(kinds.items())
            )
        ).subquery("mine")
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    arrays = [
        sa.literal(list(column), ARRAY(kind))
        for column, kind in zip(columns, kinds.values(), strict=True)
    ]
    named = [sa.column(name, kind) for name, kind in kinds.items()]
    return sa.func.unnest(*arrays).table_valued(*named, name="mine").render_derived()
