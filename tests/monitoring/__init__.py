"""What is watched: alerts, dashboard and metrics, asked by the engine of Prometheus itself."""
