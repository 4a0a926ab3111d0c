"""Devices, machines, models and measurements as tables: exported as they are, imported with every fault named.

A table has the columns of the shipped files, so that rows can go either way, and what belongs to an entry travels in
its row. An export that nobody touched changes nothing when it comes back.
"""
