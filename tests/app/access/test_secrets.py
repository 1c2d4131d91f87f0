import re

from app.access.secrets import Kind, digest, new_secret


def test_a_secret_says_what_it_is_for_and_can_be_sent_anywhere() -> None:
    for kind, prefix in ((Kind.DEVICE_KEY, "bkd_"), (Kind.TOKEN, "bkt_")):
        secret = new_secret(kind)
        # 32 bytes are 43 characters of base64.
        assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{43}", secret)


def test_no_two_secrets_are_the_same() -> None:
    assert len({new_secret(Kind.TOKEN) for _ in range(1000)}) == 1000


def test_a_digest_is_the_sha_256_of_a_secret() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc").hex() == expected


def test_whatever_a_header_holds_has_a_digest() -> None:
    assert len(digest("")) == len(digest("\udcff")) == 32
