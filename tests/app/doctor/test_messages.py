import datetime as dt

import pytest

from app.doctor.messages import RADIO, Whereabouts, media_type, message
from app.storage.types import to_us
from ingest.decoders import DECODERS

NOW = dt.datetime(2026, 3, 1, 21, 4, 5, tzinfo=dt.UTC)
UNDATED = {"lip", "tetra"}
RADIOS = {"taip", "tetra", "lip", "lrrp", "hytera"}


@pytest.mark.parametrize("place", [(45.0123, -35.0456), (-31.5, 101.25)])
@pytest.mark.parametrize("format_", DECODERS)
def test_each_message_says_who_was_where_and_when(format_: str, place: tuple[float, float]) -> None:
    at = Whereabouts("beatkeeper-doctor", NOW, *place)
    received_us = to_us(NOW) + 4_000_000
    decoded = DECODERS[format_](message(format_, at), received_us)
    assert decoded.rejected == []
    [fix] = decoded.fixes
    assert (fix.lat, fix.lon) == pytest.approx(place, abs=2e-5)
    assert fix.time_us == (received_us if format_ in UNDATED else to_us(NOW))
    assert fix.device in ({RADIO} if format_ in RADIOS else {None, "beatkeeper-doctor"})
    assert fix.event is None
    assert "/" in media_type(format_)
