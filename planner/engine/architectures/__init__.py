"""Architecture kinds: one module per way of building layers, each turning a config into tensor groups."""
