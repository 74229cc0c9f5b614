"""What can go wrong with a pool is done to it, under load, at instants drawn at random."""
