import base64

import pytest

from ingest.credentials import Headers, credential, without_key
from ingest.errors import Unauthorised
from ingest.sender import Key

AGENT = (b"user-agent", b"Owntracks-Android/2.5.4")


def authorization(value: bytes) -> Headers:
    return [AGENT, (b"authorization", value)]


def basic(text: str) -> Headers:
    return authorization(b"Basic " + base64.b64encode(text.encode()))


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        (authorization(b"Bearer bkd_k"), Key("bkd_k")),
        (authorization(b"bearer  bkd_k "), Key("bkd_k")),
        (basic("ada:bkd_k"), Key("bkd_k", "ada")),
        (basic("ada:bkd:k"), Key("bkd:k", "ada")),
        (basic(":bkd_k"), Key("bkd_k", "")),
        (basic("naïve:ключ"), Key("ключ", "naïve")),
        (authorization(b"BASIC " + base64.b64encode(b"ada:bkd_k")), Key("bkd_k", "ada")),
        (basic("bkd_k:"), Key("bkd_k")),  # as of `curl -u KEY:`
        (basic("bkd_k"), Key("bkd_k")),
        (authorization(b"Basic bkd_k:"), Key("bkd_k")),  # as of Overland's OwnTracks mode
        (authorization(b"Basic ada:bkd_k"), Key("bkd_k", "ada")),
        ([AGENT, (b"x-device-key", b"bkd_k")], Key("bkd_k")),
        ([(b"x-device-key", b""), (b"x-device-key", b"bkd_k")], Key("bkd_k")),
        ([*authorization(b"Basic !!!"), (b"x-device-key", b"bkd_k")], Key("bkd_k")),
        ([*authorization(b"Basic !!!"), *authorization(b"Bearer bkd_k")], Key("bkd_k")),
    ],
)
def test_a_key_is_found_in_the_headers(headers: Headers, key: Key) -> None:
    assert credential(headers, b"", "") == key
    assert credential(headers, b"id=7&key=other", "/") == key


@pytest.mark.parametrize(
    ("query", "key"),
    [
        (b"key=bkd_k", "bkd_k"),
        (b"id=7&key=bkd_k&lat=51.5", "bkd_k"),
        (b"key=first&key=bkd_k", "bkd_k"),
        (b"%6bey=bkd_k", "bkd_k"),
        (b"key=bkd%5Fk", "bkd_k"),
        (b"key=a+b%3D", "a b="),
        (b"monkey=x&key=bkd=k", "bkd=k"),
        (b"\xff=1&key=\xff", "ÿ"),
    ],
)
def test_a_key_is_found_among_the_parameters(query: bytes, key: str) -> None:
    assert credential([AGENT], query, "") == Key(key)


@pytest.mark.parametrize(
    "header", [b"Basic Og==", b"Basic ", b"Basic", b"Bearer ", b"Digest x", b"Basic !!!"]
)
def test_credentials_that_say_nothing_hide_no_key(header: bytes) -> None:
    assert credential(authorization(header), b"key=bkd_k", "") == Key("bkd_k")


@pytest.mark.parametrize("headers", [basic("user:"), basic("a:b"), authorization(b"Basic !!!")])
def test_a_key_in_the_path_comes_first(headers: Headers) -> None:
    for in_path in ("bkd_k", "bkd_k/", "/bkd_k/"):
        assert credential(headers, b"key=other", in_path) == Key("bkd_k")


@pytest.mark.parametrize(
    ("headers", "query", "said"),
    [
        ([], b"", "no device key"),
        ([AGENT], b"id=7&monkey=k&keys=k", "no device key"),
        ([AGENT], b"key=", "no device key"),
        ([AGENT], b"key", "no device key"),
        ([(b"x-limit-u", b"ada"), (b"x-limit-d", b"phone")], b"u=ada&d=phone", "no device key"),
        (authorization(b"Bearer"), b"", "no device key"),
        (authorization(b"Basic Og=="), b"", "no device key"),
        (authorization(b"Basic !!!"), b"", "not base64 of `user:password`"),
        (authorization(b"Basic /w=="), b"", "not base64 of `user:password`"),
        (authorization(b"Basic bkd_"), b"", "not base64 of `user:password`"),
        (authorization(b"Basic \xff\xfe"), b"", "not base64 of `user:password`"),
    ],
)
def test_who_shows_no_key_is_told_where_to_put_it(
    headers: Headers, query: bytes, said: str
) -> None:
    with pytest.raises(Unauthorised, match=said):
        credential(headers, query, "")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", b""),
        (b"key=k", b""),
        (b"lat=1&key=k&id=a&%6bey=k&k%65y", b"lat=1&id=a"),
        (b"\xff=1&key=x&lat=\xfe&", b"\xff=1&lat=\xfe&"),
        (b"monkey=1&keys=2&%zz=3", b"monkey=1&keys=2&%zz=3"),
    ],
)
def test_a_query_is_kept_without_its_key(query: bytes, kept: bytes) -> None:
    assert without_key(query) == kept
