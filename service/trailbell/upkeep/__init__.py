"""Looking after the store: what is kept how long, copies of it, and taking a person out of it."""
