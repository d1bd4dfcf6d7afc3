"""What a pass over a set sees."""
