"""The JSON Schema of the pipeline file, for editors: made from the tables that `decode` reads by."""

from typing import Any

import msgspec

from foremand.pipeline.document import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema, of draft 2020-12. It knows shapes and values; that names exist and loops end, only `load` knows."""
    made = msgspec.json.schema(Document)
    return {"$schema": DIALECT, "title": "foremand pipeline", **_plain(made)}


def _plain(node: Any) -> Any:
    """JSON's own types only, and without `discriminator`, which is OpenAPI's and not JSON Schema's."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items() if key != "discriminator"}
    return [_plain(item) for item in node] if isinstance(node, list | tuple) else node
