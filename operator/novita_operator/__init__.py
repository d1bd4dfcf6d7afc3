"""A Kubernetes operator that rents Novita.ai GPU instances."""

from novita_operator import startup

__version__ = "0.1.0"

startup.leave_out()  # here, since it has to come before whatever is imported next
