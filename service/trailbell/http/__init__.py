"""The HTTP server: the Audit API over our own events, ingest, the API of alerts, health and metrics, the console."""
