"""Rotations of many robots at once."""

import numpy as np
from numpy.typing import NDArray


def rotation_of(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices [n, 3, 3] of quaternions [n, 4], w first: columns are the body's axes."""
    w, x, y, z = quaternion.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def quaternion_of(tilt: NDArray[np.float64], heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heading about the vertical, then small tilts about x and y [n, 2], rad."""
    half = 0.5 * heading
    cosine, sine = np.cos(half), np.sin(half)
    x, y = 0.5 * tilt.T
    rows = np.stack([cosine, cosine * x - sine * y, sine * x + cosine * y, sine], axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)  # type: ignore[no-any-return]
