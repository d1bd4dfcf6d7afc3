"""One folder per kind; kinds do not import each other."""
