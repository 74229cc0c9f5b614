"""Ordinary cells that the page sends to workers: what they read and change, and in which order."""
