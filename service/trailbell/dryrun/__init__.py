"""What a dry-run makes of history beyond counting: verdicts, coverage, versions compared, messages, suggestions."""
