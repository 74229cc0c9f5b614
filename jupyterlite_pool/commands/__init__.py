"""What a notebook says to the pool: magics, Interrupt, words of the page."""
