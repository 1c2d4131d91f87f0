"""When was each device in each hot spot, and for how long."""
