"""What /docs says of the upload of files, whose body is read by hand."""

from typing import Any, Final

from ingest.doors import JSON

# OpenAPI fragments are plain JSON: FastAPI asks for dict[str, Any].
_Json = dict[str, Any]

SUMMARY: Final = "Upload track files"
DESCRIPTION: Final = (
    "GPX, FIT, TCX, KML (also KMZ) or CSV, told apart by what is in them; each may be packed with"
    " gzip, or alone in a ZIP archive. The body is the file itself, or a form with several. Fixes"
    " are of the device whose key it is; those of a gateway of `?device=`, or of whom the column"
    " `device` of a CSV names. What is stored when an upload breaks off stays, and counts as"
    " duplicates when it is sent again. A file that cannot be read is not kept but for its first"
    " 1024 bytes. Where fixes were read and none of them can be true, the answer is a 200 as well,"
    " with 0 `accepted` and the reasons."
)

_COUNTS: Final[_Json] = {
    "accepted": {"type": "integer", "description": "new fixes, stored"},
    "duplicates": {"type": "integer", "description": "fixes that were there already"},
    "rejected_count": {"type": "integer", "description": "lines or points that were not taken"},
}
_FILE: Final[_Json] = {
    "file": {"type": "string"},
    "kind": {"type": ["string", "null"], "enum": ["csv", "gpx", "fit", "tcx", "kml", None]},
    "found": {"type": "integer", "description": "fixes that could be read"},
    **_COUNTS,
    "rejected": {
        "type": "array",
        "description": "the first 100 of them",
        "items": {
            "type": "object",
            "required": ["place", "reason", "detail"],
            "properties": {
                "place": {"type": "string", "description": "line or point of the file, from 1"},
                "reason": {"type": "string"},
                "detail": {"type": "string"},
            },
        },
    },
    "unknown_devices": {
        "type": "array",
        "items": {"type": "string"},
        "description": "names in it that the key may not send for, the first 100",
    },
    "columns_not_read": {
        "type": "array",
        "items": {"type": "string"},
        "description": "columns of a CSV whose names say nothing to the service, the first 100",
    },
    "error": {
        "type": ["string", "null"],
        "description": "why nothing, or nothing after what is counted, could be read",
    },
}
_REFUSED: Final = {
    "place": "track point 7",
    "reason": "malformed",
    "detail": "has no time",
}
_SUMS: Final[_Json] = {"accepted": 1799, "duplicates": 0, "rejected_count": 1}
_RECEIPT: Final[_Json] = {
    "type": "object",
    "title": "UploadReceipt",
    "required": [*_COUNTS, "files"],
    "properties": {
        **_COUNTS,
        "files": {
            "type": "array",
            "items": {"type": "object", "required": [*_FILE], "properties": _FILE},
        },
    },
    "example": {
        **_SUMS,
        "files": [
            {
                "file": "walk.gpx",
                "kind": "gpx",
                "found": 1799,
                **_SUMS,
                "rejected": [_REFUSED],
                "unknown_devices": [],
                "columns_not_read": [],
                # Of what is None FastAPI's document shows nothing.
                "error": "walk.gpx breaks off in line 7203 (what comes before is used)",
            }
        ],
    },
}
_PROBLEM: Final[_Json] = {"application/problem+json": {"schema": {"type": "object"}}}
_REFUSALS: Final = {
    400: "No file of it can be read, or the connection was cut.",
    401: "No key, or one that nobody holds.",
    408: "The body came too slowly.",
    413: "The body is over the limit, which the answer names.",
    415: "The body is compressed with something other than gzip.",
    422: "A fix cannot be stored.",
    429: "Too many wrong keys came from this address: try again after `Retry-After` seconds.",
    503: "Storage is away, or there is no room: send the same again after `Retry-After` seconds.",
}
RESPONSES: Final[dict[int | str, _Json]] = {
    200: {
        "description": "What became of the fixes, after they were committed.",
        "content": {JSON: {"schema": _RECEIPT}},
    },
    **{code: {"description": said, "content": _PROBLEM} for code, said in _REFUSALS.items()},
}

_BINARY: Final[_Json] = {"type": "string", "format": "binary"}
_BODY: Final[_Json] = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": _BINARY},
        "application/gpx+xml": {"schema": _BINARY},
        "text/csv": {"schema": _BINARY},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": _BINARY}},
            }
        },
    },
}
_DEVICE: Final[_Json] = {
    "name": "device",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Whose the fixes are, where the key is a gateway's: a name or an address.",
}
_KEY: Final[_Json] = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The device's key.",
}
KEY_ELSEWHERE: Final[_Json] = {
    "requestBody": _BODY,
    "parameters": [_DEVICE],
    "security": [{"DeviceKey": []}],
}
KEY_IN_PATH: Final[_Json] = {"requestBody": _BODY, "parameters": [_KEY, _DEVICE]}
