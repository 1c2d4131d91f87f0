import re

from app.access.pseudonyms import is_pseudonym, pseudonyms, study_key, viewer_key


def test_a_name_has_one_pseudonym_under_a_key_and_another_under_another() -> None:
    first, again, other = (pseudonyms(key, "officer", ["12"]) for key in (b"a", b"a", b"b"))
    assert first == again != other
    assert re.fullmatch(r"officer-[0-9a-f]{12}", first[0])


def test_a_device_is_not_known_by_the_officer_of_its_name() -> None:
    device, officer = (pseudonyms(b"a", kind, ["12"])[0] for kind in ("device", "officer"))
    assert device.partition("-")[2] != officer.partition("-")[2]


def test_the_key_of_a_study_depends_on_its_name_and_on_the_secret() -> None:
    keys = {study_key(b"1", "a"), study_key(b"1", "b"), study_key(b"2", "a"), study_key(b"1", "a")}
    assert len(keys) == 3


def test_one_viewers_pseudonyms_are_not_anothers_nor_a_studys() -> None:
    keys = [viewer_key(b"1", "token 7"), viewer_key(b"1", "token 8"), study_key(b"1", "token 7")]
    assert len({pseudonyms(key, "officer", ["12"])[0] for key in keys}) == 3


def test_a_pseudonym_is_told_from_a_name_and_from_one_of_another_kind() -> None:
    assert is_pseudonym("device-0123456789ab", "device")
    for other in ("radio-07", "device-0123456789AB", "device-0123456789ab\n", "device-0123"):
        assert not is_pseudonym(other, "device")
    assert not is_pseudonym("officer-0123456789ab", "device")
