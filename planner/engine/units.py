"""Units, said once: memory is counted in powers of two, files, bandwidth and network in powers of ten."""

from __future__ import annotations

MIB = 2**20
GIB = 2**30
GB = 10**9
