"""SQL, headers and markup in every text that somebody may send: all of it stays a text."""

from typing import Any

import pytest
from attacking import OFFICER, Attacked

TEXTS = (
    "'; DROP TABLE officers; --",
    "x' OR '1'='1",
    'x" OR ""="',
    "%27%20OR%201=1--",
    "x\r\nSet-Cookie: session=mine",
    "x\nLocation: https://evil.example",
    "\u0000",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
)


def parameters(document: dict[str, Any], method: str) -> list[tuple[str, str, str]]:
    """Every parameter that is a text: path, where it stands, its name."""
    return [
        (path, one["in"], one["name"])
        for path, methods in document["paths"].items()
        if path.startswith("/api/v1")
        for one in methods.get(method, {}).get("parameters", ())
        if one["in"] in {"path", "query", "header"}
    ]


# Each asks every route for every parameter: several attacks in one text.
@pytest.mark.parametrize(
    "text", ["'; DROP TABLE officers; --\r\nSet-Cookie: session=1", "\u0000{{"], ids=["sql", "nul"]
)
def test_no_text_is_read_as_sql_or_as_a_header(service: Attacked, text: str) -> None:
    for path, place, name in parameters(service.app.openapi(), "get"):
        if place == "header":
            continue
        filled = path
        while "{" in filled:
            begin, end = filled.index("{"), filled.index("}")
            inside = text.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")
            filled = filled[:begin] + inside.replace("{", "%7B") + filled[end + 1 :]
        answer = service.client.get(
            f"http://testserver{filled}",
            params={name: text} if place == "query" else {},
            headers=service.shown["administrator"],
            allow_redirects=False,
        )
        assert answer.status_code < 500, (path, name, answer.text)
        assert "session" not in answer.headers.get("set-cookie", ""), (path, name)
        assert "evil" not in answer.headers.get("location", ""), (path, name)
    officers = service.ask("GET", "/officers").json()["items"]
    assert [one["number"] for one in officers] == [OFFICER["number"]]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_stored_text_comes_back_as_it_was_or_not_at_all(service: Attacked, text: str) -> None:
    answer = service.ask("POST", "/teams", {"name": text})
    assert answer.status_code in {201, 409, 422}, answer.text
    assert answer.headers["content-type"].startswith(("application/json", "application/problem"))
    if answer.status_code == 201:
        assert answer.json()["name"] == text


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.invalid/\r\nX-Evil: 1",
        "https://hook.invalid\r\nHost: evil/",
        "https://hook.invalid/?a=b\nc",
        "https://me:you@hook.invalid/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/_MAIL",
        "javascript:alert(1)",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://0x7f.1/",
        "https://localhost/",
    ],
)
def test_a_webhooks_address_holds_no_header_and_leads_to_no_inner_door(
    service: Attacked, url: str
) -> None:
    answer = service.ask("POST", "/webhooks", {"name": "x", "url": url})
    if answer.status_code == 201:
        made = answer.json()["url"]
        assert made.isascii()
        assert made.isprintable()
        assert made.startswith("https://hook.invalid/")
    else:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["where"] in {"url", "body.url"}


@pytest.mark.parametrize("name", ["x\r\nX-Evil: 1", "\u0000", "x\u2028y", " "])
def test_a_webhooks_name_is_nobodys_header(service: Attacked, name: str) -> None:
    answer = service.ask("POST", "/webhooks", {"name": name, "url": "https://hook.invalid/"})
    assert answer.status_code in {201, 422}
    assert "X-Evil" not in answer.headers
