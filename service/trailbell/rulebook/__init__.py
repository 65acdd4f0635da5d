"""The rules of a live run: read quickly, kept in a form that is quicker still, read again where something changed."""
