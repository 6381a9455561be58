"""Optional parts, loaded where they are used, with an error that says how to install them."""

import importlib
from types import ModuleType

from gaitway.errors import MissingExtraError


def load(module: str, extra: str) -> ModuleType:
    """The module, or a MissingExtraError that names the extra it belongs to."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = f"{module} is not installed ({error})"
        raise MissingExtraError(message, hint=f"pip install 'gaitway[{extra}]'") from error
