import pytest
from compliance_rows import MINUTE, Visit, account_of, by_hotspot, cells, everything

from app.compliance.recency import Recency

WINDOWS = cells((1, 0, 480, 2), (2, 0, 480, 1), (3, 0, 480, 1))
DONE = (
    Visit(1, 1, 10, 22),
    Visit(1, 1, 100, 112),  # the last at hot spot 1
    Visit(1, 1, 200, 205),  # does not qualify
    Visit(1, 2, 300, 330),
    Visit(1, 3, 481, 500),  # after its window
)


def test_it_is_the_time_since_the_last_qualifying_patrol_of_each_hot_spot() -> None:
    account = account_of(WINDOWS, *DONE, as_at_us=400 * MINUTE)
    (found,) = account.figures(everything(WINDOWS))
    assert found.recency == Recency((288 + 70) / 2, 288, 2, 1)
    by_spot = [figures.recency for figures in account.figures(by_hotspot(WINDOWS))]
    assert by_spot == [Recency(288, 288, 1, 0), Recency(70, 70, 1, 0), Recency(None, None, 0, 1)]


@pytest.mark.parametrize(("minute", "since"), [(310, 0), (330, 0), (331, 1)])
def test_a_patrol_that_still_lasts_ended_no_time_ago(minute: int, since: float) -> None:
    account = account_of(WINDOWS, *DONE, as_at_us=minute * MINUTE)
    assert account.figures(by_hotspot(WINDOWS))[1].recency.mean_minutes == since


def test_of_no_hot_spots_there_is_no_recency() -> None:
    nothing = cells()
    (found,) = account_of(nothing).figures(everything(nothing))
    assert found.recency == Recency(None, None, 0, 0)
