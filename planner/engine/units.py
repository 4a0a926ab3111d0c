"""Units, said once: memory is counted in powers of two, files, bandwidth and network in powers of ten."""

from __future__ import annotations

KIB = 2**10
MIB = 2**20
GIB = 2**30
KB = 10**3
MB = 10**6
GB = 10**9
TB = 10**12


def memory_bytes_of_nominal_gb(nominal_gb: float) -> float:
    """Bytes of DRAM behind a vendor's "24 GB": 24 x 2**30."""
    return nominal_gb * GIB


def gib(n_bytes: float) -> float:
    """Bytes as GiB (2**30)."""
    return n_bytes / GIB


def gigabytes(n_bytes: float) -> float:
    """Bytes as decimal GB (10**9), the unit of file sizes and bandwidth."""
    return n_bytes / GB
