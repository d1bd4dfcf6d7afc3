"""The operator's image: by Docker or buildah where one is there, from Debian packages and wheels elsewhere."""
