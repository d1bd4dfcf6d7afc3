"""A Novita account in a process: an independent witness, written from the API document and not from our client.

Read it in the order of a call: `server` finds the account (`accounts`, `account`) and the endpoint; `faults/exchange`
answers it, with whatever goes wrong on purpose; `api/` checks and carries out; `state/` is what then is true and how it
moves on (`lifecycle`), and what it costs (`ledger`); `offer/` is what can be rented. `control/` serves /_simulator/.
`machines/` is what one can log in to, where whoever starts the simulator asks for it.
"""
