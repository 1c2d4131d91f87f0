"""A bare ASGI echo under the service's own server: the ceiling of one fix a request."""

import socket
import sys
import time
from functools import partial

import uvicorn
from starlette.types import Receive, Scope, Send

from app.cli.patience import Crowd, PatientProtocol
from app.cli.serve import collect_seldom
from ingest.rates import EACH_MINUTE, Rates

MOST = 10_000  # connections, as the service has it


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the request's body."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    crowd = Crowd(MOST, MOST, Rates(EACH_MINUTE, time.monotonic))
    config = uvicorn.Config(
        echo,
        access_log=False,
        log_level="warning",
        http=partial(PatientProtocol, crowd=crowd),
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
    )
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
    collect_seldom()
    uvicorn.Server(config).run(sockets=[listener])
