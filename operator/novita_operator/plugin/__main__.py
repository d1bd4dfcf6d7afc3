"""`python -m novita_operator.plugin`, the same as `kubectl novita`."""

from novita_operator.plugin import main

main.main()
