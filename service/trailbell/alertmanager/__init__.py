"""Coming from an Alertmanager: its configuration, its matchers and its intervals in our words."""
