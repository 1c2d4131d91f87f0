"""Which fixes cannot be true, decided on columns: no clock, no database."""

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest import moment
from ingest.columns import Columns

MAX_AHEAD_US: Final = 5 * 60 * moment.SECOND_US
"""How far a device's clock may run ahead of ours."""

YEAR_2000_US: Final = 946_684_800 * moment.SECOND_US  # no device is older than that
_MAX_LAT: Final = 90.0
_MAX_LON: Final = 180.0


class Verdict(IntEnum):
    """What became of a fix: the first two are stored ones, all others are reasons to reject.

    The last two are not the sender's fault: the force keeps no such fixes.
    """

    STORED = 0
    DUPLICATE = 1
    NOT_FINITE = 2
    OUT_OF_RANGE = 3
    NULL_ISLAND = 4
    ANCIENT = 5
    FUTURE = 6
    PAST_RETENTION = 7
    OFF_DUTY = 8
    FAR = 9

    @property
    def reason(self) -> str:
        """Give its name as receipts and counters write it."""
        return self.name.lower()


def screen(
    columns: Columns, *, max_ahead_us: int = MAX_AHEAD_US, max_age_us: int | None = None
) -> npt.NDArray[np.uint8]:
    """Give a Verdict per fix (uint8[n]): STORED where nothing speaks against storing it.

    `max_age_us` is how old one may be on arrival; None: no limit.
    """
    lat, lon, time_us = columns.lat, columns.lon, columns.time_us
    verdicts = np.zeros(columns.n, np.uint8)
    # Written from the least to the most telling reason: where two hold, the later line stays.
    if max_age_us is not None:
        # Its neighbours in time may be gone: what it would say of a visit could not be trusted.
        verdicts[time_us < columns.received_us - max_age_us] = Verdict.PAST_RETENTION
    verdicts[time_us > columns.received_us + max_ahead_us] = Verdict.FUTURE
    verdicts[time_us < YEAR_2000_US] = Verdict.ANCIENT
    # Exactly (0, 0) is what a receiver without a fix sends; one coordinate of 0 is a place.
    verdicts[(lat == 0.0) & (lon == 0.0)] = Verdict.NULL_ISLAND
    verdicts[(np.abs(lat) > _MAX_LAT) | (np.abs(lon) > _MAX_LON)] = Verdict.OUT_OF_RANGE
    verdicts[~(np.isfinite(lat) & np.isfinite(lon))] = Verdict.NOT_FINITE
    return verdicts


def explain(verdict: Verdict, *, time_us: int, received_us: int, lat: float, lon: float) -> str:
    """Say in one sentence what is wrong with a fix that was given `verdict`."""
    when, where = f"time: {moment.as_text(time_us)}", f"lat, lon: ({lat:.9g}, {lon:.9g})"
    match verdict:
        case Verdict.FUTURE:
            ahead = moment.span_text(time_us - received_us)
            wrong = f"{when} is {ahead} ahead of the server's clock"
        case Verdict.PAST_RETENTION:
            age = moment.span_text(received_us - time_us)
            wrong = f"{when} is {age} ago, older than fixes may be when they come"
        case Verdict.OFF_DUTY:
            wrong = f"{when} is of no duty time of whoever had the device: nothing is kept"
        case Verdict.FAR:
            wrong = f"{when}: it is far from every hot spot, so that where is not kept"
        case Verdict.ANCIENT:
            wrong = f"{when} is before the year 2000"
        case Verdict.NULL_ISLAND:
            wrong = "lat, lon: exactly (0, 0), which is what a receiver without a fix reports"
        case Verdict.OUT_OF_RANGE:
            wrong = f"{where} is outside -90..90, -180..180 degrees"
        case Verdict.NOT_FINITE:
            wrong = f"{where} is not a pair of numbers"
        case _:
            wrong = f"{verdict.reason}: the fix is stored"
    return wrong
