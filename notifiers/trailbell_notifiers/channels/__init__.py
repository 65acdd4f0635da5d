"""The channels: one file each, or one folder."""
