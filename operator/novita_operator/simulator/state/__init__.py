"""What one account holds and how it moves: clock, instances, ledger, jobs, calls."""
