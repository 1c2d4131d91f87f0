import pytest
from paho.mqtt.client import topic_matches_sub

from ingest.sender import Address
from ingest.topics import TOPICS, Origin, Topics

ADA = Origin("owntracks", Address("owntracks", "ada/phone"))


@pytest.mark.parametrize(
    ("topic", "origin"),
    [
        ("owntracks/ada/phone", ADA),
        ("owntracks/ada/phone/event", ADA),
        ("beatkeeper/up/radio-7/pings", Origin("pings", Address("device", "radio-7"))),
        ("beatkeeper/up/dimetra/lip", Origin("lip", Address("device", "dimetra"))),
    ],
)
def test_a_topic_names_its_format_and_its_sender(topic: str, origin: Origin) -> None:
    assert TOPICS.read(topic) == origin
    assert [topic_matches_sub(one.pattern, topic) for one in TOPICS.subscriptions].count(True) == 1


OTHERS = ["waypoint", "waypoints", "status", "cmd", "info", "dump", "step", "beacon"]


@pytest.mark.parametrize(
    "topic",
    ["", "owntracks", "owntracks/ada", "beatkeeper/down/radio-7/pings", "beatkeeper/up/a", "x/y/z"]
    + [f"owntracks/ada/phone/{other}" for other in OTHERS],
)
def test_other_topics_name_nobody_and_are_not_listened_to(topic: str) -> None:
    assert TOPICS.read(topic) is None
    assert not any(topic_matches_sub(one.pattern, topic) for one in TOPICS.subscriptions)


@pytest.mark.parametrize("base", ["fleet", "force/ot", "beatkeeper/phones"])
def test_phones_may_publish_under_another_base(base: str) -> None:
    topics = Topics(base)
    for end in ("", "/event"):
        topic = f"{base}/ada/phone{end}"
        assert topics.read(topic) == ADA
        assert any(topic_matches_sub(one.pattern, topic) for one in topics.subscriptions)
    assert topics.read("owntracks/ada/phone") is None
