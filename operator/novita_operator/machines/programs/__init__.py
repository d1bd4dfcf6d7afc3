"""Programs on rented machines: started exactly once under a name, seen to their end, and never tied to a connection.

`launcher.sh` is what the machine runs, for every verb; `supervise.sh` stays there beside the program. `program` and
`state` are values, `script` what is sent, `answers` what comes back, `programs` the calls.
"""
