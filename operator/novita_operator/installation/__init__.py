"""Whether an installation works: what `helm test` asks."""
