"""Drivers: the Python code that carries out one tool each, with the CLI's own semantics."""
