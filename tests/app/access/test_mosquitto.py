import pytest

from app.access.mosquitto import Login, Service, files
from app.access.secrets import mqtt_hash, new_device_key

SERVICE = Service("beatkeeper", "$7$of-the-service")
NOBODY = frozenset[str]()


def test_each_user_has_lines_of_its_own_and_there_is_no_pattern() -> None:
    radio = Login("radio-7", "$7$of-radio-7")
    phone = Login("phone-03", "$7$of-phone-03", ["pc1/phone"])
    gateway = Login("g1", None, [], ["radio-7"])
    made = files(SERVICE, [radio, phone, gateway], NOBODY)
    assert made.left_out == []
    assert made.passwords.splitlines() == [
        "beatkeeper:$7$of-the-service",
        "radio-7:$7$of-radio-7",
        "phone-03:$7$of-phone-03",
    ]
    assert made.access == (
        "user beatkeeper\n"
        "topic read beatkeeper/up/#\n"
        "topic read owntracks/+/+\n"
        "topic read owntracks/+/+/event\n"
        "topic write beatkeeper/down/#\n"
        "\n"
        "user radio-7\n"
        "topic write beatkeeper/up/radio-7/+\n"
        "topic read beatkeeper/down/radio-7\n"
        "\n"
        "user phone-03\n"
        "topic write beatkeeper/up/phone-03/+\n"
        "topic read beatkeeper/down/phone-03\n"
        "topic write owntracks/pc1/phone\n"
        "topic write owntracks/pc1/phone/event\n"
        "\n"
        "user g1\n"
        "topic write beatkeeper/up/g1/+\n"
        "topic read beatkeeper/down/g1\n"
        "topic write beatkeeper/up/radio-7/+\n"
        "topic read beatkeeper/down/radio-7\n"
    )


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (Login("a:b", "x"), "colon"),
        (Login("+", "x"), "pattern"),
        (Login("#", "x"), "pattern"),
        (Login("phone\ntopic readwrite #", "x"), "user's name"),
        (Login("phone", "x", ["+/+"]), "pattern"),
        (Login("phone", "x", ["pc1/#"]), "pattern"),
        (Login("phone", "x", ["pc1/a\ntopic readwrite b"]), "pattern"),
        (Login("g1", "x", [], ["+"]), "pattern"),
        (Login("beatkeeper", "x"), "the service logs in"),
        (Login("consumer-1", "x"), "the service logs in"),
    ],
)
def test_a_name_that_would_be_more_than_itself_is_left_out(login: Login, said: str) -> None:
    made = files(SERVICE, [login], frozenset({"consumer-1"}))
    [why] = made.left_out
    assert said in why
    assert made == files(SERVICE, [], NOBODY).__class__(
        "beatkeeper:$7$of-the-service\n", files(SERVICE, [], NOBODY).access, [why]
    )


def test_a_service_with_a_certificate_has_no_password() -> None:
    made = files(Service("beatkeeper", None, "fleet/phones"), [], NOBODY)
    assert made.passwords == ""
    assert "topic read fleet/phones/+/+/event\n" in made.access


def test_what_mosquitto_stores_of_a_password_is_as_its_own_program_writes_it() -> None:
    # mosquitto_passwd of 2.0.11 makes a salt of 12 bytes and 101 rounds; PBKDF2 as hashlib has it.
    text = mqtt_hash("secret", b"twelve bytes")
    assert text.startswith("$7$101$dHdlbHZlIGJ5dGVz$")
    assert text.endswith("==")


def test_a_devices_key_shows_neither_itself_nor_twice_the_same() -> None:
    one, other = new_device_key(), new_device_key()
    assert one.secret not in repr(one)
    assert one.mqtt_hash != other.mqtt_hash
