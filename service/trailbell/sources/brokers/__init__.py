"""Message brokers as sources: a message is acknowledged when its events are durable here, and not before."""
