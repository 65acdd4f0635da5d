"""Trailbell: alerting rules for audit events."""

__version__ = "0.1.0"
