import numpy as np
import pytest
from msgspec.structs import replace

from ingest.columns import Columns, Delivery
from ingest.fix import Fix

FIRST = Delivery([Fix(1, 51.0, 0.1, 5.0), Fix(2, 52.0, 0.2)], [7, 8], 100, 0)
SECOND = Delivery([Fix(3, 53.0, 0.3, speed_mps=1.5, altitude_m=-3.0)], [9], 200, 1)


def test_deliveries_become_one_table_in_their_order() -> None:
    columns = Columns.of([FIRST, SECOND])
    assert columns.n == 3
    assert columns.device.tolist() == [7, 8, 9]
    assert columns.time_us.tolist() == [1, 2, 3]
    assert columns.received_us.tolist() == [100, 100, 200]
    assert columns.source.tolist() == [0, 0, 1]
    assert columns.lat.tolist() == [51.0, 52.0, 53.0]
    assert columns.lon.tolist() == [0.1, 0.2, 0.3]
    np.testing.assert_array_equal(columns.accuracy_m, [5.0, np.nan, np.nan])
    np.testing.assert_array_equal(columns.speed_mps, [np.nan, np.nan, 1.5])
    np.testing.assert_array_equal(columns.altitude_m, [np.nan, np.nan, -3.0])


@pytest.mark.parametrize(
    ("name", "impossible"),
    [
        ("accuracy_m", [-1.0, float("nan"), float("inf"), 1e38]),
        ("speed_mps", [-1.0, float("inf"), 65_535.0]),
        ("heading_deg", [-1.0, 361.0, float("nan")]),
        ("altitude_m", [float("-inf"), -32_768.0, 1e9]),
        ("battery_pct", [-1.0, 255.0]),
    ],
)
def test_a_side_value_that_cannot_be_true_is_unknown(name: str, impossible: list[float]) -> None:
    fixes = [replace(FIRST.fixes[1], **{name: value}) for value in [*impossible, 50.0]]
    values = getattr(Columns.of([Delivery(fixes, [7] * len(fixes), 100, 0)]), name)
    assert np.isnan(values[:-1]).all()
    assert values[-1] == 50.0


def test_tables_are_joined_end_to_end_and_rows_taken_by_mask_or_place() -> None:
    columns = Columns.concatenate([Columns.of([FIRST]), Columns.of([SECOND])])
    assert columns.time_us.tolist() == [1, 2, 3]
    assert columns.take(np.array([True, False, True])).device.tolist() == [7, 9]
    assert columns.take(np.array([2, 0])).device.tolist() == [9, 7]
