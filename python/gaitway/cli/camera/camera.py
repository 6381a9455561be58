"""`gaitway camera`: what the robot sees."""

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Json
from gaitway.cli.common.output import print_json


def camera(
    out: Annotated[Path, typer.Option(help="Where the picture goes, .jpg or .png.")] = Path("picture.jpg"),
    device: Annotated[
        Path | None, typer.Option(help="Camera on USB, as in /dev/video2; the first that is found where left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take one picture, with rpicam-still, libcamera-still or fswebcam: a camera on the ribbon first, then on USB."""
    from gaitway.bringup.camera import take

    picture = take(out, device=device)
    if as_json:
        size = {"width": picture.width, "height": picture.height}
        print_json({"file": str(picture.file), "format": picture.format, **size, "program": picture.program})
    else:
        typer.echo(f"{picture.file}: {picture.format}, {picture.width} x {picture.height}, by {picture.program}")
