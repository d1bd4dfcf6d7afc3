"""`kubectl novita run`: a machine for one program, which is let go whatever happens.

Pure: `wishes` and `manifest` (what to rent), `progress` (how far it is), `telling` (what to say), `durations`.
Around them: `renting`, `heartbeat`, `remote`, `transfer`, `releasing`, `detached`, `attaching`, and `verb`, which reads
the command line.
"""
