"""Published measurements: browsing them, and what is predicted for each."""
