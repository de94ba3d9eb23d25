"""What a language model wrote, held against the passages it cites."""
