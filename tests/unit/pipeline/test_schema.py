"""The schema says what the loader takes: checked with a validator of the few words that the schema uses."""

import re
import tomllib

import msgspec
import pytest

from foremand.pipeline import schema
from foremand.pipeline.document import Document

WORDS = {
    "$ref", "$schema", "$defs", "title", "description", "default", "type", "properties", "required", "items",
    "additionalProperties", "anyOf", "enum", "pattern", "minItems", "minimum", "maximum", "exclusiveMinimum",
}  # fmt: skip
TYPES = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool}


def valid(node, value, defs):
    if "$ref" in node:
        return valid(defs[node["$ref"].removeprefix("#/$defs/")], value, defs)
    if "anyOf" in node:
        return any(valid(arm, value, defs) for arm in node["anyOf"])
    if "enum" in node:
        return value in node["enum"]
    if not isinstance(value, TYPES[node["type"]]) or (isinstance(value, bool) and node["type"] != "boolean"):
        return False
    if node["type"] == "object":
        known, rest = node.get("properties", {}), node.get("additionalProperties", True)
        return set(node.get("required", ())) <= set(value) and all(
            valid(known[key], each, defs) if key in known else rest and valid(rest, each, defs)
            for key, each in value.items()
        )
    if node["type"] == "array":
        return len(value) >= node.get("minItems", 0) and all(valid(node["items"], each, defs) for each in value)
    if node["type"] == "string":
        return re.search(node.get("pattern", ""), value) is not None
    return node.get("minimum", value) <= value <= node.get("maximum", value) and value > node.get(
        "exclusiveMinimum", value - 1
    )


def accepts(text):
    made = schema()
    return bool(valid(made, tomllib.loads(text), made["$defs"]))


def words(node, inside_names=False):
    if isinstance(node, list):
        return {word for item in node for word in words(item)}
    if not isinstance(node, dict):
        return set()
    own = set() if inside_names else set(node)
    return own | {
        word
        for key, value in node.items()
        if key not in ("default", "enum", "required")
        for word in words(value, inside_names=key in ("properties", "$defs") and not inside_names)
    }


def test_it_is_json_and_uses_only_plain_words():
    made = schema()
    assert msgspec.json.decode(msgspec.json.encode(made)) == made
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert words(made) <= WORDS


def test_every_key_is_described():
    for name, table in schema()["$defs"].items():
        assert table["description"], name
        for key, entry in table["properties"].items():
            assert "description" in entry or "$ref" in entry or key == "kind", (name, key)


def test_it_accepts_the_contracts_example(contract, bend):
    assert accepts(contract)
    assert accepts(bend())


@pytest.mark.parametrize(
    "change",
    [
        ('run = "make test"', 'run = "make test"\ntimout = "1m"'),
        ('run = "make test"', 'run = "make test"\ntimeout = "1 m"'),
        ('run = "make test"', 'run = "make test"\nquorum = 1'),
        ('run = "make test"', "run = 1"),
        ('kind = "human"', 'kind = "review"'),
        ('kind = "human"', 'kind = "human"\nrun = "x"'),
        ('adapter = "claude"', 'adapter = "codex"'),
        ('name = "plan"', 'name = "a b"'),
        ('access = "read"', 'access = "none"'),
        ("version = 1", "version = 2"),
        ("version = 1", "version = 1\n[limits]\nattempts = 0"),
        ("version = 1", "version = 1\n[workspace]\nsetup_key = []"),
        ("version = 1", "version = 1\n[floor]\nskip = []"),
        ("version = 1", "version = 1\n[profile.x]\ngates = []"),
        ('agent = "coder"\ngates', "agent = 3\ngates"),
        ('kind = "human"', 'kind = "human"\nadvisory = true'),
        ('kind = "human"', 'kind = "protected"'),
        ("[land]", '[land]\nstrategy = "rebase"'),
    ],
)
def test_what_it_refuses_the_loader_refuses(problems, bend, change):
    assert not accepts(bend(change))
    assert problems(bend(change))


def test_every_table_of_the_document_is_in_it():
    assert set(schema()["$defs"]["Document"]["properties"]) == set(Document.__struct_fields__)
