"""The page on which the API documents itself; it needs nothing from the internet."""

import base64
import hashlib
import re
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

PATH: Final = "/docs"
# As the page names them, so that they are found behind a proxy's prefix too.
_FILES: Final = "docs/files"
_DESCRIPTION: Final = "openapi.json"
_NO_ICON: Final = "data:,"
_SCRIPT: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Serves the page, and Swagger UI's own files as the package fastapi-offline keeps them."""
    files = StaticFiles(packages=[("fastapi_offline", "static")])
    app.mount(f"/{_FILES}", files, name="docs files")

    async def page(_request: Request) -> Response:
        page = get_swagger_ui_html(
            openapi_url=_DESCRIPTION,
            title=app.title,
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=_NO_ICON,
        )
        page.headers["Content-Security-Policy"] = _policy(bytes(page.body))
        return page

    app.add_route(PATH, page, include_in_schema=False)


def _policy(page: bytes) -> str:
    """What the page may load: our own files, and of scripts in it just the one that there is."""
    digests = (hashlib.sha256(script).digest() for script in _SCRIPT.findall(page))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    )
