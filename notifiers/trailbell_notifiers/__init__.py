"""From an alert to a person: routing, rendering, channels, the outbox state machine."""
