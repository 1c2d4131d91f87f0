"""Who was turned away lately is told of, whatever for."""

import datetime as dt

import pytest

from app.doctor.finding import Status
from app.doctor.kept import check_refused
from app.storage.directory import Why
from app.storage.refusals import Turned

HOUR = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("why", Why)
def test_a_device_that_is_turned_away_is_to_look_at_and_strangers_are_a_number(why: Why) -> None:
    device = None if why is Why.STRANGER else "phone-03"
    [found] = check_refused([Turned(HOUR, "", device, why, 240)], 24.0)
    assert found.status is (Status.NOTE if device is None else Status.LOOK)
    assert "turned away 240 times" in found.says


def test_that_nobody_was_turned_away_is_said() -> None:
    [found] = check_refused([], 24.0)
    assert (found.status, "Nobody" in found.says) == (Status.OK, True)
