"""Files beside an ONNX file that say how it was trained: found, read, told apart. None is ever run."""

from collections.abc import Sequence
from pathlib import Path

from gaitway import files
from gaitway.draft import python_config, yaml_text
from gaitway.draft.parts import shown
from gaitway.draft.tables import Table
from gaitway.errors import PolicyError, UsageError

#: What Isaac Lab and mjlab call theirs.
DEPLOY, ENV, AGENT = "deploy.yaml", "env.yaml", "agent.yaml"
#: Larger than any configuration.
_MOST_BYTES = 1 << 20


class Sidecars:
    """What was found beside a file, by what it is."""

    def __init__(self, tables: Sequence[tuple[str, Table]] = ()) -> None:
        self._tables = dict(tables)

    def __bool__(self) -> bool:
        return bool(self._tables)

    def get(self, kind: str) -> Table | None:
        """The table of a kind: deploy.yaml, env.yaml, agent.yaml, legged_gym, gym_deploy."""
        return self._tables.get(kind)

    @property
    def kinds(self) -> list[str]:
        """What there is."""
        return list(self._tables)


def beside(file: Path) -> list[Path]:
    """Sidecars where the exporters of Isaac Lab and mjlab put them: beside the file, or in `params`."""
    folders = (file.parent, file.parent / "params", file.parent.parent / "params")
    found = []
    for name in (DEPLOY, ENV, AGENT):
        places = [folder / name for folder in folders if (folder / name).is_file()]
        found += places[:1]
    return found


def read(paths: Sequence[Path]) -> Sidecars:
    """The files at these paths. Raises UsageError or PolicyError for one that cannot be read, or is none."""
    tables = [_read(path) for path in paths]
    kinds = [kind for kind, _ in tables]
    if doubled := {kind for kind in kinds if kinds.count(kind) > 1}:
        raise UsageError(f"sidecar: expected one {', '.join(sorted(doubled))}, found several", hint="name one of them")
    return Sidecars(tables)


def _read(path: Path) -> tuple[str, Table]:
    data = files.read_bytes(path, "sidecar", _MOST_BYTES)
    if data.lstrip()[:1] not in (b"{", b"["):
        # JSON is YAML, too.
        files.refuse_other_kinds(data, "text", "sidecar", path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"sidecar {path}: expected UTF-8 text", hint="is this really a configuration?") from error
    if path.suffix == ".py":
        return "legged_gym", Table(python_config.load(text, path.name), path.name)
    content = yaml_text.load(text, path.name)
    if not isinstance(content, dict):
        raise PolicyError(f"{path.name}: expected a table, found {shown(content)}", hint="is this the right file?")
    return _kind(content, path), Table(content, path.name)


def _kind(content: dict[object, object], path: Path) -> str:
    """By what is in it: people rename files."""
    if "default_joint_pos" in content or "joint_ids_map" in content:
        return DEPLOY
    if "decimation" in content and "observations" in content:
        return ENV
    if "default_angles" in content or "num_obs" in content:
        return "gym_deploy"
    if {"runner_class_name", "num_steps_per_env", "clip_actions", "algorithm"} & set(content):
        return AGENT
    found = ", ".join(str(key)[:40] for key in list(content)[:8])
    known = "deploy.yaml, env.yaml or agent.yaml of Isaac Lab or mjlab, or a deployment's of legged_gym"
    raise PolicyError(f"{path.name}: expected {known}, found the keys {found}", hint="leave it out")
