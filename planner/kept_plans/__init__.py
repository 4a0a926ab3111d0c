"""Answers that are kept: the same address shows the same numbers, whatever the catalog says later."""
