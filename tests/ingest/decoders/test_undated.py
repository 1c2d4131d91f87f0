from ingest.decoders import undated
from ingest.decoders.staleness import STALE_ACCURACY_M
from ingest.fix import Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000


def fix(lat: float, device: str = "r1", time_us: int = NOW, accuracy_m: float = 2.0) -> Fix:
    return Fix(time_us, lat, 0.1, accuracy_m, device=device)


def ordered(*fixes: Fix) -> list[Fix]:
    indexes = tuple(range(len(fixes)))
    decoded = undated.in_order(Decoded(fixes, indexes), NOW)
    assert decoded.indexes == indexes
    return list(decoded.fixes)


def test_of_a_radios_undated_positions_the_last_counts_and_all_are_kept_in_their_order() -> None:
    assert ordered(fix(51.1), fix(51.2), fix(51.3)) == [
        fix(51.1, time_us=NOW - 2, accuracy_m=STALE_ACCURACY_M),
        fix(51.2, time_us=NOW - 1, accuracy_m=STALE_ACCURACY_M),
        fix(51.3),
    ]


def test_another_radio_s_or_a_dated_position_does_not_make_one_stale() -> None:
    alone = [fix(51.1), fix(51.2, "r2"), fix(51.3, time_us=NOW - 60_000_000)]
    assert ordered(*alone) == alone


def test_a_report_sent_again_is_the_same_report() -> None:
    assert ordered(fix(51.1), fix(51.1)) == [fix(51.1), fix(51.1)]
