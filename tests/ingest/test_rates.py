"""How often somebody may do something."""

import pytest

from ingest import rates
from ingest.rates import Rate, Rates


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_was_saved_up_goes_at_once_and_then_one_by_one() -> None:
    clock = Seconds()
    bucket = Rates(Rate(per_s=2.0, at_once=10), clock)
    assert [bucket.take("a") for _ in range(10)] == [0.0] * 10
    assert bucket.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.take("a") == 0.0
    assert bucket.take("a") > 0.0
    assert bucket.take("b") == 0.0, "another has a bucket of its own"


def test_who_is_refused_does_not_wait_the_longer_for_asking() -> None:
    clock = Seconds()
    bucket = Rates(Rate(per_s=1.0, at_once=1), clock)
    assert bucket.take("a") == 0.0
    assert {bucket.take("a") for _ in range(100)} == {1.0}
    clock.now += 1.0
    assert bucket.take("a") == 0.0


def test_a_gateway_has_the_tokens_of_all_that_it_speaks_for() -> None:
    bucket = Rates(Rate(per_s=1.0, at_once=10), Seconds())
    assert [bucket.take("gateway", 500) for _ in range(5000)] == [0.0] * 5000
    assert bucket.take("gateway", 500) > 0.0


def test_made_up_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_REMEMBERED", 100)
    clock = Seconds()
    bucket = Rates(Rate(per_s=1.0, at_once=5), clock)
    for number in range(1000):
        bucket.take(number)
        assert len(bucket._full_at) <= 101
    clock.now += 10
    for number in range(200):
        bucket.take(number)
    assert len(bucket._full_at) <= 101
