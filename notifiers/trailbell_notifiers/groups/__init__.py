"""Alerts that are told together: the state of a group, its timers, and what is new in a message."""
