"""Names of version 0.1 that are still understood for one version, and what they are called now."""

import warnings

#: Names that could be imported, by their module.
_IMPORTS = {"gaitway.sim": {"DuckSim": "RobotSim"}}
#: Keys of checkpoints.
CHECKPOINT_KEYS = {"ducks": "robots"}
#: Buttons of a pad.
_BUTTONS = {"projector": "lamp"}


def button(name: str) -> str:
    """What a pad's button of this name is called now; told with a DeprecationWarning where that is another name."""
    new = _BUTTONS.get(name)
    if new is None:
        return name
    warnings.warn(f"the button {name} is called {new} now", DeprecationWarning, stacklevel=3)
    return new


def import_of(module: str, name: str) -> str:
    """What `name` of `module` is called now; told with a DeprecationWarning. Raises AttributeError for other names."""
    new = _IMPORTS.get(module, {}).get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    warnings.warn(f"{module}.{name} is called {new} now", DeprecationWarning, stacklevel=3)
    return new
