"""The program `kubectl-novita`; `python -m novita_operator.plugin` is the same."""

from __future__ import annotations

from novita_operator import startup


def main() -> None:
    """Load the verbs, and run what was asked for."""
    with startup.loading():  # imported in here: the collector would go through all that is loaded, again and again
        from novita_operator.plugin import main as program

    program.main()


if __name__ == "__main__":
    main()
