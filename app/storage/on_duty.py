"""Which fixes are of officers on duty: by who carried the device then, as it is known now."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage import columnar
from app.storage.engine import Reader
from app.storage.schema import assignments, duty_times
from app.storage.types import from_us
from geofence.runs import expand

# Stands in a column for "until further notice".
_UNENDED = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


async def says(
    reader: Reader, device: npt.NDArray[np.int64], time_us: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Say for each of n fixes, by device and time, if who had the device was on duty; bool[n].

    Nobody is on duty with a device that nobody has.
    """
    if not len(device):
        return np.zeros(0, np.bool_)
    devices = np.unique(device)
    found = await columnar.columns(
        reader,
        _stretches(devices.tolist(), from_us(int(time_us.min())), from_us(int(time_us.max()))),
    )
    order = np.argsort(found["device_id"], kind="stable")
    begin = np.searchsorted(found["device_id"][order], device)
    end = np.searchsorted(found["device_id"][order], device, "right")
    fix, step = expand(end - begin)
    row = order[begin[fix] + step]
    time = time_us[fix]
    within = (found["duty_start"][row] <= time) & (time < found["duty_end"][row])
    within &= (found["start"][row] <= time) & (time < found["until"][row])
    return np.bincount(fix, within, len(device)) > 0


def _stretches(
    devices: list[int], first: dt.datetime, last: dt.datetime
) -> sa.Select[tuple[int, dt.datetime, dt.datetime, dt.datetime, dt.datetime]]:
    """Who had these devices between two moments, and when those were on duty."""
    a, d = assignments.c, duty_times.c
    until = sa.func.coalesce(a.end, sa.literal(_UNENDED, a.end.type), type_=a.end.type)
    return (
        sa.select(
            a.device_id,
            a.start,
            until.label("until"),
            d.start.label("duty_start"),
            d.end.label("duty_end"),
        )
        .join_from(assignments, duty_times, d.officer_id == a.officer_id)
        .where(
            a.known_to.is_(None),
            d.known_to.is_(None),
            a.device_id.in_(devices),
            a.start <= last,
            sa.or_(a.end.is_(None), a.end > first),
            d.start <= last,
            d.end > first,
        )
    )
