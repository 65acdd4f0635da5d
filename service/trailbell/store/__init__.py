"""The store: recorded inputs, state, alerts and outbox, in one SQLite file or in PostgreSQL."""
