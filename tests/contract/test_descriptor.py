"""v1 only grows: what the stored descriptor has, today's has too, with the same numbers, types and names."""

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("contract_descriptor", HERE / "descriptor.py")
assert _spec is not None
assert _spec.loader is not None
descriptor = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(descriptor)

STORED: dict[str, Any] = json.loads((HERE / "foremand.v1.json").read_text())


def test_nothing_that_was_promised_is_gone() -> None:
    assert descriptor.broken(STORED, descriptor.present()) == []


def test_what_is_new_is_promised_too() -> None:
    how = "python tests/contract/descriptor.py > tests/contract/foremand.v1.json"
    assert descriptor.present() == STORED, f"the contract has grown; store it with: {how}"


def field(of: dict[str, Any], message: str, name: str) -> dict[str, Any]:
    found = next(m for m in of["message_type"] if m["name"] == message)
    return next(f for f in found["field"] if f["name"] == name)


def drop_field(of: dict[str, Any]) -> None:
    message = next(m for m in of["message_type"] if m["name"] == "Task")
    message["field"] = [f for f in message["field"] if f["name"] != "reason"]


def drop_method(of: dict[str, Any]) -> None:
    of["service"][0]["method"].pop()


def stop_streaming(of: dict[str, Any]) -> None:
    next(m for m in of["service"][0]["method"] if m["name"] == "Watch").pop("server_streaming")


def drop_message(of: dict[str, Any]) -> None:
    of["message_type"] = [m for m in of["message_type"] if m["name"] != "Approval"]


@pytest.mark.parametrize(
    "breaks",
    [
        drop_field,
        drop_method,
        drop_message,
        stop_streaming,
        lambda of: field(of, "Task", "title").update(number=99),
        lambda of: field(of, "Task", "title").update(name="headline"),
        lambda of: field(of, "Task", "title").update(type="TYPE_BYTES"),
        lambda of: field(of, "Task", "gates").update(label="LABEL_OPTIONAL"),
        lambda of: of["enum_type"][0]["value"][3].update(name="STANDING"),
        lambda of: of["enum_type"][0]["value"].pop(),
        lambda of: of.update(package="foremand.v2"),
    ],
)
def test_every_break_is_seen(breaks: Callable[[dict[str, Any]], object]) -> None:
    changed = copy.deepcopy(STORED)
    breaks(changed)
    assert descriptor.broken(STORED, changed)


def test_growing_breaks_nothing() -> None:
    grown = copy.deepcopy(STORED)
    grown["message_type"].append({"name": "New", "field": []})
    grown["message_type"][0].setdefault("field", []).append({"name": "more", "number": 90, "type": "TYPE_STRING"})
    grown["enum_type"][0]["value"].append({"name": "NEW", "number": 90})
    assert descriptor.broken(STORED, grown) == []
