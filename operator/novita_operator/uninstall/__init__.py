"""What the chart's pre-delete hook runs: say what costs, delete it where that is asked for, end the operator."""
