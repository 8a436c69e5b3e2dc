fee=3
