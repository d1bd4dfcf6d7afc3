"""`python -m novita_operator` is `novita-operator`."""

from novita_operator.cli import app

if __name__ == "__main__":
    app()
