"""Where events come from: one source per file."""
