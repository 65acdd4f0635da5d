"""A live run at work: sources on threads of their own, one engine, and rules that are exchanged while it goes on."""
