from prices import total


def test_total():
    assert total([250, 50]) == 300
