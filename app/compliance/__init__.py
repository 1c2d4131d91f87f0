"""Visits and plans in; patrols, cells, coverage and compliance out. Pure: no SQL, no clock."""
