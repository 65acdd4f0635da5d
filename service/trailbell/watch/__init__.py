"""The sources of a run, watched: which time of theirs has been read, and what is wrong with them."""
