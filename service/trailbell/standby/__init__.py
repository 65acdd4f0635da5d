"""What is done when a receiver fails, or when more waits for it than anybody would read."""
