"""The console at ``/``: pages for people, made on the server, without a script."""
