import pytest

from ingest.broker import Broker


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://127.0.0.1", Broker("127.0.0.1", 1883)),
        ("mqtt://broker.example:1999", Broker("broker.example", 1999)),
        ("mqtts://broker.example", Broker("broker.example", 8883, tls=True)),
        ("mqtt://in%40gest:p%2Fw@[::1]", Broker("::1", 1883, "in@gest", "p/w")),
    ],
)
def test_a_url_says_where_the_broker_is_and_how_to_log_in(url: str, broker: Broker) -> None:
    assert Broker.from_url(url) == broker


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://broker", "mqtt://", "mqtt://h:port"])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"mqtt://|[Pp]ort"):
        Broker.from_url(url)


def test_no_log_shows_the_password() -> None:
    broker = Broker.from_url("mqtt://ingest:secret@broker.example")
    assert "secret" not in f"{broker} {broker!r}"
