"""Go repositories: a module, or a workspace of modules, at the top."""

from pathlib import Path

from foremand.pipeline.init.kinds import COUNTS, Kind, ProposedGate, counted, found

_MODULES = ".go-modules"
"""What is fetched lies in the tree, under a name that go does not look into: the gates have another HOME than the
setup. It is kept writable, so that it can be removed."""
_GO = f"GOMODCACHE=$PWD/{_MODULES} GOFLAGS=-modcacherw go"
_RAN = r"^ok.*([0-9]s|\(cached\))$"
"""A package whose tests passed; behind one without any stands that there were none."""


def look(top: Path) -> Kind | None:
    """The kind of a repository with a go.mod or a go.work at its top."""
    if (top / "go.work").exists():
        key = found(top, "go.work", "go.work.sum", "**/go.mod", "**/go.sum")
        return _kind("$(go list -m -f '{{.Dir}}/...')", key)
    if (top / "vendor/modules.txt").exists():
        return Kind(name="go", gates=(_gate("go test ./..."),))
    if (top / "go.mod").exists():
        return _kind("./...", found(top, "go.mod", "go.sum"))
    return None


def _kind(packages: str, key: tuple[str, ...]) -> Kind:
    gate = _gate(f"{_GO} test {packages}")
    return Kind(name="go", gates=(gate,), steps=(f"{_GO} mod download",), key=key, makes=(_MODULES,))


def _gate(test: str) -> ProposedGate:
    return ProposedGate(name="tests", about=COUNTS, run=counted(test, _RAN))
