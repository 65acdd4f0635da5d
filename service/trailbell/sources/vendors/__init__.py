"""Audit logs of other vendors: for each how it is asked, page by page; the polling itself is the same for all."""
