"""Backends carry batches of tasks to workers and bring the results back."""
