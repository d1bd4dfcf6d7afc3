"""Programs of jobs on machines that are real, disturbed in every way, and judged by the marks that they leave."""
