"""Who sends too often is turned away, counted, and told of once a minute."""

import pytest

from ingest.errors import TooOften
from ingest.rates import EACH_MINUTE, Rate, Rates
from ingest.sender import Sender
from ingest.turnstile import Turnstile


def admitted(turnstile: Turnstile, sender: Sender, times: int) -> int:
    """How many of so many messages are let in."""
    many = 0
    for _ in range(times):
        try:
            turnstile.admit(sender)
        except TooOften:
            continue
        many += 1
    return many


def test_who_sends_too_often_is_counted_and_told_of_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s, refused = 1000.0, list[int]()
    messages = Rates(Rate(per_s=1.0, at_once=3), lambda: now_s)
    turnstile = Turnstile(messages, Rates(EACH_MINUTE, lambda: now_s), refused.append)
    radio, other = Sender("radio-7", 7, number=7), Sender("radio-8", 8, number=8)
    assert admitted(turnstile, radio, 10) == 3
    assert admitted(turnstile, other, 3) == 3
    assert refused == [7] * 7
    assert len(caplog.records) == 1
    now_s += 60
    assert admitted(turnstile, radio, 3) == 3
    with pytest.raises(TooOften, match="'radio-7' sends more often") as told:
        turnstile.admit(radio)
    assert told.value.retry_after_s == 1
    assert len(caplog.records) == 2


def test_a_gateway_sends_as_often_as_all_its_devices_and_not_as_its_addresses() -> None:
    messages = Rates(Rate(per_s=1.0, at_once=10), lambda: 0.0)
    turnstile = Turnstile(messages, Rates(EACH_MINUTE, lambda: 0.0))
    called = {"a": 1, "2167": 1, "dmr:1": 1, "b": 2}
    assert admitted(turnstile, Sender("g1", None, called, devices=2), 100) == 20
