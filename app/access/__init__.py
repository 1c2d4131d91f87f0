"""Who may see what, and the secrets by which people and devices are known."""
