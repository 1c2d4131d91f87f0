"""How many patrols each hot spot is to have of those that all are to have together."""

import functools
import math
from collections.abc import Sequence
from fractions import Fraction


@functools.lru_cache(maxsize=512)
def quotas(patrols: int, weights: tuple[float, ...]) -> tuple[int, ...]:
    """Shares of so many patrols by weight (largest remainders, the method of Hamilton).

    Each gets the whole part of its share; of what is left one each goes to the largest remainders,
    of equal ones to the larger weight, then to the earlier. Reckoned exactly, in the weights as
    they are written: 0.1 is a tenth.
    """
    exact = _whole(weights)
    total = sum(exact)
    parts = [divmod(patrols * weight, total) for weight in exact]
    shares = [share for share, _ in parts]
    ranked = sorted(range(len(exact)), key=lambda i: (-parts[i][1], -exact[i], i))
    for i in ranked[: patrols - sum(shares)]:
        shares[i] += 1
    return tuple(shares)


def _whole(weights: Sequence[float]) -> list[int]:
    """Whole numbers that are to each other as the weights."""
    exact = [Fraction(str(weight)) for weight in weights]
    scale = math.lcm(*(weight.denominator for weight in exact))
    return [int(weight * scale) for weight in exact]
