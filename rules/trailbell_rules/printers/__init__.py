"""Problems as text for people and as documents for machines. A printer never judges."""
