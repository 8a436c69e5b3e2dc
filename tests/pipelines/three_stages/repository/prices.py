"""Prices, in cents."""


def total(prices: list[int]) -> int:
    """What all of them cost together."""
    return sum(prices)
