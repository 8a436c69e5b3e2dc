"""Rust repositories, built and tested with cargo."""

from pathlib import Path

from foremand.pipeline.init.kinds import COUNTS, Kind, ProposedGate, counted, found, read_toml

_HOME = "target/cargo-home"
"""What is fetched lies in the tree, in a folder that is ignored anyway: the gates have another HOME than the setup.
Nothing is built there beforehand: cargo tells by the clock what is out of date, and would test the setup's build."""


def look(top: Path) -> Kind | None:
    """The kind of a repository with a Cargo.toml at its top. Raises NoProposal where that cannot be read."""
    manifest = read_toml(top / "Cargo.toml")
    if not manifest:
        return None
    locked = (top / "Cargo.lock").exists()
    cargo = f"CARGO_HOME=$PWD/{_HOME} cargo"
    of_lock = ["--locked"] if locked else []
    everywhere = ["--workspace"] if "workspace" in manifest else []
    test = " ".join([cargo, "test --offline", *of_lock, *everywhere])
    # Without a lock file the manifests of all parts decide.
    manifests = ("Cargo.toml",) if locked else ("**/Cargo.toml",)
    gate = ProposedGate(name="tests", about=COUNTS, run=counted(test, r"^test result: .* [1-9][0-9]* passed"))
    return Kind(
        name="cargo",
        gates=(gate,),
        steps=(" ".join([cargo, "fetch", *of_lock]),),
        key=found(top, *manifests, "Cargo.lock", ".cargo/config.toml"),
        makes=("target",),
        env=("RUSTUP_HOME",),
    )
