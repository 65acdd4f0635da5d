"""The pure core: events in, alerts out. No clock, disk, network or logging."""
