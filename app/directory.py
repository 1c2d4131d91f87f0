"""Recognises senders, and remembers for a few seconds whom it recognised."""

from collections import OrderedDict
from collections.abc import Callable

from app.access.secrets import digest
from app.storage import directory
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from ingest.errors import StorageUnavailable
from ingest.sender import Credential, Key, Sender

# How long a revoked key may still be let in, and a new one refused.
REMEMBERED_S = 5.0
# More senders than a large force has; strangers' guesses push each other out.
MOST_REMEMBERED = 50_000


class Directory:
    """Answers `identify` from the database."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only go forward, such as time.monotonic."""
        self._database = database
        self._clock = clock
        self._known: OrderedDict[Credential, tuple[float, Sender | None]] = OrderedDict()

    async def identify(self, credential: Credential) -> Sender | None:
        """Who shows this credential; None for a stranger.

        Raises StorageUnavailable while the database is away and the answer is not remembered.
        """
        remembered = self._known.get(credential)
        if remembered is not None and self._clock() < remembered[0]:
            return remembered[1]
        sender = await self._look_up(credential)
        self._known[credential] = (self._clock() + REMEMBERED_S, sender)
        self._known.move_to_end(credential)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return sender

    async def _look_up(self, credential: Credential) -> Sender | None:
        try:
            async with self._database.read() as reader:
                if isinstance(credential, Key):
                    return await directory.by_key(reader, digest(credential.secret))
                return await directory.by_address(reader, credential.kind, credential.value)
        except DatabaseUnavailable as exc:
            raise StorageUnavailable(str(exc)) from exc
