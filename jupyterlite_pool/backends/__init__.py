"""Who carries batches of tasks to workers."""
