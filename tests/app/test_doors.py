"""Every format through the real service: a request of each, as its sender makes it."""

from collections.abc import Iterator

import httpx
import pytest
from running import Running

from ingest.doors import DOORS
from ingest.examples import EXAMPLES

ANSWERS = {"owntracks": "[]", "overland": '{"result":"ok"}', "osmand": "", "traccar": ""}
ANSWERS["gpslogger"] = ""
RECEIPT = '{"accepted":1,"duplicates":0,"rejected":[]}'
IDS = ("phone-03", "2167005")  # what the examples call themselves


@pytest.fixture(scope="module")
def service(modules_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("doors"), {"database": modules_url}) as running:
        yield running


def made(service: Running, name: str, kind: str, **more: object) -> str:
    """Makes a device and gives its key."""
    with service.client() as client:
        answer = client.post("/devices", json={"name": name, "kind": kind, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def accepted(service: Running) -> int:
    with service.client() as client:
        return int(client.get("/ingest").json()["accepted"])


def test_each_format_is_stored_and_answered_and_no_key_is_logged(service: Running) -> None:
    keys, before = {}, accepted(service)
    for number, door in enumerate(DOORS, 1):
        addresses = [{"kind": f"of_{door.format}", "address": one} for one in IDS]
        key = keys[door.format] = made(service, f"unit-{number}", "handheld", addresses=addresses)
        example, url = EXAMPLES[door.format], f"{service.url}/ingest/{door.format}"
        headers = {"Content-Type": example.media_type}
        assert httpx.post(url, content=example.text, headers=headers).status_code == 401
        answer = httpx.post(f"{url}/{key}", content=example.text, headers=headers)
        assert (answer.status_code, answer.text) == (200, ANSWERS.get(door.format, RECEIPT))
        assert accepted(service) == before + number
        for bad in ("?key=" + key, "/" + key):
            refused = httpx.post(url + bad, content=b"\xff{")
            assert refused.status_code in {200, 400}
            assert key not in refused.text
        assert httpx.get(f"{service.url}/ingest/{door.format}s/{key}").status_code == 404
    log = service.log()
    assert "set aside" in log
    assert [name for name, key in keys.items() if key in log] == []


def test_apps_that_are_given_a_url_send_in_it(service: Running) -> None:
    addresses = [{"kind": "traccar", "address": "123456"}]
    key = made(service, "phone-03", "phone", addresses=addresses)
    point = {"lat": 51.5, "lon": -0.1, "timestamp": 1_772_399_000}
    basic, before = ("phone-03", key), accepted(service)
    requests = (
        ("osmand", "", {"id": "phone-03", "key": key}, None),
        ("osmand", f"/{key}", {"deviceid": "123456"}, None),
        ("traccar", "", {"id": "123456"}, basic),
        ("gpslogger", f"/{key}/", {}, None),
    )
    for number, (format_, rest, more, auth) in enumerate(requests, 1):
        url, named = f"{service.url}/ingest/{format_}{rest}", point | more
        answer = httpx.get(url, params=named | {"timestamp": 1_772_399_000 + number}, auth=auth)
        assert (answer.status_code, answer.content) == (200, b"")
        assert accepted(service) == before + number


def test_a_radio_gateway_speaks_for_its_radios_by_their_addresses(service: Running) -> None:
    for number, issi in enumerate(("2167005", "2167006"), 1):
        addresses = [{"kind": "issi", "address": issi}]
        made(service, f"radio-{number}", "radio", addresses=addresses)
    key = made(service, "dimetra", "gateway", speaks_for=["radio-1"])
    auth = {"Authorization": f"Bearer {key}"}
    body = "".join(f"{issi} 0A001BDE31D89B7900081\n" for issi in ("2167005", "2167006"))
    answer = httpx.post(f"{service.url}/ingest/lip", content=body, headers=auth).json()
    assert answer["accepted"] == 1
    assert answer["rejected"] == [
        {
            "index": 1,
            "reason": "unknown_device",
            "detail": "device: 'dimetra' may not send for '2167006'",
        }
    ]
