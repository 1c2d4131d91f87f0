"""How many messages are taken of each sender; whoever sends more is counted, and told of."""

import logging
import math
from collections.abc import Callable
from typing import Final

from ingest.errors import TooOften
from ingest.rates import Rates
from ingest.sender import Sender

_LOG: Final = logging.getLogger(__name__)


def _untold(_number: int) -> None:
    """Count nobody who is turned away."""


class Turnstile:
    """Lets in a message, whatever brought it, unless its sender sends too often.

    `messages` is how often each may; `words` how often the log says that somebody does. `refused`
    hears each time of the number of the device or gateway.
    """

    def __init__(
        self, messages: Rates, words: Rates, refused: Callable[[int], None] = _untold
    ) -> None:
        self._messages = messages
        self._words = words
        self._refused = refused

    def admit(self, sender: Sender) -> None:
        """Count one more message; a gateway has the share of all its devices. Raises TooOften."""
        wait_s = self._messages.take(sender.name, sender.devices)
        if not wait_s:
            return
        self._refused(sender.number)
        if not self._words.take(""):
            _LOG.warning("%s sends more often than a device may; see GET /refusals", sender.name)
        message = f"{sender.name!r} sends more often than a device may"
        raise TooOften(message, retry_after_s=math.ceil(wait_s))
