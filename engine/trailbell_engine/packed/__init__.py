"""What rules remember in as little memory as may be: a table of bytes, and JSON values as few of them."""
