"""E-mail: the message, its two bodies, and the conversation with a server."""
