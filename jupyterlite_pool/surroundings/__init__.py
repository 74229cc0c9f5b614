"""What the kernel tells workers of itself."""
