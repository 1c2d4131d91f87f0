"""Tries the whole chain, from a device's message to a stored fix, and says what is wrong."""
