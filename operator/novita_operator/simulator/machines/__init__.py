"""Machines that are real: each running instance has an ssh server, a disk and processes on this computer.

`node` is this computer, `hosting` one account's part of it, `machine` one instance. A machine has a `disk`, a
`container`, `forwards` for its ports, and `sshd` with `sessions` and `files`. It is a toy for one's own computer:
programs see its file system and network and are kept apart by nothing but their user and their folder.
"""
