"""That a device was with somebody at a moment: who may see what it did then."""

import datetime as dt
from typing import NamedTuple

import sqlalchemy as sa

from app.storage.knowledge import known_at
from app.storage.schema import assignments


class Carrier(NamedTuple):
    """An officer who had a device at a moment."""

    officer_id: int
    number: str
    team_id: int | None


def held_at(
    device: sa.ColumnElement[int],
    moment: sa.ColumnElement[dt.datetime],
    as_at: dt.datetime | None = None,
) -> sa.ColumnElement[bool]:
    """That an assignment is of this device and this moment, as it is known now or was `as_at`."""
    known = assignments.c.known_to.is_(None) if as_at is None else known_at(assignments, as_at)
    return sa.and_(
        assignments.c.device_id == device,
        assignments.c.start <= moment,
        sa.or_(assignments.c.end.is_(None), moment < assignments.c.end),
        known,
    )


def carried(
    device: sa.ColumnElement[int],
    moment: sa.ColumnElement[dt.datetime],
    officers: sa.Select[tuple[int]],
    as_at: dt.datetime | None = None,
) -> sa.ColumnElement[bool]:
    """That the device was then with one of these officers, by their ids."""
    mine = held_at(device, moment, as_at)
    return sa.exists().where(mine, assignments.c.officer_id.in_(officers))
