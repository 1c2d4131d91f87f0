"""How deep JSON may be nested that people send: far deeper than anything that is read here."""

import asyncio
from http import HTTPStatus
from typing import Final

import numpy as np
from fastapi import Request
from starlette.exceptions import HTTPException

DEEPEST: Final = 40
"""Of arrays and objects in one another; a FeatureCollection's coordinates are eight deep."""

# Looked through without leaving the event loop: a thread costs more.
_AT_ONCE: Final = 1 << 16
_STEPS: Final = np.zeros(256, np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1


def too_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than DEEPEST, before anything is made of it.

    Of what is not JSON nothing is said. Whatever is sent, 16 MiB take some tens of milliseconds.
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    # Without escapes every quotation mark begins a text or ends one.
    plain = np.frombuffer(body.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    in_text = np.cumsum(plain == ord('"'), dtype=np.uint8) & 1
    steps = _STEPS[plain]
    steps = steps[(steps != 0) & (in_text == 0)]
    return bool(np.cumsum(steps, dtype=np.int32).max(initial=0) > DEEPEST)


class ShallowRequest(Request):
    """A request whose JSON is looked at before anything is made of it."""

    async def body(self) -> bytes:
        """The whole body. Raises HTTPException (400) where it is JSON that is too deep."""
        first = not hasattr(self, "_body")
        body = await super().body()
        if first and "json" in self.headers.get("content-type", "json").lower():
            small = len(body) <= _AT_ONCE
            if too_deep(body) if small else await asyncio.to_thread(too_deep, body):
                detail = f"the body is JSON nested deeper than {DEEPEST} arrays and objects"
                raise HTTPException(HTTPStatus.BAD_REQUEST, detail)
        return body
