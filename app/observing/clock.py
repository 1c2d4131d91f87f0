"""How wrong a device's clock is, and how late it sends, from when its fixes came."""

from typing import Final, NamedTuple

import numpy as np

from app.observing.track import SECOND_US, Track

FEWEST_MINUTES: Final = 5
"""Of messages of fewer different minutes nothing can be said: all may be one queue, sent late."""
GPS_WEEKS_S: Final = 1024 * 7 * 86_400
"""A receiver that counts weeks in ten bits is so far behind once they have run over."""

_DAY_S: Final = 86_400
_HALF_HOUR_S: Final = 1800
_FARTHEST_ZONE_S: Final = 14 * 3600
_ZONE_SLACK_S: Final = 120  # what a message may take on its way
_AHEAD_S: Final = -2  # nothing comes before it is sent: more than rounding to whole seconds
_LATE_S: Final = 60
_STEADY_S: Final = 60


class Clock(NamedTuple):
    """How long (seconds) after its time by the device's clock a fix comes that is sent at once.

    Below 0 the clock is ahead. `spread_s` is how much longer nine messages in ten take at most, and
    `half_s` how long half of them take: a device that sends late has it large, and its clock may be
    right. `wrong` says what is amiss with the clock; None: nothing.
    """

    error_s: float
    spread_s: float
    half_s: float
    wrong: str | None


def clock(track: Track) -> Clock | None:
    """Compares the freshest fix of each message with when it came; None with too few messages.

    Devices store fixes and send them late: a clock can be no further behind than the promptest of
    all messages shows. It is ahead where the promptest tenth comes before its time.
    """
    order = np.lexsort((-track.time_us, track.received_us))
    received_us, time_us = track.received_us[order], track.time_us[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = received_us[1:] != received_us[:-1]
    late_s = (received_us[first] - time_us[first]) / SECOND_US
    if len(np.unique(received_us // (60 * SECOND_US))) < FEWEST_MINUTES:
        return None
    tenth_s, half_s, most_s = np.percentile(late_s, [10, 50, 90]).tolist()
    error_s = min(tenth_s, max(float(late_s.min()), 0.0))
    # What is sent late is never late alike; a clock is always off by the same.
    steady = half_s - error_s <= _STEADY_S
    return Clock(error_s, most_s - error_s, half_s, _wrong(error_s, steady=steady))


def _wrong(error_s: float, *, steady: bool) -> str | None:
    weeks = round(error_s / GPS_WEEKS_S)
    if weeks and abs(error_s - weeks * GPS_WEEKS_S) < _DAY_S:
        return f"its clock is {weeks * 1024} weeks behind: the GPS week counter has rolled over"
    zone_s = round(error_s / _HALF_HOUR_S) * _HALF_HOUR_S
    near = abs(error_s - zone_s) <= _ZONE_SLACK_S and steady
    if near and 0 < abs(zone_s) <= _FARTHEST_ZONE_S:
        side = "behind" if zone_s > 0 else "ahead"
        return (
            f"its clock is {abs(zone_s) / 3600:g} h {side}: it sends local time, or its time zone"
            " is wrong"
        )
    if error_s < _AHEAD_S:
        return f"its clock is {span(-error_s)} ahead"
    if error_s > _LATE_S and steady:
        return f"its clock is {span(error_s)} behind, or all that it sends is that late"
    return None


def span(seconds: float) -> str:
    """A length of time in words: "7 s", "12 min"."""
    for size, unit in ((_DAY_S, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
