"""Commands of many options: each is a field of a settings type, and the command takes one object of it."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def with_settings(kind: type) -> Callable[[Callable[..., _Result]], Callable[..., _Result]]:
    """The fields of the dataclass `kind` become the options of the command, in their order.

    The command's last parameter is the settings; what it takes before them, typer's context, stays.
    """

    def decorate(work: Callable[..., _Result]) -> Callable[..., _Result]:
        *before, _ = inspect.signature(work).parameters.values()

        @functools.wraps(work)
        def command(**given: Any) -> _Result:
            own = [given.pop(parameter.name) for parameter in before]
            return work(*own, kind(**given))

        fields = list(inspect.signature(kind).parameters.values())
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*before, *fields)]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return decorate
