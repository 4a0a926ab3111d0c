"""How many tokens of conversation the KV cache of a plan can hold in what weights and buffers leave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.engine.gather import cache_plan, serves
from planner.engine.grid import Axes
from planner.engine.kv import cache_capacity_tokens
from planner.engine.memory import MemoryRules, plan_limits, plan_need
from planner.engine.tables import Floats, Tables


class Capacity(NamedTuple):
    """Of plans; arrays [n]. ``nan`` where the memory of the device is not stated."""

    tokens: Floats
    tokens_per_byte: Floats


def capacity_of(tables: Tables, rules: MemoryRules, rows: Axes) -> Capacity:
    """Capacity of the plans at ``rows``: over all devices, each of which holds MLA's latents whole in a server."""
    need, limits, server = (
        plan_need(tables, rules, rows),
        plan_limits(tables, rules, rows),
        serves(tables, rows),
    )
    # a server's share of memory includes what the driver takes; elsewhere that comes on top
    used = need.weights + need.buffers + np.where(server, 0.0, need.overhead)
    room = np.maximum(limits.devices - used, 0.0)
    cache, plan = tables.models.cache.take(rows.model), cache_plan(tables, rows)
    latent = (cache.latent_elements > 0).any(axis=1) & server
    copies = np.where(latent, tables.machines.device_count[rows.machine], 1.0)
    tokens = cache_capacity_tokens(cache, plan, room / copies)
    much = np.full_like(room, 2.0**40)
    return Capacity(tokens, cache_capacity_tokens(cache, plan, much) / much / copies)
