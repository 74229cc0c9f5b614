"""The same faults, done to the pool and to those of others: one table of what became of them."""
