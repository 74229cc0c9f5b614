"""Decides which tasks go out next, and tells their sources what became of them.

How a batch reaches a worker is the business of `backends`.
"""
