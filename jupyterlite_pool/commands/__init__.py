"""What a notebook tells the pool: magics, Interrupt, control words of the page."""
