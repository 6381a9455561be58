"""Writes the pickles beside this file: small reference motions as numpy's scalars, one for each protocol.

python crates/importers/tests/pickles/write.py
"""

import pickle
from pathlib import Path

import numpy as np


def main() -> None:
    """The published file's shape, with period and rate as scalars that both entries share."""
    period, fps = np.float64(0.54), np.int64(50)
    motions = {
        key: {
            "coefficients": {f"dim_{dim}": [np.float64(0.1 * dim + power) for power in range(3)] for dim in range(2)},
            "period": period,
            "fps": fps,
            "frame_offsets": {"root_pos": 0},
            "nb_steps_in_period": np.int64(27),
            "startend_double_support_ratio": 1.0,
            "start_offset": 50,
        }
        for key in ("-0.074_-0.111_-0.333", "0.222_0.111_1.222")
    }
    for protocol in range(2, 6):
        path = Path(__file__).with_name(f"protocol_{protocol}.pkl")
        path.write_bytes(pickle.dumps(motions, protocol=protocol))


if __name__ == "__main__":
    main()
