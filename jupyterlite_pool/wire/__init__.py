"""Calls and results as bytes, between the kernel and its workers."""
