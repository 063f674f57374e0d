"""`python -m haaqinet_eval.cli`."""

from . import main

main()
