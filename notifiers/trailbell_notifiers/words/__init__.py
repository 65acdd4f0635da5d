"""What an alert says: the templates of its rule, rendered and bounded, and event data made harmless as text."""
