"""Charts as SVG made on the server: no script, no style attribute, each with a text alternative."""
