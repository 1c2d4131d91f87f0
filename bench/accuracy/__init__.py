"""How far dwell is from the truth: what `make accuracy` runs to write docs/accuracy.md."""
