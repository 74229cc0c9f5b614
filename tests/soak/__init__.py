"""What is long: crashes by the thousand, tasks by the million, and input that nobody would send.

`make soak MINUTES=60` does all of it; without `MINUTES` each test does a small part.
"""
