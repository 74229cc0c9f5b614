"""Tasks go out to workers, and results come back."""
