"""How wrong a device's clock is, from when its fixes came."""

from typing import Final, NamedTuple

import numpy as np

from app.observing.track import SECOND_US, Track

FEWEST_MESSAGES: Final = 5
"""Of fewer nothing can be said."""
GPS_WEEKS_S: Final = 1024 * 7 * 86_400
"""A receiver that counts weeks in ten bits is so far behind once they have run over."""

_DAY_S: Final = 86_400
_HALF_HOUR_S: Final = 1800
_FARTHEST_ZONE_S: Final = 14 * 3600
_ZONE_SLACK_S: Final = 120  # what a message may take on its way
_AHEAD_S: Final = -2  # nothing comes before it is sent: more than rounding to whole seconds
_LATE_S: Final = 60


class Clock(NamedTuple):
    """How long (seconds) after its time by the device's clock a fix comes that is sent at once.

    Below 0 the clock is ahead. `spread_s` is how much that differs: 10 % to 90 %. `wrong` says what
    is amiss; None: nothing.
    """

    error_s: float
    spread_s: float
    wrong: str | None


def clock(track: Track) -> Clock | None:
    """Compares the freshest fix of each message with when it came; None with too few messages.

    Devices store fixes and send them late, so it is the promptest tenth of the messages that
    tells of the clock, not the mean.
    """
    order = np.lexsort((-track.time_us, track.received_us))
    received_us, time_us = track.received_us[order], track.time_us[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = received_us[1:] != received_us[:-1]
    late_s = (received_us[first] - time_us[first]) / SECOND_US
    if len(late_s) < FEWEST_MESSAGES:
        return None
    error_s, most_s = np.percentile(late_s, [10, 90]).tolist()
    return Clock(error_s, most_s - error_s, _wrong(error_s, most_s - error_s))


def _wrong(error_s: float, spread_s: float) -> str | None:
    weeks = round(error_s / GPS_WEEKS_S)
    if weeks and abs(error_s - weeks * GPS_WEEKS_S) < _DAY_S:
        return f"its clock is {weeks * 1024} weeks behind: the GPS week counter has rolled over"
    zone_s = round(error_s / _HALF_HOUR_S) * _HALF_HOUR_S
    near = abs(error_s - zone_s) <= _ZONE_SLACK_S and spread_s <= _ZONE_SLACK_S
    if near and 0 < abs(zone_s) <= _FARTHEST_ZONE_S:
        side = "behind" if zone_s > 0 else "ahead"
        return (
            f"its clock is {abs(zone_s) / 3600:g} h {side}: it sends local time, or its time zone"
            " is wrong"
        )
    if error_s < _AHEAD_S:
        return f"its clock is {_span(-error_s)} ahead"
    if error_s > _LATE_S:
        late = _span(error_s)
        if spread_s <= _LATE_S:
            return f"its clock is {late} behind, or all that it sends is that late"
        return f"nothing that it sends comes sooner than after {late}"
    return None


def _span(seconds: float) -> str:
    for size, unit in ((_DAY_S, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
