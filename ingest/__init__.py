"""From bytes on the wire to batches of fixes."""
