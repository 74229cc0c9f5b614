"""What the notebook shows of the pool, and what its page is told and has set."""
