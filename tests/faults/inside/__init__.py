"""Runs in a kernel: each module is a cell there."""
