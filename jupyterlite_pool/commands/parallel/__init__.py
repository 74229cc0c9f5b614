"""Cells of a notebook that run on workers: what they read and change, and in which order."""
