"""Fakes that speak the real protocols over loopback sockets, for tests and for trying things out."""
