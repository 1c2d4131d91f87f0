"""Records of FIT files: real ones, one made for the reference, and broken ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_vectors import vectors
from trackmaking import BEGIN_US, FIT_BEGIN, WALK, fit, fit_compressed

from ingest.trackfiles import TrackFile, read_tracks
from ingest.tracksource import TrackFileError

SECOND_US = 1_000_000


def read(folder: Path, content: bytes) -> TrackFile:
    path = folder / "walk.fit"
    path.write_bytes(content)
    return read_tracks([path])


@pytest.mark.parametrize("vector", vectors("fit"))
def test_a_vector_says_what_its_reference_does(vector: dict[str, Any], tmp_path: Path) -> None:
    (first, _) = vector["expect"]["records"]
    track = read(tmp_path, bytes.fromhex(vector["hex"]))
    assert track.time_us.tolist() == [1_700_000_000 * SECOND_US]  # of the second, no place
    assert track.lat.tolist() == [pytest.approx(first["lat"], abs=1e-7)]
    assert track.lon.tolist() == [pytest.approx(first["lon"], abs=1e-7)]
    assert track.speed_mps.tolist() == [first["speed_mps"]]
    assert track.accuracy_m.tolist() == [first["gps_accuracy_m"]]
    assert (track.names, track.bad, track.unread) == (["walk"], [], [])


def test_real_files_say_what_others_read_in_them(shared_data: Path) -> None:
    files = sorted((shared_data / "raw" / "fit").glob("*.fit"))
    track, known = read_tracks(files), read_tracks([shared_data / "tracks" / "handhelds.csv"])
    assert track.unread == []
    assert len(files) == len(track.names) == 7
    for name in track.names:
        mine = track.device == track.names.index(name)
        same = known.device == known.names.index(name)
        assert track.time_us[mine].tolist() == known.time_us[same].tolist()
        np.testing.assert_allclose(track.lat[mine], known.lat[same], rtol=0, atol=6e-8)
        np.testing.assert_allclose(track.lon[mine], known.lon[same], rtol=0, atol=6e-8)


def test_times_in_five_bits_go_on_from_the_last_whole_one(tmp_path: Path) -> None:
    places = [(51.5, -0.1)] * 70
    track = read(tmp_path, fit_compressed(places))
    assert ((track.time_us - BEGIN_US) // SECOND_US).tolist() == list(range(70))


def test_files_end_to_end_are_all_read_also_after_a_wrong_checksum(tmp_path: Path) -> None:
    wrong = bytearray(fit())
    wrong[-1] ^= 1
    track = read(tmp_path, bytes(wrong) + fit(begin=FIT_BEGIN + 100))
    assert len(track.time_us) == 2 * len(WALK)
    (told,) = track.unread
    assert "a checksum in it does not match" in str(told)


def test_a_file_broken_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    track = read(tmp_path, fit()[:-15])
    assert len(track.time_us) == len(WALK) - 1
    assert "it is broken off" in str(track.unread[0])


def test_records_of_a_device_that_knows_no_date_or_place_are_told_apart(tmp_path: Path) -> None:
    content = fit([(51.5, 0.0), None]) + fit([(91.0, 0.0)]) + fit([(51.5, 0.0)], begin=1000)
    track = read(tmp_path, content)
    assert len(track.time_us) == 1
    assert [(line.place, line.reason.partition(" ")[2]) for line in track.bad] == [
        ("record 3", "91 is not within -90 to 90"),
        ("record 4", "no date: the device's clock was not set"),
    ]


@pytest.mark.parametrize("vector", vectors("fit"))
def test_a_vector_cut_at_any_byte_is_used_so_far_or_refused(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    whole = bytes.fromhex(vector["hex"])
    found, said = [], set()
    for length in range(14, len(whole)):
        try:
            found.append(len(read(tmp_path, whole[:length]).time_us))
        except TrackFileError as exc:
            said.add(str(exc).partition(": ")[0])
            found.append(0)
    assert said == {f"{tmp_path / 'walk.fit'} is not sound FIT"}
    assert found == sorted(found)
    assert set(found) == {0, 1}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(12, 90), st.integers(0, 255)), max_size=5))
def test_bytes_turned_anywhere_are_no_other_error(
    tmp_path: Path, turned: list[tuple[int, int]]
) -> None:
    content = bytearray(fit())
    for position, byte in turned:
        content[position % len(content)] = byte
    try:
        track = read(tmp_path, bytes(content))
    except TrackFileError:
        return
    assert np.abs(track.lat).max() <= 90
