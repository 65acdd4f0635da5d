"""Syslog as a source: lines that programs and devices send over UDP, TCP or TLS."""
