import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.weights import quotas


@pytest.mark.parametrize(
    ("patrols", "weights", "shares"),
    [
        (10, (1.0, 1.0), (5, 5)),
        # 10 x 5/8 = 6.25, 10 x 2/8 = 2.5, 10 x 1/8 = 1.25: the one that is left goes to 0.5.
        (10, (5.0, 2.0, 1.0), (6, 3, 1)),
        # 3 x 1/4 = 0.75 each: three get one, of equals the first.
        (3, (1.0, 1.0, 1.0, 1.0), (1, 1, 1, 0)),
        # 2.5 and 1.5 and 1: of equal remainders the larger weight's.
        (5, (3.0, 5.0, 2.0), (1, 3, 1)),
        # A tenth as it is written, not as it is stored: 1, 2 and 7 with nothing left.
        (10, (0.1, 0.2, 0.7), (1, 2, 7)),
        (1, (1e-9, 1e9), (0, 1)),
        (3, (), ()),
    ],
)
def test_patrols_are_shared_by_largest_remainders(
    patrols: int, weights: tuple[float, ...], shares: tuple[int, ...]
) -> None:
    assert quotas(patrols, weights) == shares


@given(
    st.integers(1, 200),
    st.lists(st.floats(0.001, 1000, allow_nan=False), min_size=1, max_size=40).map(tuple),
)
def test_no_share_is_a_whole_patrol_off_and_none_is_lost(
    patrols: int, weights: tuple[float, ...]
) -> None:
    shares = quotas(patrols, weights)
    assert sum(shares) == patrols
    exact = [patrols * weight / sum(weights) for weight in weights]
    assert all(abs(share - due) < 1 + 1e-9 for share, due in zip(shares, exact, strict=True))
