"""How often news is painted."""

from foremanctl.terminal.pace import BURST, NEWS_SECONDS, Pace


def pictures(pace: Pace, begin: float, end: float, every: float) -> list[float]:
    """When news that comes so often is painted."""
    found = []
    now = begin
    while now < end:
        if pace.wait(now) <= 0.0:
            pace.painted(now)
            found.append(now)
        now += every
    return found


def test_what_comes_after_a_quiet_while_is_painted_at_once() -> None:
    pace = Pace()
    assert pace.wait(0.0) == 0.0
    assert len(pictures(pace, 5.0, 5.04, 0.001)) == BURST
    assert pace.wait(5.04) > 0.0, "then it waits"
    assert pace.wait(9.0) == 0.0


def test_without_end_it_is_painted_evenly() -> None:
    times = pictures(Pace(), 0.0, 10.0, 0.001)
    assert len(times) <= 10.0 / NEWS_SECONDS + BURST
    steady = [later - sooner for sooner, later in zip(times[BURST:], times[BURST + 1 :], strict=False)]
    assert min(steady) > 0.9 * NEWS_SECONDS
    assert max(steady) < 1.1 * NEWS_SECONDS


def test_keys_never_put_news_off_for_longer_than_usual() -> None:
    pace = Pace()
    for number in range(50):
        pace.painted(number * 0.001)
    assert pace.wait(0.049) <= NEWS_SECONDS + 1e-9
