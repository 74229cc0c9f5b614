"""How a program of one thread waits."""
