"""What the programs of jobs print: live from their machines, and what is kept of it."""
