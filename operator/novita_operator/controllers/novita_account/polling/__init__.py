"""The poll of an account, and what it needs: the key, and the count of what it found."""
