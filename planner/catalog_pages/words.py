"""The catalog's short keys in words."""

from __future__ import annotations

DEVICE_KINDS = {
    "gpu": "graphics card",
    "apple": "Apple chip",
    "computer": "computer",
    "phone": "phone",
    "tablet": "tablet",
    "accelerator": "accelerator",
}
FORM_FACTORS = {
    "desktop": "desktop",
    "laptop": "laptop",
    "server": "server",
    "board": "small board",
    "handheld": "handheld",
    "phone": "phone",
    "tablet": "tablet",
}
MACHINE_CATEGORIES = {
    "phone": "phone",
    "tablet": "tablet",
    "mac": "Mac",
    "laptop": "laptop",
    "desktop": "desktop PC",
    "mini_pc": "mini PC",
    "board": "small board",
    "handheld": "handheld",
    "server": "server",
}
OPERATING_SYSTEMS = {
    "macos": "macOS",
    "ios": "iOS",
    "ipados": "iPadOS",
    "android": "Android",
    "windows": "Windows",
    "linux": "Linux",
}
MODEL_KINDS = {"dense": "dense", "moe": "mixture of experts (MoE)"}
ATTENTION_KINDS = {
    "full": "full",
    "sliding": "sliding window",
    "latent": "latent (MLA)",
    "hybrid": "hybrid with recurrent layers",
    "compressed": "compressed cache",
}
NOTE_KINDS = {
    "disagreement": "sources disagree",
    "derived": "derived",
    "inferred": "inferred",
    "upper_limit": "upper limit",
    "unverified": "unverified",
}
