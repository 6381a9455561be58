"""YAML that somebody else wrote: plain data of it, and nothing else.

Isaac Lab's files have Python's tags. A tuple is read as a list; any other object is absent, for none is ever made.
"""

from typing import Any

from gaitway import extras
from gaitway.errors import PolicyError

#: Deeper than any training's configuration.
_DEEPEST = 64
#: More pieces than any has.
_MOST_EVENTS = 200_000
_PYTHON = "tag:yaml.org,2002:python/"


def load(text: str, where: str) -> Any:
    """What the text says. Raises PolicyError for what is no YAML, or larger than a configuration."""
    yaml = extras.load("yaml", "draft")
    try:
        _check_size(yaml, text, where)
        return yaml.load(text, Loader=_loader(yaml))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        message = f"{where}: expected YAML, found a mistake: {' '.join(str(error).split())[:200]}"
        raise PolicyError(message, hint="correct it, or leave it out") from error


def _base(yaml: Any) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _loader(yaml: Any) -> Any:
    class Plain(_base(yaml)):  # type: ignore[misc]  # PyYAML has no types
        """Safe, and deaf to Python's objects."""

    def tuple_as_list(loader: Any, node: Any) -> Any:
        return loader.construct_sequence(node, deep=True)

    def nothing(_loader: Any, _suffix: str, _node: Any) -> None:
        return None

    Plain.add_constructor(f"{_PYTHON}tuple", tuple_as_list)
    Plain.add_multi_constructor(_PYTHON, nothing)
    return Plain


def _check_size(yaml: Any, text: str, where: str) -> None:
    """Before anything is made of it: depth, number of pieces, and merges, which can multiply without end."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_base(yaml))):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise PolicyError(f"{where}: expected plain YAML, found a merge key <<", hint="write its keys out")
        if depth > _DEEPEST or count > _MOST_EVENTS:
            found = f"more than {_DEEPEST} levels" if depth > _DEEPEST else f"more than {_MOST_EVENTS} pieces"
            hint = "is this really a training's configuration?"
            raise PolicyError(f"{where}: expected a configuration, found {found}", hint=hint)
