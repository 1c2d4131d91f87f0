"""Live events as an answer that does not end: only what a viewer may see, as long as they may."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, suppress
from typing import Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from app.access.viewer import Forbidden, Right, Viewer
from app.api.errors import Stranger
from app.api.patience import patiently
from app.api.route import viewer_of
from app.api.state import live_of, now_of
from app.storage.errors import DatabaseUnavailable
from app.storage.events import Told

MEDIA_TYPE: Final = "text/event-stream"
# A sign of life so often, which proxies wait for, and a look whether the token is good still.
BEAT_S: Final = 15.0
# Who has taken nothing for so long has gone away: it comes back with Last-Event-ID.
SLOWEST_S: Final = 20.0
# Events for one follower until it is the others' turn, and the devices'.
AT_ONCE: Final = 20


class EventStream(StreamingResponse):
    """Server-sent events, for those who take them: who does not is cut off."""

    media_type = MEDIA_TYPE

    def __init__(self, lines: AsyncGenerator[str], *, slowest_s: float = SLOWEST_S) -> None:
        # Proxies are to pass on what comes when it comes.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(lines, headers=headers)
        self._lines = lines
        self._slowest_s = slowest_s

    async def stream_response(self, send: Send) -> None:
        """Sends, and gives up where that takes too long: the server then closes the connection."""

        async def timed(message: Message) -> None:
            async with asyncio.timeout(self._slowest_s):
                await send(message)

        with suppress(TimeoutError):
            async with aclosing(self._lines):
                await super().stream_response(timed)


async def follow(
    request: Request,
    text: Callable[[Told], str],
    position: int,
    kinds: Collection[str] | None,
    *,
    beat_s: float = BEAT_S,
) -> AsyncGenerator[str]:
    """The events past a position, as text, while the request's token is good.

    Each beat tells the position too, also past what the viewer does not see: a stream that broke
    off goes on from there.
    """
    live, clock = live_of(request), asyncio.get_running_loop().time
    viewer: Viewer | None = request.state.viewer
    with live.following():
        yield _beat(position)
        due_s = clock() + beat_s
        while viewer is not None and not live.ended:
            told, position = await live.after(position, max(due_s - clock(), 0.0))
            chosen = [one for one in told if kinds is None or one.kind in kinds]
            for i in range(0, len(chosen), AT_ONCE):
                seen = (one.seen_by(viewer) for one in chosen[i : i + AT_ONCE])
                if lines := "".join(text(one) for one in seen if one is not None):
                    yield lines
                await asyncio.sleep(0)
            if clock() >= due_s:
                viewer = await _still(request, viewer)
                yield _beat(position)
                due_s = clock() + beat_s


def _beat(position: int) -> str:
    # An id without data makes it the last event's and is no event itself.
    return f": here\nid: {position}\n\n"


async def _still(request: Request, viewer: Viewer) -> Viewer | None:
    """Who holds the request's token now; None if it is good no longer."""
    try:
        now = await patiently(request, viewer_of(request))
        now.require(Right.READ_VISITS)
    except (Stranger, Forbidden):
        return None
    except DatabaseUnavailable:
        good = viewer.expires is None or now_of(request) < viewer.expires
        return viewer if good else None
    return now
