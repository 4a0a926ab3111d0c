"""Benchmarks of the product: `make bench` runs them all."""
