"""Sources of tasks: calls, jobs of many items, and calls that every worker makes."""
