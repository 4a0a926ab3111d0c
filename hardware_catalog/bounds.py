"""What a figure can be at all: the bounds that files, forms and database constraints share.

They are wide on purpose: they catch a slipped unit or digit, not an unusual product.
"""

from __future__ import annotations

# 1 GB/s is below any DRAM in use since 2000; 100 TB/s is above any announced package (HBM4: about 23 TB/s).
BANDWIDTH_BYTES_PER_S = (1e9, 1e14)
# A link between host and device: from one lane of PCIe 1.0 (250 MB/s) upwards.
LINK_BYTES_PER_S = (1e8, 1e13)
# 10 GFLOP/s (an old phone's CPU) to 1 EFLOP/s (more than any single package).
OPS_PER_S = (1e10, 1e18)
MEMORY_GB = (0.25, 100_000.0)
POWER_W = (0.5, 20_000.0)
PRICE_USD = (1.0, 10_000_000.0)
YEAR = (2000, 2100)
DEVICE_COUNT = (1, 4096)
PARAMETERS = (1_000_000, 100_000_000_000_000)
CONTEXT_TOKENS = (1, 1_000_000_000)
# Bits that one stored element may take: more than none, at most a 64-bit float.
BITS_PER_ELEMENT_MAX = 64.0
BLOCK_ELEMENTS = (1, 1_048_576)

DEVICE_KINDS = ("gpu", "apple", "phone", "tablet", "computer", "accelerator")
FORM_FACTORS = ("", "desktop", "laptop", "handheld", "phone", "tablet", "server", "board")
MACHINE_CATEGORIES = ("mac", "phone", "tablet", "laptop", "desktop", "mini_pc", "handheld", "server", "board")
OPERATING_SYSTEMS = ("macos", "ios", "ipados", "android", "windows", "linux")
NOTE_KINDS = ("disagreement", "derived", "inferred", "upper_limit", "unverified")
