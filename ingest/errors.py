"""What can go wrong with a message, by name; how each is answered is its transport's business.

IngestError
├── DecodeError           the message cannot be read
├── Unstorable            the message reads well, and storing it fails for a reason of its own
├── StorageUnavailable    nothing can be stored now; the sender keeps the message and tries again
│   └── SpoolUnavailable  the disk that stands in for storage does not take the message either
├── TryAgain              an upload that was not taken whole, and is welcome again
├── Unauthorised          no key, or one that nobody holds
│   └── LockedOut         somebody known from whom nothing is taken; is told no more than others
├── TooOften              a device that posts more often than it may
└── BodyRefused           an HTTP body that is not read to its end
    ├── BodyTooLarge
    ├── BodyTooSlow
    ├── BodyCutShort
    └── EncodingRefused
"""

from typing import Final

UNKNOWN_KEY: Final = "this device key is not known here"


class IngestError(Exception):
    """Its text is one sentence for whoever sent the message."""


class DecodeError(IngestError):
    """The whole message is unreadable; it has been, or is to be, set aside."""


class Unstorable(IngestError):
    """A message that alone cannot be stored, however often it is tried; it is set aside."""


class StorageUnavailable(IngestError):
    """Storage is away: no receipt, and the same message is welcome again after `retry_after_s`."""

    def __init__(self, detail: str, *, retry_after_s: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class SpoolUnavailable(StorageUnavailable):
    """Storage is away, and the spool, as its text says, full or broken."""


class TryAgain(IngestError):
    """An upload was not taken whole, for want of room or storage; the same is welcome again."""


class Unauthorised(IngestError):
    """The sender did not show a key that is known here."""


class LockedOut(Unauthorised):
    """The sender is locked out. Whoever holds its key is told just what a stranger is."""

    def __init__(self) -> None:
        super().__init__(UNKNOWN_KEY)


class TooOften(IngestError):
    """The sender has posted more often than it may; the same is welcome after `retry_after_s`."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BrokerAway(Exception):
    """The MQTT broker is not connected: nothing goes out, which is no matter of those who send."""


class Unacknowledged(Exception):
    """The MQTT broker has not said that it has what was published; it may have it all the same."""


class PublishRefused(Exception):
    """The MQTT broker does not let us publish what its text names."""


class BodyRefused(IngestError):
    """The body of a request was not read to its end."""


class BodyTooLarge(BodyRefused):
    """The body is larger than the limit, which its text names."""


class BodyTooSlow(BodyRefused):
    """The body did not arrive in the time allowed, which its text names."""


class BodyCutShort(BodyRefused):
    """The client went away before its body was complete."""


class EncodingRefused(BodyRefused):
    """The body is compressed, and no compression is accepted."""
