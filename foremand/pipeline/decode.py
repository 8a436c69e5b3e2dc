"""Reading the file's text into `document`'s tables, noting everything that is wrong instead of stopping at the first.

msgspec checks single values; the tables are walked here, because its own decoding ends at the first error and
people are owed all of them. Where a value is wrong its default stands in, and where a required one is missing
it is left empty: what comes after passes over the empty, so that nothing is reported twice.
"""

import json
import tomllib
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct, UnsetType

from foremand.pipeline.document import Document, StageTable
from foremand.pipeline.gate_tables import GateTable, HumanGate
from foremand.pipeline.problems import Problem, bare, named, nearest, shown, stage_label
from foremand.pipeline.tables import Table
from foremand.pipeline.values import Hint

MAX_TEXT = 1_000_000
"""Characters of the longest pipeline file that is read."""

NOT_YET = "not in this version"

_T = TypeVar("_T", bound=Table)


class _Place(NamedTuple):
    """Where the walk stands: the table as a problem names it, and the dotted key inside it."""

    table: str = ""
    key: str = ""

    def at(self, key: str) -> "_Place":
        return _Place(self.table, f"{self.key}.{bare(key)}" if self.key else bare(key))


class _Key(NamedTuple):
    """One key of a table: its type in full and without its notes, what to tell people, whether it must be there."""

    type: Any
    shape: Any
    hint: Hint
    required: bool


class Decoded(NamedTuple):
    """What could be read and what was wrong with it. `document` is None where nothing could be read at all."""

    document: Document | None
    problems: tuple[Problem, ...]


def decode(text: str) -> Decoded:
    """Read a pipeline file. Never raises for what the text holds."""
    walk = _Walk()
    raw = walk.parse(text)
    if raw is None:
        return Decoded(None, tuple(walk.problems))
    version = raw.get("version", 1)
    if version != 1 or isinstance(version, bool):
        walk.say(
            _Place(key="version"),
            f"this foremand reads version 1, not {shown(version)}: correct it first, the rest was not read",
        )
        return Decoded(None, tuple(walk.problems))
    return Decoded(walk.table(Document, raw, _Place()), tuple(walk.problems))


class _Walk:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, place: _Place, message: str) -> None:
        self.problems.append(Problem(place.table, place.key, message))

    def parse(self, text: str) -> dict[str, Any] | None:
        if len(text) > MAX_TEXT:
            self.say(_Place(), f"larger than {MAX_TEXT} characters")
            return None
        try:
            text.encode()
            return tomllib.loads(text)
        except UnicodeEncodeError:
            self.say(_Place(), "not UTF-8 text")
        except ValueError as wrong:  # tomllib's own error, and Python's for a number with too many digits
            self.say(_Place(), f"not TOML: {wrong}")
        except RecursionError:
            self.say(_Place(), "not TOML that can be read: nested too deeply")
        return None

    def table(self, kind: type[_T], raw: object, place: _Place) -> _T:
        """One table. What is no table at all is reported once and stands as an empty one."""
        keys = _keys(kind)
        values: dict[str, Any] = {}
        if isinstance(raw, dict):
            for key in raw:
                self._known(kind, key, place)
            for key, entry in keys.items():
                if key in raw:
                    values |= self._entry(key, entry, raw[key], place)
                elif entry.required:
                    self.say(place.at(key), entry.hint.missing or "missing")
        else:
            self.say(place, f"expected a table, got {shown(raw)}")
        empty = {key: () if key == "stage" else "" for key, entry in keys.items() if entry.required}
        return kind(**(empty | values))

    def _known(self, kind: type[Table], key: str, place: _Place) -> None:
        tag = kind.__struct_config__.tag_field
        known = {*_keys(kind), *([tag] if tag else [])}
        if key in known:
            return
        if issubclass(kind, GateTable) and (
            having := [tag for tag, other in _gate_kinds().items() if key in _keys(other)]
        ):
            gates, have = ("a gate", "has") if len(having) == 1 else ("gates", "have")
            self.say(place.at(key), f"only {gates} of kind {_choice(having)} {have} this")
            return
        self.say(place.at(key), f"unknown key{nearest(key, known)}")

    def _entry(self, key: str, entry: _Key, raw: object, place: _Place) -> dict[str, Any]:
        """What a key's value becomes: `{key: value}`, or nothing where it is wrong."""
        origin, args = get_origin(entry.shape), get_args(entry.shape)
        if isinstance(entry.shape, type) and issubclass(entry.shape, Table):
            inner = place.at(key) if place.table else _Place(f"[{key}]")
            return {key: self.table(entry.shape, raw, inner)}
        if origin is dict:
            return {
                key: self._by_name(key, args[1], raw)
                if _is_tables(args[1])
                else self._lists(args[1], raw, place.at(key))
            }
        if origin is tuple and args[0] is StageTable:
            return {key: self._stages(raw)}
        return self._value(key, entry, raw, place)

    def _by_name(self, key: str, kind: Any, raw: object) -> dict[str, Table]:
        if not isinstance(raw, dict):
            self.say(_Place(f"[{key}]"), f"expected tables [{key}.NAME], got {shown(raw)}")
            return {}
        return {
            name: self._gate(value, _Place(named(key, name)))
            if _is_union(kind)
            else self.table(kind, value, _Place(named(key, name)))
            for name, value in raw.items()
        }

    def _lists(self, kind: Any, raw: object, place: _Place) -> dict[str, Any]:
        """Values by names of the author's choice."""
        if not isinstance(raw, dict):
            self.say(place, f"expected a table, got {shown(raw)}")
            return {}
        entry = _key(kind, required=False)
        return {name: value for name in raw for value in self._value(name, entry, raw[name], place).values()}

    def _gate(self, raw: object, place: _Place) -> Table:
        """A gate by its kind. One of no known kind stands as a person's, of which no rule demands anything."""
        kinds = _gate_kinds()
        if not isinstance(raw, dict):
            self.say(place, f"expected a table, got {shown(raw)}")
        elif "kind" not in raw:
            self.say(place.at("kind"), f"missing: one of {_choice(kinds)}")
        elif isinstance(raw["kind"], str) and raw["kind"] in kinds:
            return self.table(kinds[raw["kind"]], raw, place)
        else:
            self._refuse(raw["kind"], Hint(_choice(kinds)), tuple(kinds), place.at("kind"))
        return HumanGate()

    def _stages(self, raw: object) -> tuple[StageTable, ...]:
        if isinstance(raw, dict):
            self.say(_Place("[stage]"), "stages are a list: write [[stage]]")
            return ()
        if not isinstance(raw, list):
            self.say(_Place("[[stage]]"), f"expected tables [[stage]], got {shown(raw)}")
            return ()
        if not raw:
            self.say(_Place("[[stage]]"), _keys(Document)["stage"].hint.missing)
        stages = []
        for place, each in enumerate(raw):
            name = each.get("name") if isinstance(each, dict) else None
            label = stage_label(name if isinstance(name, str) else "", place)
            stages.append(self.table(StageTable, each, _Place(label)))
        return tuple(stages)

    def _value(self, key: str, entry: _Key, raw: object, place: _Place) -> dict[str, Any]:
        instead = {} if entry.hint.instead is None else {key: entry.hint.instead}
        try:
            value = msgspec.convert(raw, entry.type)
        except msgspec.ValidationError:
            choices = get_args(entry.shape) if get_origin(entry.shape) is Literal else ()
            self._refuse(raw, entry.hint, choices, place.at(key))
            return instead
        complaints = list(entry.hint.check(value)) if entry.hint.check else []
        for complaint in complaints:
            self.say(place.at(key), complaint)
        return instead if complaints else {key: value}

    def _refuse(self, raw: object, hint: Hint, choices: tuple[Any, ...], place: _Place) -> None:
        if raw in hint.later:
            self.say(place, f"{shown(raw)} is {NOT_YET}")
            return
        close = nearest(raw, choices) if isinstance(raw, str) else ""
        self.say(place, f"expected {hint.expects or _choice(choices)}, got {shown(raw)}{close}")


@cache
def _keys(kind: type[Table]) -> dict[str, _Key]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: _key(hints[field.name], required=field.default is NODEFAULT and field.default_factory is NODEFAULT)
        for field in msgspec.structs.fields(kind)
    }


def _key(annotation: Any, *, required: bool) -> _Key:
    """Peel an annotation down to its shape: hints of the outer layers win over those of what they wrap."""
    hint, shape = Hint(), annotation
    while True:
        if get_origin(shape) is Annotated:
            shape, *notes = get_args(shape)
            for note in reversed(notes):
                hint = _over(hint, note) if isinstance(note, Hint) else hint
        elif _is_union(shape) and UnsetType in get_args(shape):
            shape = next(arm for arm in get_args(shape) if arm is not UnsetType)
        else:
            break
    return _Key(annotation, shape, hint, required)


def _over(outer: Hint, inner: Hint) -> Hint:
    return Hint(
        expects=outer.expects or inner.expects,
        check=outer.check or inner.check,
        later=outer.later or inner.later,
        missing=outer.missing or inner.missing,
        instead=inner.instead if outer.instead is None else outer.instead,
    )


def _is_tables(annotation: Any) -> bool:
    return _is_union(annotation) or (isinstance(annotation, type) and issubclass(annotation, Table))


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _tag(kind: type[Struct]) -> str:
    return str(kind.__struct_config__.tag)


@cache
def _gate_kinds() -> dict[str, type[GateTable]]:
    return {_tag(kind): kind for kind in GateTable.__subclasses__()}


def _choice(words: Any) -> str:
    return " or ".join(json.dumps(word) for word in words)
