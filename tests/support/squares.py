"""Square hot spots as GeoJSON."""


def square(lon: float = -2.98, lat: float = 53.4, side: float = 0.001) -> dict[str, object]:
    """A square polygon with its south-west corner there; sides in degrees."""
    ring = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[lon + x, lat + y] for x, y in ring]]}


def feature(
    key: object = "HS1", geometry: object = None, **properties: object
) -> dict[str, object]:
    """A feature with that `properties.id`; a square near Liverpool if not told."""
    return {
        "type": "Feature",
        "geometry": square() if geometry is None else geometry,
        "properties": {"id": key, **properties},
    }


def collection(*features: object) -> dict[str, object]:
    """A FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}
