"""Live events as an answer that does not end: only what a viewer may see, as long as they may."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext, suppress
from typing import Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.access.viewer import Forbidden, Right, Viewer
from app.api.audited import audited
from app.api.errors import Stranger, TooMany
from app.api.naming import naming_of
from app.api.patience import patiently
from app.api.route import viewer_of
from app.api.state import event_streams_of, live_of, now_of
from app.storage.errors import DatabaseUnavailable
from app.storage.events import Told

MEDIA_TYPE: Final = "text/event-stream"
# A sign of life so often, which proxies wait for, and a look whether the token is good still.
BEAT_S: Final = 15.0
# No event goes out by a look that is older.
FRESH_S: Final = 1.0
# A look that goes on is in the audit log again so often.
NOTED_S: Final = 3600.0
# Who has taken nothing for so long has gone away: it comes back with Last-Event-ID.
SLOWEST_S: Final = 20.0
# Events for one follower until it is the others' turn, and the devices'.
AT_ONCE: Final = 20


class EventStream(StreamingResponse):
    """Server-sent events, for those who take them: who does not is cut off."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        lines: AsyncGenerator[str],
        place: AbstractContextManager[None] | None = None,
        *,
        slowest_s: float = SLOWEST_S,
    ) -> None:
        # Proxies are to pass on what comes when it comes.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(lines, headers=headers)
        self._lines = lines
        self._place = place or nullcontext()
        self._slowest_s = slowest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends, from a place of its own. Raises TooMany where none is free."""
        with self._place:
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Sends, and gives up where that takes too long: the server then closes the connection."""

        async def timed(message: Message) -> None:
            async with asyncio.timeout(self._slowest_s):
                await send(message)

        with suppress(TimeoutError):
            async with aclosing(self._lines):
                await super().stream_response(timed)


@contextmanager
def place_of(request: Request, viewer: Viewer) -> Iterator[None]:
    """A place among the streams of one token or session. Raises TooMany where none is free."""
    most, state = event_streams_of(request), request.app.state
    if not hasattr(state, "followers"):
        state.followers = Counter()
    followers: Counter[str] = state.followers
    if followers[viewer.authority] >= most:
        msg = f"{most} event streams are open with this credential, as many as there may be"
        raise TooMany(msg)
    followers[viewer.authority] += 1
    try:
        yield
    finally:
        followers[viewer.authority] -= 1
        if not followers[viewer.authority]:
            del followers[viewer.authority]


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
    viewer: Viewer = request.state.viewer
    naming = await naming_of(request, viewer)
    with live.following():
        yield _beat(position)
        due_s, looked_s, noted_s = clock() + beat_s, clock(), clock()
        while not live.ended:
            told, position = await live.after(position, max(due_s - clock(), 0.0))
            chosen = [one for one in told if kinds is None or one.kind in kinds]
            if clock() >= (looked_s + FRESH_S if chosen else due_s):
                found = await _still(request, viewer)
                if found is None:
                    return
                viewer, naming, looked_s = found, await naming_of(request, found), clock()
            for i in range(0, len(chosen), AT_ONCE):
                seen = (one.seen_by(viewer) for one in chosen[i : i + AT_ONCE])
                named = (one.named_by(naming) for one in seen if one is not None)
                if lines := "".join(map(text, named)):
                    yield lines
                await asyncio.sleep(0)
            if clock() >= noted_s + NOTED_S:
                if not await _noted(request):
                    return
                noted_s = clock()
            if clock() >= due_s:
                yield _beat(position)
                due_s = clock() + beat_s


def _beat(position: int) -> str:
    # An id without data makes it the last event's and is no event itself.
    return f": here\nid: {position}\n\n"


async def _noted(request: Request) -> bool:
    """Whether the audit log says that the look goes on; else it may not."""
    try:
        await audited(request).again(request)
    except DatabaseUnavailable:
        return False
    return True


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
