"""The accounts that this process works with: filled by the controller of accounts, read by that of instances."""
