"""The fault harness: real operators, a real API server, a simulated Novita whose ledger is the judge."""
