"""Suggestions as GeoJSON (RFC 7946) that can be imported as hot spots, as they are."""

from collections.abc import Iterator, Mapping

import shapely

from app.places.advice import MONTHS, SNAPPED, Advice
from app.places.suggestion import Suggestion


def collection(advice: Advice) -> dict[str, object]:
    """A FeatureCollection of the places suggested; `notes` say what is to be known of all."""
    return {
        "type": "FeatureCollection",
        "notes": advice.notes,
        "features": [_feature(one, advice) for one in advice.found],
    }


def _feature(one: Suggestion, advice: Advice) -> Mapping[str, object]:
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(one.polygon),
        "properties": {
            "id": one.key,
            "name": one.name,
            "rank": one.rank,
            "crimes": one.crimes,
            "weight": one.weight,
            "share": round(one.share, 6),
            "points": one.points,
            "neighbours": one.neighbours,
            "notes": list(_notes(one, advice)),
        },
    }


def _notes(one: Suggestion, advice: Advice) -> Iterator[str]:
    """What is to be known of one place, wherever it is taken."""
    if one.snapped:
        yield SNAPPED
    if one.on_one_point:
        yield "It rests on a single snapped point: look there before patrolling."
    if advice.chosen.months:
        yield MONTHS
    yield from (caution.says for caution in advice.cautions if one.key in caution.about)
