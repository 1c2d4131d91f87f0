"""What /docs says of the ingest routes, which read their bodies by hand."""

from typing import Any, Final

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
    "example": {
        "time": "2026-03-01T21:04:05Z",
        "lat": 51.5072,
        "lon": -0.1276,
        "accuracy_m": 6,
        "speed_mps": 1.3,
    },
}

_MANY: Final[_Json] = {"type": "array", "items": _PING}

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

_OWNTRACKS: Final[_Json] = {
    "type": "object",
    "title": "OwnTracks message",
    "required": ["_type"],
    "properties": {"_type": {"type": "string"}},
    "example": {
        "_type": "location",
        "tst": 1497349316,
        "lat": 48.85833,
        "lon": 2.29513,
        "acc": 5,
        "vel": 61,
        "batt": 67,
        "tid": "JJ",
    },
}


def _problems(described: dict[int, str]) -> dict[int | str, _Json]:
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    return {status: {"description": text, "content": problem} for status, text in described.items()}


def _body(schema: _Json, *, lines: bool) -> _Json:
    content: _Json = {"application/json": {"schema": schema}}
    if lines:
        content["application/x-ndjson"] = {"schema": {"type": "string"}}
    return {"requestBody": {"required": True, "content": content}}


_REFUSALS: Final = {
    401: "No key, or one that nobody holds.",
    408: "The body came too slowly.",
    415: "The body is compressed.",
    503: "Storage is away: send the same again after `Retry-After` seconds.",
}

PINGS_BODY: Final = _body(
    {
        "oneOf": [
            _PING,
            _MANY,
            {"type": "object", "required": ["fixes"], "properties": {"fixes": _MANY}},
        ]
    },
    lines=True,
)
PINGS_RESPONSES: Final[dict[int | str, _Json]] = {
    200: {
        "description": "What became of the fixes, after they were committed.",
        "content": {"application/json": {"schema": _RECEIPT}},
    },
    **_problems(
        {
            400: "The message is not JSON. It is kept for a person to look at.",
            413: "The body is over the limit, which the answer names.",
            **_REFUSALS,
        }
    ),
}

OWNTRACKS_BODY: Final = _body(_OWNTRACKS, lines=False)
OWNTRACKS_RESPONSES: Final[dict[int | str, _Json]] = {
    200: {
        "description": (
            "Taken, or set aside for a person to look at: the apps hold back all that follows"
            " a message that is refused."
        ),
        "content": {"application/json": {"schema": {"type": "array"}, "example": []}},
    },
    **_problems(_REFUSALS),
}
