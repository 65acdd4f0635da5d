"""A report as one HTML file that asks nobody for anything: no network, and a script that only sorts."""
