"""Broken messages, with the reason and the bytes: positions of people may be among them."""

import codecs
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.deps import Asker, DatabaseDep, Part, cursor_of
from app.api.fields import LARGEST_ID, Listing, Moment, Schema, example
from app.api.route import guarded_router
from app.storage import quarantine

router = guarded_router("quarantine")

MessageId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
# Characters of each message, for a list.
TEXT_SHOWN = 500


class Quarantined(Schema):
    """A message that could not be used."""

    model_config = example(
        {
            "id": 4711,
            "received": "2026-01-15T21:04:05Z",
            "format": "pings",
            "sender": "phone-03",
            "reason": "not JSON: unexpected end of data",
            "size": 12,
            "text": '{"time": 176',
        }
    )

    id: int
    received: Moment
    format: str
    sender: str
    reason: str
    size: int
    text: str | None = Field(
        description="how it begins; null of what is no text, and of all for who may not read them"
    )


def _shown(message: quarantine.Quarantined) -> Quarantined:
    return Quarantined(
        id=message.id,
        received=message.received,
        format=message.format,
        sender=message.sender,
        reason=message.reason,
        size=message.size,
        text=_text(message),
    )


def _text(message: quarantine.Quarantined) -> str | None:
    """The first characters, of which the last may be cut in two; None of what is no UTF-8."""
    beginning = message.beginning
    if beginning is None:
        return None
    whole = len(beginning) == message.size
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(beginning, whole)[:TEXT_SHOWN]
    except UnicodeDecodeError:
        return None


_STORABLE = r"^[^\x00]*$"  # PostgreSQL knows no others


@router.get("/quarantine")
async def list_quarantine(
    viewer: Asker,
    database: DatabaseDep,
    part: Part,
    format_: Annotated[str | None, Query(alias="format", max_length=40, pattern=_STORABLE)] = None,
    sender: Annotated[
        str | None, Query(max_length=200, pattern=_STORABLE, description="a name or a topic")
    ] = None,
) -> Listing[Quarantined]:
    """Messages that could not be used, the newest first: why, and how each begins, as text.

    What they say, also where a reason quotes it, is for those who broke the glass for it.
    """
    async with database.read() as reader:
        page = await quarantine.page(reader, viewer, part, format_=format_, sender=sender)
    return Listing(items=[_shown(message) for message in page.items], next=cursor_of(page))


_BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "hello"}


@router.get(
    "/quarantine/{message_id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": _BINARY}}},
)
async def read_quarantined(message_id: MessageId, viewer: Asker, database: DatabaseDep) -> Response:
    """The bytes of one message, as they came; for those who broke the glass for it."""
    async with database.read() as reader:
        payload = await quarantine.read(reader, viewer, message_id)
    # What a stranger wrote is not to be taken for a page of ours.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(payload, media_type="application/octet-stream", headers=headers)


@router.delete("/quarantine/{message_id}", status_code=204)
async def delete_quarantined(message_id: MessageId, viewer: Asker, database: DatabaseDep) -> None:
    """Forgets one message."""
    async with database.write() as writer:
        await quarantine.delete(writer, viewer, message_id)
