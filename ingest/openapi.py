"""What /docs says of the ingest routes, which read their bodies by hand."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from ingest.doors import JSON, Door
from ingest.examples import EXAMPLES, FORM, Example

# JSON Schema and OpenAPI fragments are plain JSON: FastAPI asks for dict[str, Any].
_Json = dict[str, Any]

_PING: Final[_Json] = {
    "type": "object",
    "title": "Fix",
    "required": ["time", "lat", "lon"],
    "properties": {
        "device": {"type": "string", "description": "Needed only from a gateway."},
        "time": {
            "description": "When the device was there: RFC 3339 with offset, or epoch seconds.",
            "oneOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
        },
        "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "degrees WGS84"},
        "lon": {"type": "number", "minimum": -180, "maximum": 180, "description": "degrees WGS84"},
        "accuracy_m": {"type": ["number", "null"], "description": "radius, about 68 %"},
        "speed_mps": {"type": ["number", "null"]},
        "heading_deg": {"type": ["number", "null"], "description": "from true north"},
        "altitude_m": {"type": ["number", "null"]},
        "battery_pct": {"type": ["number", "null"]},
        "event": {"type": ["string", "null"]},
    },
}

_MANY: Final[_Json] = {"type": "array", "items": _PING}

_SCHEMAS: Final[dict[str, _Json]] = {
    "pings": {
        "oneOf": [
            _PING,
            _MANY,
            {"type": "object", "required": ["fixes"], "properties": {"fixes": _MANY}},
        ]
    },
}
"""Of our own format; those of others are their own business."""

_RECEIPT: Final[_Json] = {
    "type": "object",
    "title": "Receipt",
    "required": ["accepted", "duplicates", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "description": "new fixes, stored"},
        "duplicates": {"type": "integer", "description": "fixes that were there already"},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "reason", "detail"],
                "properties": {
                    "index": {"type": "integer", "description": "position in the message, from 0"},
                    "reason": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "accepted": 49,
        "duplicates": 0,
        "rejected": [
            {
                "index": 7,
                "reason": "future",
                "detail": "time: 2031-01-01T00:00:00Z is 3 h 4 min ahead of the server's clock",
            }
        ],
    },
}

_KEY: Final[_Json] = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The device's key, for apps that can be given nothing but a URL.",
}
_DEVICE: Final[_Json] = {
    "name": "device",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Whom the message is about, where it does not say so itself: a name or an"
    " address of a device on the gateway's list.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    summary: str
    description: str
    responses: dict[int | str, _Json]
    extra: _Json


def operation(door: Door, method: str, *, key_in_path: bool) -> Operation:
    """Describe how a format is sent by a method, with the key in the path or elsewhere."""
    example = EXAMPLES[door.format]
    parameters = [_parameters(example) if door.takes_query else _DEVICE]
    extra: _Json = {"parameters": [_KEY, *parameters] if key_in_path else parameters}
    if method != "GET":
        extra["requestBody"] = _body(door, example)
    suffix = "_key_in_path" if key_in_path else ""
    return Operation(
        id=f"ingest_{door.format}_{method.lower()}{suffix}",
        summary=example.summary + (" (key in the path)" if key_in_path else ""),
        description=example.description,
        responses=_responses(door),
        extra=extra,
    )


def _parameters(example: Example) -> _Json:
    return {
        "name": "parameters",
        "in": "query",
        "description": "The message, where there is no body.",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "example": dict(parse_qsl(example.text)) if example.media_type == FORM else {},
    }


def _body(door: Door, example: Example) -> _Json:
    shape = "string" if isinstance(example.value, str) else "object"
    schema = _SCHEMAS.get(door.format, {"type": shape})
    content = {example.media_type: {"schema": schema, "example": example.value}}
    for media_type in example.also:
        content.setdefault(media_type, {"schema": {"type": "string"}})
    return {"required": not door.takes_query, "content": content}


def _responses(door: Door) -> dict[int | str, _Json]:
    refusals = {
        401: "No key, or one that nobody holds.",
        408: "The body came too slowly.",
        415: "The body is compressed.",
        503: "Storage is away: send the same again after `Retry-After` seconds.",
    }
    if not door.tries_for_ever:
        refusals |= {
            400: "The message cannot be read. It is kept for a person to look at.",
            413: "The body is over the limit, which the answer names.",
            422: "The message cannot be stored. It is kept for a person to look at.",
        }
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    described: dict[int | str, _Json] = {200: _success(door)}
    for status, text in refusals.items():
        described[status] = {"description": text, "content": problem}
    return described


def _success(door: Door) -> _Json:
    if door.answer is None:
        description = "What became of the fixes, after they were committed."
        return {"description": description, "content": {JSON: {"schema": _RECEIPT}}}
    description = "Taken, after the commit."
    if door.tries_for_ever:
        description += (
            " Also where the message was set aside for a person to look at: its apps would send it"
            " again for ever."
        )
    if door.answer.media_type is None:
        return {"description": f"{description} Empty."}
    content = {door.answer.media_type: {"schema": {}, "example": json.loads(door.answer.body)}}
    return {"description": description, "content": content}
