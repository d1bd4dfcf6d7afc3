"""A soak: many objects of every kind, days of accelerated time, everything at random, and a checker at every second."""
