"""Who is told, and when nobody is: routes, matchers, silences, inhibition, and the times in which a route is quiet."""
