"""Loops that are plain to read and too slow for Python, compiled by numba."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

Given = ParamSpec("Given")
Found = TypeVar("Found")


def compiled(loop: Callable[Given, Found]) -> Callable[Given, Found]:
    """Return `loop` as machine code, made at its first call and kept on disk for the next process.

    Arithmetic is IEEE 754 as written: nothing is reordered, fused or assumed. A loop uses no loop
    and no constant of another module: what is kept on disk would not notice if that one changed.
    """
    kept: Callable[Given, Found]
    try:
        kept = numba.njit(cache=True, nogil=True)(loop)
    except RuntimeError:  # nowhere to write beside the source nor at home: made anew each time
        kept = numba.njit(nogil=True)(loop)
    return kept
