"""What msgspec says is wrong with a value, as a sentence that begins with where it is."""

import msgspec


def sentence(error: msgspec.ValidationError) -> str:
    """Turn "Expected `float`, got `str` - at `$.lat`" into "lat: expected `float`, got `str`"."""
    text, _, place = str(error).partition(" - at `$")
    place = place.strip(".`")
    text = text[0].lower() + text[1:]
    return f"{place}: {text}" if place else text
