"""``trailbell.yaml`` and the environment: read, checked, completed, and shown with where each setting comes from."""
