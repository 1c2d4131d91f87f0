"""Pseudonyms: the same for the same name under one key, and of no use to who has not the key."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

# 48 bits: among ten thousand officers two share one once in five million exports.
_HEX_DIGITS: Final = 12
_PSEUDONYM: Final = re.compile(rf"(device|officer)-[0-9a-f]{{{_HEX_DIGITS}}}")


def study_key(secret: bytes, study: str) -> bytes:
    """The key of a study's pseudonyms, by the database's secret: the same at each export of it."""
    return _mac(secret, "study", study).digest()


def viewer_key(secret: bytes, authority: str) -> bytes:
    """The key of what one viewer is shown, by what they are known by ("token 7").

    All that one viewer is shown can be joined, and nothing of it with what another is shown.
    """
    return _mac(secret, "viewer", authority).digest()


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """What stands for the name of a kind ("device", "officer"): `kind-` and 12 hex digits."""
    return f"{kind}-{_mac(key, kind, name).hexdigest()[:_HEX_DIGITS]}"


def pseudonyms(key: bytes, kind: str, names: Iterable[str]) -> list[str]:
    """What stands for each name of a kind."""
    return [pseudonym(key, kind, name) for name in names]


def number_of(pseudonym: str) -> int:
    """The number that a pseudonym's digits are."""
    return int(pseudonym[-_HEX_DIGITS:], 16)


def is_pseudonym(text: str, kind: str) -> bool:
    """Whether a text looks like a pseudonym of a kind."""
    found = _PSEUDONYM.fullmatch(text)
    return found is not None and found[1] == kind


def _mac(key: bytes, kind: str, name: str) -> "hmac.HMAC":
    # The zero byte, which no name holds, keeps ("a", "bc") from being ("ab", "c").
    return hmac.new(key, f"{kind}\0{name}".encode(), hashlib.sha256)
