"""What /docs says of the doors of the wire formats, which no framework knows of."""

import json
from typing import Any, Final
from urllib.parse import parse_qsl

from ingest.doors import DOORS, JSON, Door
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


_SECURITY: Final[_Json] = {
    "type": "http",
    "scheme": "bearer",
    "description": "A device's key; also as the password of HTTP Basic, as the header"
    " `X-Device-Key`, or as `?key=` for apps that know nothing else.",
}


def describe(schema: _Json) -> None:
    """Add every door, with the key where most send it and in the path, to an OpenAPI document."""
    components = schema.setdefault("components", {})
    components.setdefault("securitySchemes", {})["DeviceKey"] = _SECURITY
    paths = schema.setdefault("paths", {})
    for door in DOORS:
        for path, key_in_path in (("", False), ("/{key}", True)):
            paths[f"/ingest/{door.format}{path}"] = {
                method.lower(): _operation(door, method, key_in_path=key_in_path)
                for method in door.methods
            }


def _operation(door: Door, method: str, *, key_in_path: bool) -> _Json:
    """Describe how a format is sent by a method, with the key in the path or elsewhere."""
    example = EXAMPLES[door.format]
    parameters = [_parameters(example) if door.takes_query else _DEVICE]
    suffix = "_key_in_path" if key_in_path else ""
    operation: _Json = {
        "tags": ["ingest"],
        "summary": example.summary + (" (key in the path)" if key_in_path else ""),
        "description": example.description,
        "operationId": f"ingest_{door.format}_{method.lower()}{suffix}",
        "parameters": [_KEY, *parameters] if key_in_path else parameters,
        "responses": _responses(door),
    }
    if method != "GET":
        operation["requestBody"] = _body(door, example)
    if not key_in_path:
        operation["security"] = [{"DeviceKey": []}]
    return operation


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


def _responses(door: Door) -> dict[str, _Json]:
    refusals = {
        401: "No key, or one that nobody holds.",
        408: "The body came too slowly.",
        413: "The body is over the limit, which the answer names; nothing of it was kept.",
        415: "The body is compressed.",
        429: "The device posts more often than it may, or its address sent too many wrong keys:"
        " the same is welcome after `Retry-After` seconds.",
        503: "Storage is away, and the disk that stands in for it is full or does not know the key:"
        " send the same again after `Retry-After` seconds.",
    }
    if not door.tries_for_ever:
        refusals |= {
            400: "The message cannot be read. It is kept for a person to look at.",
            422: "The message cannot be stored. It is kept for a person to look at.",
        }
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    described = {"200": _success(door)}
    if door.answer is None:
        described["202"] = _SPOOLED
    for status, text in refusals.items():
        described[str(status)] = {"description": text, "content": problem}
    return described


_SPOOLED: Final[_Json] = {
    "description": "Storage is away, and the message is safe on disk until it is back. `accepted`"
    " counts the fixes that can be read; which of them are new will be known then.",
    "content": {
        JSON: {
            "schema": _RECEIPT
            | {
                "properties": _RECEIPT["properties"] | {"spooled": {"const": True}},
                "example": {"accepted": 50, "duplicates": 0, "rejected": [], "spooled": True},
            }
        }
    },
}


def _success(door: Door) -> _Json:
    if door.answer is None:
        description = "What became of the fixes, after they were committed."
        return {"description": description, "content": {JSON: {"schema": _RECEIPT}}}
    description = "Taken: committed, or safe on disk while storage is away."
    if door.tries_for_ever:
        description += (
            " Also where the message was set aside for a person to look at: its apps would send it"
            " again for ever."
        )
    if door.answer.media_type is None:
        return {"description": f"{description} Empty."}
    content = {door.answer.media_type: {"schema": {}, "example": json.loads(door.answer.body)}}
    return {"description": description, "content": content}
