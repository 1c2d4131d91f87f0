"""How much can be patrolled: the coverage to expect of a plan."""
