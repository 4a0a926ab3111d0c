"""Serve N people: which devices, how many and how, hold a load within two limits of time."""
