"""Being a process: queue, health, shutdown, kopf settings."""
