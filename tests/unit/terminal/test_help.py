"""`?`: every word of every key, however narrow the terminal, and whether there are more below."""

from typing import Any

import pytest
from deciding import FakeTerminal

from foremanctl.terminal.decision_keys import DECISION
from foremanctl.terminal.help import HelpScreen
from foremanctl.terminal.keys import FLOOR, QUESTION, TASK
from foremanctl.terminal.paint import width_of
from foremanctl.terminal.screens import Size


@pytest.mark.parametrize("bindings", [FLOOR, TASK, DECISION, QUESTION])
@pytest.mark.parametrize(("columns", "rows"), [(50, 20), (80, 24), (160, 50)])
def test_every_word_can_be_read(bindings: Any, columns: int, rows: int) -> None:
    screen = HelpScreen(FakeTerminal(), bindings)
    seen: list[str] = []
    while True:
        lines = screen.lines(Size(rows, columns))
        assert not any("…" in text for line in lines for _, text in line)
        assert len(lines) <= rows
        assert max(map(width_of, lines)) <= columns
        texts = ["".join(text for _, text in line) for line in lines]
        seen += [text for text in texts[1:-1] if text not in seen]
        if "more below" not in texts[-1]:
            break
        screen.act("down")
    told = " ".join(" ".join(seen).split())
    for binding in bindings:
        assert all(word in told for word in binding.help.split())
    assert "…" not in told
    end = texts
    screen.act("down")  # there is nothing below the end
    assert ["".join(text for _, text in line) for line in screen.lines(Size(rows, columns))] == end
