"""What a pass over a job sees."""
