"""Public pages of the catalog: devices, machines and models, every figure with its source."""
