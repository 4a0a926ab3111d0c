"""How right the predictions are, and how each figure is computed: /accuracy and /methodology."""
