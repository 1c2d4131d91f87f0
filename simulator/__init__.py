"""Patrols with known truth: a town, its officers and their devices, made up from a seed."""

from simulator.scenario import Scenario, make

__all__ = ["Scenario", "make"]
