"""Words as a column: each word once, and an index into them for each row."""

from collections.abc import Sequence

import numpy as np

from app.compliance.intervals import Ints


def indexed(words: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """The words that there are, sorted, and each row's index into them."""
    every = sorted(set(words))
    index = {word: number for number, word in enumerate(every)}
    return tuple(every), np.array([index[word] for word in words], np.int64)
