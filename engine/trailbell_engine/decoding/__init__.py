"""From bytes to events: JSON read exactly, and fast where it is ordinary; the envelope found by a map."""
