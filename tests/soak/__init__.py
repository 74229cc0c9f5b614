"""The long tests: thousands of crashes, millions of tasks, and input that nobody would send.

`make soak MINUTES=60` runs all of it; without `MINUTES` each test runs a small part.
"""
