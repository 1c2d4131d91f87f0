"""A seed is a shift: the same one again, and another one for another seed."""

from datetime import UTC, date, datetime

from simulator import make


def test_the_same_seed_gives_the_same_shift_to_the_byte() -> None:
    one, other = make(5, date(2026, 3, 6)), make(5, date(2026, 3, 6))
    assert one.messages == other.messages
    assert one.hotspots == other.hotspots
    assert one.truth == other.truth
    assert one.devices == other.devices


def test_another_seed_gives_another_town_and_another_shift() -> None:
    one, other = make(5, date(2026, 3, 6)), make(6, date(2026, 3, 6))
    assert one.hotspots != other.hotspots
    assert one.truth.visits != other.truth.visits


def test_the_shift_begins_at_three_in_the_afternoon_by_the_clocks_of_the_day() -> None:
    assert make(5, date(2026, 1, 9)).start == datetime(2026, 1, 9, 15, tzinfo=UTC)
    assert make(5, date(2026, 7, 10)).start == datetime(2026, 7, 10, 14, tzinfo=UTC)


def test_every_officer_carries_one_device_and_the_truth_is_told_by_device() -> None:
    made = make(5, date(2026, 3, 6))
    assert {device.officer for device in made.devices} == {
        officer.name for officer in made.officers
    }
    assert {visit.device for visit in made.truth.visits} == {d.name for d in made.devices}
    assert len(made.truth.patrols) == 20
