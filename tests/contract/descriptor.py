"""The wire contract as a stored descriptor: what was in it must stay. Run as a program it prints the present one."""

import json
import sys
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict

from foremand.v1 import foremand_pb2 as pb

Table = dict[str, Any]


def present() -> Table:
    """The descriptor that this version serves."""
    proto = FileDescriptorProto()
    pb.DESCRIPTOR.CopyToProto(proto)
    return MessageToDict(proto, preserving_proto_field_name=True)


def broken(old: Table, new: Table) -> list[str]:
    """What a client of the old contract would miss or misread in the new one."""
    return [*_lost(_facts(old), _facts(new))]


def _lost(old: Table, new: Table) -> list[str]:
    return [f"{name}: was {what}, is {new.get(name, 'gone')}" for name, what in old.items() if new.get(name) != what]


def _facts(table: Table) -> Table:
    """Everything that a client relies on, each under a name of its own."""
    facts: Table = {"package": table["package"], "syntax": table.get("syntax")}
    for message in table.get("message_type", []):
        _message(message["name"], message, facts)
    for enum in table.get("enum_type", []):
        _enum(enum["name"], enum, facts)
    for service in table.get("service", []):
        for method in service["method"]:
            facts[f"{service['name']}.{method['name']}"] = {k: v for k, v in method.items() if k != "options"}
    return facts


def _message(name: str, message: Table, facts: Table) -> None:
    facts[name] = "message"
    for field in message.get("field", []):
        facts[f"{name} field {field['number']}"] = {k: v for k, v in field.items() if k not in ("options", "number")}
    for nested in message.get("nested_type", []):
        _message(f"{name}.{nested['name']}", nested, facts)
    for enum in message.get("enum_type", []):
        _enum(f"{name}.{enum['name']}", enum, facts)


def _enum(name: str, enum: Table, facts: Table) -> None:
    for value in enum["value"]:
        facts[f"{name} value {value['number']}"] = value["name"]


if __name__ == "__main__":
    json.dump(present(), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
