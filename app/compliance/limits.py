"""How much may be said of people, places and plans, through whatever door it comes in."""

from typing import Final

LONGEST_NAME: Final = 200  # characters
LONGEST_NOTE: Final = 4_000
LONGEST_DEVICE_NAME: Final = 100
MOST_WINDOWS: Final = 100  # of a plan
MOST_TRIAL_DAYS: Final = 100_000  # of a plan: a hot spot on a day each
MOST_PATROLS: Final = 1_000  # of a window
LONGEST_PATROL_MINUTES: Final = 1_440
LONGEST_OVERDUE_MINUTES: Final = 10_080
LONGEST_PRESENCE_DAYS: Final = 31  # that count of one patrol
LONGEST_DUTY_DAYS: Final = 7  # longer ones are mistakes, as of a year
HEAVIEST: Final = 1e12  # weights of hot spots: their sum is finite, whatever they are counted in

# What a name may not have in it, and what a note may not: PostgreSQL refuses some, and nobody sees
# any. A note has lines and tabs.
NO_NAME: Final = r"\x00-\x1f\x7f"
NO_NOTE: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"

# A device's name is a level of its MQTT topics, and what phones are called is two of theirs.
DEVICE_NAME: Final = r"^[^\x00-\x20\x7f/+#]+$"
OWNTRACKS_ADDRESS: Final = r"^[^\x00-\x1f\x7f/+#]+/[^\x00-\x1f\x7f/+#]+$"
