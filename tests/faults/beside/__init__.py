"""The same faults, done to our pool and to the pools of other projects, in one table."""
