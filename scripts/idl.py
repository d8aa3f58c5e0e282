"""Tidies the IDLs that `anchor idl build` wrote and converts them for AnchorPy.

`programs/idls/NAME.json` (spec 0.1.0): Anchor 2.0.0-rc.2 repeats in a program's IDL the errors, accounts and types of
every program it declares, and leaves out that a struct inside a zero-copy account is zero-copy itself. Both break
`declare_program!` one step on, so each IDL is cut down to what its program owns.

`programs/idls/legacy/NAME.json`: the form that AnchorPy 0.21 reads.

    python scripts/idl.py NAME …        after each build; what a program declares must be there already
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

IDLS = Path(__file__).parents[1] / "programs" / "idls"
PROGRAMS = IDLS.parent

Json = dict[str, Any]


def declared_by(program: str) -> list[str]:
    """Names of the programs that `program` declares in its `lib.rs`."""
    return re.findall(r"^declare_program!\((\w+)\);", (PROGRAMS / program / "src/lib.rs").read_text(), re.M)


def defined_in(value: Any) -> set[str]:
    """Names of the types that a piece of an IDL refers to."""
    if isinstance(value, dict):
        here = {value["defined"]["name"]} if "defined" in value else set()
        return here.union(*(defined_in(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(defined_in(v) for v in value))
    return set()


def own(idl: Json, declared: list[Json]) -> Json:
    """The IDL without what belongs to the programs it declares, its nested zero-copy types marked as such."""
    foreign_accounts = {a["name"] for other in declared for a in other.get("accounts", [])}
    foreign_errors = {e["code"] for other in declared for e in other.get("errors", [])}
    idl["accounts"] = [a for a in idl["accounts"] if a["name"] not in foreign_accounts]
    idl["errors"] = [e for e in idl["errors"] if e["code"] not in foreign_errors]

    types = {t["name"]: t for t in idl["types"]}
    reached(types, {a["name"] for a in idl["accounts"]}, in_accounts=True)
    wanted = {x["name"] for x in idl["accounts"] + idl.get("events", [])} | defined_in(idl["instructions"])
    idl["types"] = [types[name] for name in sorted(reached(types, wanted))]
    return idl


def reached(types: dict[str, Json], names: set[str], *, in_accounts: bool = False) -> set[str]:
    """`names` and the types they are made of.

    `in_accounts`: those inside accounts become zero-copy types. One that is an argument too stays what it is, and
    accounts get a twin of it, `…Pod`: a declared type is serialised in one way only.
    """
    found, frontier = set(names), set(names)
    while frontier:
        inner = set().union(*(defined_in(types[name]["type"]) for name in frontier))
        if in_accounts:
            for name in frontier:
                types[name]["type"] = renamed(types[name]["type"])
            for name in inner:
                twin = json.loads(json.dumps(types[name]))
                types[f"{name}Pod"] = twin | {
                    "name": f"{name}Pod",
                    "serialization": "bytemuck",
                    "repr": {"kind": "c"},
                }
            inner = {f"{name}Pod" for name in inner}
        frontier = inner - found
        found |= inner
    return found


def renamed(value: Any) -> Any:
    """A piece of an account's type, with the twins in the place of the types."""
    if isinstance(value, dict):
        if "defined" in value:
            return {"defined": value["defined"] | {"name": f"{value['defined']['name']}Pod"}}
        return {key: renamed(inner) for key, inner in value.items()}
    return [renamed(inner) for inner in value] if isinstance(value, list) else value


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def legacy_type(value: Any) -> Any:
    match value:
        case "pubkey":
            return "publicKey"
        case {"defined": {"name": name}}:
            return {"defined": name}
        case {"array": [item, size]}:
            return {"array": [legacy_type(item), size]}
        case {"vec": item}:
            return {"vec": legacy_type(item)}
        case {"option": item}:
            return {"option": legacy_type(item)}
        case str():
            return value
    raise ValueError(f"the legacy form has no type for {value!r}")


def legacy_fields(fields: list[Json]) -> list[Json]:
    return [{"name": camel(f["name"]), "type": legacy_type(f["type"])} for f in fields]


def legacy_struct(definition: Json) -> Json:
    if definition["type"]["kind"] != "struct":
        raise ValueError(f"{definition['name']}: only structs are converted, not {definition['type']['kind']}")
    return {
        "name": definition["name"],
        "type": {"kind": "struct", "fields": legacy_fields(definition["type"]["fields"])},
    }


def legacy(idl: Json) -> Json:
    """The same program in Anchor's IDL form of before 0.30."""
    types = {t["name"]: t for t in idl["types"]}
    events = {e["name"] for e in idl.get("events", [])}
    accounts = {a["name"] for a in idl["accounts"]}
    return {
        "version": idl["metadata"]["version"],
        "name": idl["metadata"]["name"],
        "instructions": [
            {
                "name": camel(ix["name"]),
                "docs": ix.get("docs", []),
                "accounts": [
                    {
                        "name": camel(a["name"]),
                        "isMut": a.get("writable", False),
                        "isSigner": a.get("signer", False),
                        "isOptional": a.get("optional", False),
                    }
                    for a in ix["accounts"]
                ],
                "args": legacy_fields(ix["args"]),
            }
            for ix in idl["instructions"]
        ],
        "accounts": [legacy_struct(types[name]) for name in sorted(accounts)],
        "types": [legacy_struct(t) for t in idl["types"] if t["name"] not in events | accounts],
        "events": [
            {
                "name": name,
                "fields": [f | {"index": False} for f in legacy_fields(types[name]["type"]["fields"])],
            }
            for name in sorted(events)
        ],
        "errors": [{"code": e["code"], "name": e["name"], "msg": e["msg"]} for e in idl["errors"]],
        "metadata": {"address": idl["address"]},
    }


def write(path: Path, value: Json) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def main(programs: list[str]) -> None:
    for program in programs:
        path = IDLS / f"{program}.json"
        declared = [json.loads((IDLS / f"{name}.json").read_text()) for name in declared_by(program)]
        idl = own(json.loads(path.read_text()), declared)
        write(path, idl)
        write(IDLS / "legacy" / path.name, legacy(idl))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
