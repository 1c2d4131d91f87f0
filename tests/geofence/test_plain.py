"""The engine agrees with a second, plain implementation of the dwell method."""

import contest
import shapes
import worlds
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st

from geofence.model import Fixes, Hotspot, Profile


@examples(100)
@given(worlds.walks(devices=1), worlds.profiles)
def test_a_plain_implementation_gives_the_same_visits(fixes: Fixes, profile: Profile) -> None:
    contest.agree(fixes, worlds.hotspots(), profile)


@examples(40)
@given(worlds.strolls(devices=1), worlds.profiles)
def test_so_it_does_of_strolls_with_errors_and_missing_fixes(
    fixes: Fixes, profile: Profile
) -> None:
    contest.agree(fixes, worlds.hotspots(), profile)


@examples(60)
@given(worlds.tracks, worlds.profiles, worlds.middles)
def test_so_it_does_near_the_poles_and_about_the_antimeridian(
    fixes: Fixes, profile: Profile, middle: worlds.Middle
) -> None:
    contest.agree(worlds.moved(fixes, middle), worlds.hotspots(middle), profile)


@examples(80)
@given(shapes.hotspots(), worlds.profiles, st.data())
def test_so_it_does_at_any_hot_spot_with_fixes_at_a_corner(
    hotspot: Hotspot, profile: Profile, data: st.DataObject
) -> None:
    contest.agree(data.draw(shapes.tracks_at(hotspot)), [hotspot], profile)
