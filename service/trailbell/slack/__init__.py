"""What people click in Slack: heard over Socket Mode, checked, and done as if it were said on the command line."""
