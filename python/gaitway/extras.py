"""Optional parts, loaded where they are used, with an error that says how to install them."""

import importlib
from types import ModuleType

from gaitway.errors import MissingExtraError


def load(module: str, extra: str) -> ModuleType:
    """The module, or a MissingExtraError that names the extra it belongs to."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        message = f"{module} is not installed"
        raise MissingExtraError(message, hint=f"it is in gaitway[{extra}]: pip install '.[{extra}]'") from error
