"""How a bench's promises are shown."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_marks(console: "Console", marks: list[dict[str, Any]]) -> None:
    """A line a mark: what was found, what may be, and whether it is kept."""
    for mark in marks:
        verdict = "kept" if mark["passed"] else "missed"
        console.print(f"{mark['what']}: {mark['found']:.4g}, at most {mark['at_most']:g}: [bold]{verdict}[/]")
