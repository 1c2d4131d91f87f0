"""Documents are made one after another, in a thread of their own: they may take a while."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fastapi import Request, Response

from app.api.errors import Busy

# With the one that is being made.
MOST_ASKED: Final = 5


class Desk:
    """Where they are made; the threads that all other work shares are not held up."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "documents")
        self._asked = 0

    async def make(self, work: Callable[[], Response]) -> Response:
        """Does the work when its turn comes. Raises Busy, and whatever the work does."""
        if self._asked >= MOST_ASKED:
            msg = f"{MOST_ASKED} documents are being made already: ask again in a little while"
            raise Busy(msg)
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._asked -= 1


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    state = request.app.state
    if not hasattr(state, "desk"):
        state.desk = Desk()
    desk: Desk = state.desk
    return desk
