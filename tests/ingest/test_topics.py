import pytest

from ingest import topics
from ingest.sender import Address


@pytest.mark.parametrize(
    ("topic", "format_", "address"),
    [
        ("owntracks/ada/phone", "owntracks", Address("owntracks", "ada/phone")),
        ("owntracks/ada/phone/event", "owntracks", Address("owntracks", "ada/phone")),
        ("beatkeeper/up/radio-7/pings", "pings", Address("device", "radio-7")),
        ("beatkeeper/up/dimetra/lip", "lip", Address("device", "dimetra")),
    ],
)
def test_a_topic_names_its_format_and_its_sender(
    topic: str, format_: str, address: Address
) -> None:
    assert topics.read(topic) == topics.Origin(format_, address)


@pytest.mark.parametrize(
    "topic", ["", "owntracks/ada", "owntracks/ada/phone/cmd", "beatkeeper/down/radio-7", "x/y/z"]
)
def test_other_topics_name_nobody(topic: str) -> None:
    assert topics.read(topic) is None
