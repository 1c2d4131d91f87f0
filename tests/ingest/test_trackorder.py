"""Where the times of a file go back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.trackorder import Order


def looked(rows: list[tuple[int, int]], block: int) -> Order:
    """The order of (device, time) rows, numbered from 2, taken in `block` rows at a time."""
    order = Order()
    for start in range(0, len(rows), block):
        device, time = zip(*rows[start : start + block], strict=True)
        number = np.arange(start + 2, start + 2 + len(device))
        order.look(number, np.array(device, np.int32), np.array(time, np.int64))
    return order


@pytest.mark.parametrize("block", [1, 2, 100])
def test_each_device_has_an_order_of_its_own(block: int) -> None:
    mixed = looked([(0, 10), (1, 5), (0, 11), (1, 6), (2, 1)], block)
    assert (mixed.first, mixed.count) == (None, 0)
    back = looked([(0, 10), (1, 5), (0, 10), (1, 4), (0, 9), (0, 9), (1, 4)], block)
    assert (back.first, back.count) == (5, 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5))), st.integers(1, 7))
def test_blocks_make_no_difference(rows: list[tuple[int, int]], block: int) -> None:
    latest: dict[int, int] = {}
    back = []
    for number, (device, time) in enumerate(rows, 2):
        if time < latest.get(device, time):
            back.append(number)
        latest[device] = time
    order = looked(rows, block)
    assert (order.first, order.count) == (back[0] if back else None, len(back))


def test_no_rows_change_nothing() -> None:
    order = Order()
    order.look(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64))
    assert (order.first, order.count) == (None, 0)
