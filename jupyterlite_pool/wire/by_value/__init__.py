"""What a notebook's cells define, sent as a whole: its classes, functions and kinds of objects."""
