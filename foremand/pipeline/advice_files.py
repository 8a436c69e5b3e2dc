"""What a pipeline names and the repository does not hold: most often a folder that was renamed or misspelt."""

from collections.abc import Collection, Iterator

from foremand.core.spec import POLICY_GATE, Pipeline
from foremand.pipeline.paths import matches_any
from foremand.pipeline.problems import named, shown


def unmatched(pipeline: Pipeline, files: Collection[str]) -> Iterator[str]:
    """A warning for each pattern, folder and key file that none of the repository's files has to do with."""
    ruled = [(named("gate", gate.name), gate.paths) for gate in pipeline.gates.values() if gate.name != POLICY_GATE]
    ruled += [(named("profile", profile.name), profile.paths) for profile in pipeline.profiles.values()]
    for table, patterns in ruled:
        for pattern in patterns:
            if not pattern.startswith("!") and not matches_any(pattern, files):
                yield f"{table} paths: {shown(pattern)} matches no file of this repository"
    for gate in pipeline.gates.values():
        if gate.dir and not any(file.startswith(f"{gate.dir}/") for file in files):
            yield f"{named('gate', gate.name)} dir: there is no folder {shown(gate.dir)} in this repository"
    for key in pipeline.workspace.setup_key:
        if not any(file == key or file.startswith(f"{key}/") for file in files):
            yield f"[workspace] setup_key: there is no {shown(key)} in this repository, so nothing in it counts"
