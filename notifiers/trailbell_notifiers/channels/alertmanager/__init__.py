"""Prometheus Alertmanager: its labels, its API as a receiver, and the document of its webhooks."""
