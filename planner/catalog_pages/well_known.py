"""What the pages plan with: models and machines that most people know, from the smallest to the largest.

The choice is ours, for breadth and not for rank: every size that people run, every kind of machine. Whatever is not
among them is one question away.
"""

from __future__ import annotations

MODELS: tuple[str, ...] = (
    "qwen3-0-6b",
    "llama-3-2-1b",
    "llama-3-2-3b",
    "qwen3-4b",
    "gemma-4-e4b",
    "mistral-7b-v0-3",
    "llama-3-1-8b",
    "qwen3-8b",
    "gemma-3-12b",
    "phi-4-14b",
    "gpt-oss-20b",
    "mistral-small-24b-2501",
    "gemma-3-27b",
    "qwen3-6-27b",
    "qwen3-30b-a3b",
    "qwen3-32b",
    "llama-3-3-70b-instruct",
    "glm-4-5-air",
    "gpt-oss-120b",
    "qwen3-235b-a22b",
    "deepseek-v4-flash",
    "deepseek-r1",
    "kimi-k2",
)

MACHINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Phones and tablets",
        (
            "iphone-16-8-gb-memory",
            "google-pixel-10-12-gb-memory",
            "samsung-galaxy-s25-ultra-12-gb-memory",
            "ipad-pro-2025-m5-16-gb-memory",
        ),
    ),
    (
        "Small boards and handhelds",
        ("raspberry-pi-5-8-gb", "nvidia-jetson-orin-nano-super-8-gb", "steam-deck-oled-16-gb"),
    ),
    (
        "Macs",
        (
            "macbook-air-13-m4-10-core-gpu-16-gb",
            "mac-mini-m4-pro-20-core-gpu-48-gb",
            "macbook-pro-16-m4-max-40-core-gpu-128-gb",
            "mac-studio-m3-ultra-80-core-gpu-512-gb",
        ),
    ),
    (
        "Laptops and PCs",
        (
            "pc-without-graphics-card-ddr5-5600-dual-channel-64-gb",
            "laptop-with-rtx-4060-laptop-gpu-8-gb-32-gb-memory",
            "pc-with-rtx-3060-12-gb-32-gb-memory",
            "pc-with-arc-b580-12-gb-32-gb-memory",
            "pc-with-radeon-rx-9070-xt-16-gb-32-gb-memory",
            "pc-with-radeon-rx-7900-xtx-24-gb-64-gb-memory",
            "pc-with-rtx-4090-24-gb-64-gb-memory",
            "pc-with-rtx-5090-32-gb-64-gb-memory",
            "pc-with-2-x-rtx-3090-24-gb-64-gb-memory",
            "strix-halo-mini-pc-ryzen-ai-max-plus-395-linux-128-gb",
            "nvidia-dgx-spark-128-gb",
        ),
    ),
    (
        "Workstations and servers",
        (
            "workstation-with-rtx-pro-6000-blackwell-workstation-edition-96-gb-64-gb-memory",
            "server-with-h100-sxm5-80-gb",
            "server-with-instinct-mi300x-192-gb",
            "server-with-8-x-h100-sxm5-80-gb",
            "server-with-8-x-h200-sxm-141-gb",
            "server-with-8-x-b200-sxm-180-gb",
        ),
    ),
)
