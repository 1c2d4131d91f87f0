"""Where crime is: micro-places, ranked and checked."""
