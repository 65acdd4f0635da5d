"""Rules of other languages, said in ours; what cannot be said exactly is refused by name."""
