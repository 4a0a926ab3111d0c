"""Visitors' own measurements: read, checked, previewed, kept as theirs until an editor accepts them."""
