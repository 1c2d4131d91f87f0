"""Sound messages spoilt at random, and some of them made to look sound again."""

import re
from collections.abc import Callable, Sequence
from functools import reduce
from operator import xor
from random import Random
from typing import Final

MAX_BYTES: Final = 1 << 20
"""More than apps send in one message, and a quarter of what the service takes by default."""

_OVERSIZED: Final = 4_000  # one input of so many is repeated up to MAX_BYTES
_NUMBERS: Final = (
    b"9" * 400,
    *b"0 -1 -0.0 1e999 -1e308 NaN Infinity 1e-400 180 90.0000001 1772399045 1772399045000"
    b" 2147483648 253402300799 253402300800 -62135596800 9223372036854775808 1e11"
    b" 99999999999999999999999999 000000 235960 999999 160706 311299 1_0 0x10 \xd9\xa3 +5".split(),
)
_TOKENS: Final = (
    *b'{ } [ ] " , : ; & = ? % < > / \\ $ * + - . null true "" [] {} %00 %ff'.split(),
    *b"\\ud800 \\u0000 </event> <event> <point/> ID= *00 OK +CTSDSR: 0A 0x $GPRMC, $GPZDA,".split(),
    *(b"\0", b"\n", b"\r\n", b"\x1e", b"\xff", b"\xef\xbb\xbf", b" ", b"\t", b"\x80", b"\x03"),
    *b"9999-12-31T23:59:59.999999Z 0001-01-01T00:00:00+23:59 2026-02-30T25:61:61Z".split(),
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"\\s:x,c:253402300799*00\\",
)
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?")
_VALUE: Final = re.compile(rb'(?<=[:,\[])\s*(?:"[^"]*"|-?[\d.]+|true|false|null)')
_VALUES: Final = (
    *b'{} [] null true false "" "x" "1" [1] {"a":1} [[]] -1 "NaN" "\\ud800" "\\u0000"'.split(),
    *(b"[" * depth + b"]" * depth for depth in (500, 900, 950, 990)),
)
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{8,}")

Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _cut(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    return payload[: rng.randint(0, len(payload))]


def _flip(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    changed = bytearray(payload)
    for _ in range(rng.randint(1, 4) if payload else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(payload))
    noise = rng.randbytes(rng.randint(1, 8))
    return payload[:at] + noise + payload[at + len(noise) :]


def _remove(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    begin, end = _span(rng, payload)
    return payload[:begin] + payload[end:]


def _repeat(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    begin, end = _span(rng, payload)
    return payload[:begin] + payload[begin:end] * rng.randint(2, 6) + payload[end:]


def _splice(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    other = rng.choice(seeds)
    return payload[: rng.randint(0, len(payload))] + other[rng.randint(0, len(other)) :]


def _append(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    return payload + rng.choice((b"\n", b"\r\n", b"", b",", b" ")) + rng.choice(seeds)


def _insert(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(payload))
    return payload[:at] + rng.choice(_TOKENS) + payload[at:]


def _renumber(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    found = list(_NUMBER.finditer(payload))
    if not found:
        return payload + rng.choice(_NUMBERS)
    begin, end = rng.choice(found).span()
    return payload[:begin] + rng.choice(_NUMBERS) + payload[end:]


def _revalue(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    """Put another value, be it of another type, in the place of one in JSON."""
    found = list(_VALUE.finditer(payload))
    if not found:
        return _renumber(rng, payload, seeds)
    begin, end = rng.choice(found).span()
    return payload[:begin] + rng.choice(_VALUES) + payload[end:]


def _in_hex(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    """Spoil what hex digits stand for, not the digits."""
    found = list(_HEX.finditer(payload))
    if not found:
        return _flip(rng, payload, seeds)
    begin, end = rng.choice(found).span()
    end -= (end - begin) % 2
    octets = bytes.fromhex(payload[begin:end].decode())
    spoil = rng.choice((_flip, _overwrite, _remove, _repeat, _cut))
    return payload[:begin] + spoil(rng, octets, seeds).hex().encode() + payload[end:]


def _nest(rng: Random, payload: bytes, seeds: Sequence[bytes]) -> bytes:
    depth = rng.choice((10, 100, 1_000, 5_000, 100_000))
    begin, end = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b'{"a":[', b"]}")))
    if rng.random() < 0.5 and (found := list(_NUMBER.finditer(payload))):
        at, past = rng.choice(found).span()
        return payload[:at] + begin * depth + b"1" + end * depth + payload[past:]
    return begin * depth + payload + end * rng.choice((depth, 0))


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    *(_cut, _flip, _overwrite, _remove, _repeat, _splice, _append),
    *(_insert, _insert, _renumber, _revalue, _revalue, _in_hex, _in_hex),
)


def _span(rng: Random, payload: bytes) -> tuple[int, int]:
    begin = rng.randint(0, len(payload))
    return begin, min(len(payload), begin + rng.randint(1, 20))


def spoilt(rng: Random, format_: str, seeds: Sequence[bytes]) -> bytes:
    """Give one input: a seed with a few things wrong with it, at most MAX_BYTES long."""
    kind = rng.random()
    if kind < 0.02:
        return rng.randbytes(rng.randint(0, 100))
    payload = rng.choice(seeds)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        payload = rng.choice(_MUTATIONS)(rng, payload, seeds)
    if kind < 0.03:
        payload = _nest(rng, payload, seeds)
    if rng.random() < 0.7 and format_ in _MENDS:
        payload = _MENDS[format_](payload)
    if rng.randrange(_OVERSIZED) == 0:
        payload += rng.choice((b"\n", b"", b","))
        payload *= MAX_BYTES // max(1, len(payload))
    return payload[:MAX_BYTES]


def _mend_nmea(payload: bytes) -> bytes:
    def summed(found: re.Match[bytes]) -> bytes:
        return b"$%b*%02X" % (found[1], reduce(xor, found[1], 0))

    return re.sub(rb"\$([^$*\r\n]*)\*[0-9A-Fa-f]{0,2}", summed, payload)


def _mend_taip(payload: bytes) -> bytes:
    def summed(found: re.Match[bytes]) -> bytes:
        return b"%b%02X<" % (found[1], reduce(xor, found[1], 0))

    return re.sub(rb"(>[^<>*]*\*)[^<>*]*<", summed, payload)


def _mend_tetra(payload: bytes) -> bytes:
    def counted(found: re.Match[bytes]) -> bytes:
        return b"%b%d%b%b" % (found[1], 4 * len(found[3]), found[2], found[3])

    return re.sub(rb"(\+CTSDSR:[^\r\n]*,)\d*(\r?\n)([0-9A-Fa-f]+)", counted, payload)


def _framed(mend: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Mend a raw frame, or every frame in hex."""

    def mended(payload: bytes) -> bytes:
        def through_hex(found: re.Match[bytes]) -> bytes:
            digits = found[0][: len(found[0]) // 2 * 2]
            return mend(bytes.fromhex(digits.decode())).hex().encode()

        text, frames = _HEX.subn(through_hex, payload)
        return text if frames else mend(payload)

    return mended


def _mend_hytera(frame: bytes) -> bytes:
    body = frame[5:-2]
    summed = frame[1:3] + len(body).to_bytes(4, "big")[-2:] + body
    return frame[:1] + summed + bytes([(~sum(summed) + 0x33) & 0xFF, 3])


def _mend_lrrp(frame: bytes) -> bytes:
    return frame[:1] + bytes([len(frame[2:]) & 0x7F]) + frame[2:]


_MENDS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "nmea": _mend_nmea,
    "taip": _mend_taip,
    "tetra": _mend_tetra,
    "hytera": _framed(_mend_hytera),
    "lrrp": _framed(_mend_lrrp),
}
"""Checksums and lengths made right: else nearly no spoilt frame would get past them."""
