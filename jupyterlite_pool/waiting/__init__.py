"""How a program with a single thread waits."""
