"""How well a device could be observed: pure, columns in and figures out."""
