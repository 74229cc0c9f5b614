"""Bytes between kernel and worker."""
