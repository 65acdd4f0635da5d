"""Slack: the bot and the incoming webhook, messages, threads and buttons."""
