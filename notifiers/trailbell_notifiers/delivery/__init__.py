"""From a message to a receipt: the state machine of deliveries, its breaker, and what is said of trouble."""
