"""GIF films, small: one palette for all frames, of few colours, in which small coloured parts have a share."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gaitway.errors import SimulationError

#: Viewers slow a GIF down whose frames last less than 20 ms.
_MAX_FPS = 50
#: With 128 colours the floor's shading alone takes most of the bytes, and looks no better for it.
_COLOURS = 48
#: A colour counts as the number of its pixels to this power. By number alone (1) floor and sky get all colours and an
#: orange ring becomes grey; with every colour alike (0) the floor's tiles, which differ little, become one.
_WEIGHT_POWER = 0.3


def write_gif(path: Path, frames: Iterator[NDArray[np.uint8]], fps: float) -> None:
    """Writes pictures [height, width, 3] as a GIF that repeats for ever. Raises SimulationError above 50 a second."""
    if fps > _MAX_FPS:
        hint = f"at most {_MAX_FPS}, or write a .mp4"
        raise SimulationError(f"a .gif cannot show {fps:g} frames a second", hint=hint)
    begin = next(frames)
    palette = _palette(begin)
    # No dithering: what stands still keeps its colour from frame to frame, and costs nothing.
    shown = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in itertools.chain([begin], frames)
    ]
    # GIF counts in 10 ms: rounding the times, not the durations, keeps the film's length right.
    times_ms = [round(100 * frame / fps) * 10 for frame in range(len(shown) + 1)]
    durations_ms = [end - start for start, end in itertools.pairwise(times_ms)]
    shown[0].save(path, save_all=True, append_images=shown[1:], duration=durations_ms, loop=0, optimize=False)


def _palette(picture: NDArray[np.uint8]) -> Image.Image:
    """The colours for a film that begins with this picture, as an image that has them."""
    coarse, counts = np.unique(picture.reshape(-1, 3) >> 2, axis=0, return_counts=True)
    weights = np.maximum(1, np.round(counts**_WEIGHT_POWER)).astype(np.intp)
    # The middle of the four levels that became one.
    weighted = np.repeat((coarse << 2) + 2, weights, axis=0).astype(np.uint8)
    return Image.fromarray(weighted[None]).quantize(_COLOURS, kmeans=3, dither=Image.Dither.NONE)
