"""Tasks go out, results come back."""
