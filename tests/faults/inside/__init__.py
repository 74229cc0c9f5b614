"""Runs in a kernel: its modules are cells there."""
