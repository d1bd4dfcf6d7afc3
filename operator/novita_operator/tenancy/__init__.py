"""What a namespace may have of an account: one answer for every call that costs. Pure."""
