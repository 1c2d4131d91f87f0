import pytest

from ingest.allowance import OF_ALL, OF_ONE, Allowance

NOW_US = 1_772_399_045_000_000
MINUTE_US = 60_000_000


def kept(allowance: Allowance, origin: str, times: int, at_us: int = NOW_US) -> int:
    """How many of so many broken messages are kept."""
    return sum(allowance.take(origin, at_us) for _ in range(times))


def test_a_few_of_each_sender_are_kept_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    allowance = Allowance()
    assert kept(allowance, "radio-7", 1000) == OF_ONE
    assert kept(allowance, "radio-8", 5) == 5
    assert kept(allowance, "radio-7", 1000, NOW_US + MINUTE_US) == OF_ONE
    assert kept(allowance, "radio-7", 1000) == 0  # the spool has some of that minute yet
    assert [record.args for record in caplog.records] == [(OF_ONE, "'radio-7'")] * 2


def test_senders_that_are_made_up_do_not_fill_the_disk(caplog: pytest.LogCaptureFixture) -> None:
    allowance = Allowance()
    assert sum(kept(allowance, f"topic-{number}", 1) for number in range(20_000)) == OF_ALL
    assert len(allowance._kept) <= OF_ALL + 1
    assert [record.args for record in caplog.records] == [(OF_ALL, "all senders")]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.allowance._MOST_REMEMBERED", 50)
    allowance = Allowance()
    for minute in range(100):
        assert kept(allowance, f"radio-{minute}", 1, NOW_US + minute * MINUTE_US) == 1
    assert len(allowance._kept) <= 50


def test_what_could_not_be_kept_takes_no_room() -> None:
    allowance = Allowance()
    assert kept(allowance, "radio-7", OF_ONE + 1) == OF_ONE
    allowance.give_back("radio-7", NOW_US)
    allowance.give_back("radio-8", NOW_US)  # forgotten meanwhile
    assert kept(allowance, "radio-7", 2) == 1
