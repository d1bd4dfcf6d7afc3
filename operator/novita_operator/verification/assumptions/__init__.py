"""What client and simulator assume of Novita's API, one module for each part of it. Pure."""
