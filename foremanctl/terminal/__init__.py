"""The full-screen terminal: a pure model of what the daemon tells, screens that paint it, and keys as data."""
