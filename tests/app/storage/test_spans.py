import numpy as np
import pytest

from app.storage.spans import SPAN, grown, pack, unpack
from geofence.model import Span

KINDS = len(Span)


def spans(random: np.random.Generator, most: int, first: int = 0) -> bytes:
    """Up to so many spans of each kind, some of none, by kind, then start."""
    counts = random.integers(0, most + 1, KINDS)
    kind = np.repeat(np.arange(KINDS, dtype=np.uint8), counts)
    start = np.concatenate(
        [first + np.sort(random.choice(2 * most, count, replace=False)) for count in counts]
    ).astype(np.int64)
    return pack(start, start + random.integers(0, 50, len(start)), kind)


def plainly(told: bytes, news: bytes) -> bytes:
    """The same, span by span: of each kind the old ones that begin before all new ones."""
    before, after = unpack(told).tolist(), unpack(news).tolist()
    kept = [span for span in before if all(span[0] < new[0] for new in after if new[2] == span[2])]
    whole = sorted(kept + after, key=lambda span: (span[2], span[0]))
    return np.array(whole, SPAN).tobytes()


@pytest.mark.parametrize("seed", range(100))
def test_of_each_kind_what_is_new_comes_after_what_was_before_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    told = spans(random, 12)
    news = spans(random, 4, first=int(random.integers(0, 30)))
    assert grown(told, news) == plainly(told, news)


def test_a_visit_that_grows_at_its_end_keeps_its_long_past() -> None:
    random = np.random.default_rng(1)
    told = spans(random, 5000)
    news = pack(np.array([9_990, 20_000]), np.array([1, 2]), np.array([0, 2], np.uint8))
    assert grown(told, news) == plainly(told, news)
    assert grown(told, b"") == told
    assert grown(b"", news) == news
