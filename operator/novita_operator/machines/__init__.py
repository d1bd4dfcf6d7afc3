"""What a rented machine says over ssh: the only importer of asyncssh beside the simulator. Knows no cluster, no Novita.

`login` is where and as whom, `host_keys` who must answer there, `dialing` opens one connection behind a `gate`,
`running` runs one command over it, `pool` keeps connections and bounds them, `scripts` are commands of ours and what
comes back. `programs` starts programs, `key_file` writes the keys of people, which `public_keys` reads. asyncssh is
executed when it is first used (startup.py). Neither passwords nor commands nor what a machine prints are in any log or
error.
"""
