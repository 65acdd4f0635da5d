"""Sockets and HTTP towards receivers: guarded, under one deadline."""
