"""A dry-run's report as documents: for pull requests, CI, code hosts and browsers. A printer never judges."""
