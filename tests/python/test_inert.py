"""Pickles that ask for more than they hold: refused in words, in little memory, with nothing changed for the next."""

import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gaitway import inert, observations
from gaitway.errors import RecordingError

ARRAY = b"cnumpy\nndarray\n)R"
DTYPE = b"cnumpy\ndtype\nX\x02\0\0\0f4\x85R"


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


#: What the machine does with each of them, and what is said.
HOSTILE = {
    "as many bytes as a number says": (ARRAY + b"(K\x01K\x01\x85" + DTYPE + b"\x89" + number(2**31 - 1) + b"tb", "int"),
    "a place far up in memory": (b"]r\xff\xff\xff\x7f", "remembered"),
    "a place far up, in text": (b"]p99999999\n", "remembered"),
    "bytes beyond the end": (b"\x8e" + struct.pack("<Q", 3 << 30) + b"xx", "remain"),
    "an array of bytes beyond the end": (b"\x96" + struct.pack("<Q", 3 << 30) + b"xx", "remain"),
    "text beyond the end": (b"\x8d" + struct.pack("<Q", 3 << 30) + b"xx", "remain"),
    "a frame beyond the end": (b"\x95" + struct.pack("<Q", 1 << 62) + b"xx", ""),
    "a shape of text": (ARRAY + b"(K\x01(X\x01\0\0\0aK\x09t" + DTYPE + b"\x89C\x04aaaatb", "shape"),
    "a function changed": (b"c_codecs\nencode\nN}X\x01\0\0\0aK\x01s\x86b", "nothing was changed"),
    "a class changed": (b"cnumpy.core.multiarray\nscalar\nN}X\x06\0\0\0numberK\x01s\x86b", "nothing was changed"),
    "a number without a type": (b"cnumpy.core.multiarray\nscalar\nNC\x04aaaa\x86R", "type of a number"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_asks_for_more_than_it_holds_is_refused(name: str, tmp_path: Path) -> None:
    body, said = HOSTILE[name]
    path = tmp_path / "robot_saved_obs.pkl"
    path.write_bytes(b"\x80\x02](" + body + b"e.")
    with pytest.raises(RecordingError) as caught:
        observations.load(path)
    assert said in caught.value.message and "_no_state" not in caught.value.message
    # What stands for numpy is as it was.
    path.write_bytes(pickle.dumps([[1.0, 2.0], [3.0, 4.0]]))
    assert [list(row) for row in observations.load(path)] == [[1.0, 2.0], [3.0, 4.0]]
    assert inert.load(pickle.dumps(b"bytes", protocol=0)) == b"bytes"


FUZZ = """
import os, pickle, random, resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from gaitway import inert
rows = [[0.5 * n for n in range(20)], b"x" * 300, "text" * 80, bytearray(40)]
whole = [pickle.dumps(rows, protocol=protocol) for protocol in range(6)]
chance, refused, read = random.Random(3), 0, 0
for _ in range(int(os.environ["ITERATIONS"])):
    data = bytearray(chance.choice(whole))
    for _ in range(chance.randint(1, 4)):
        place, many = chance.randrange(len(data)), chance.choice((0, 1, 4))
        new = bytes(chance.choice((0, 0x7F, 0xFF, chance.randrange(256))) for _ in range(many))
        data[place : place + chance.choice((0, 1, 4))] = new
    try:
        inert.load(bytes(data))
        read += 1
    except MemoryError:
        raise SystemExit(f"out of memory: {bytes(data)!r}")
    except Exception:
        refused += 1
print(read, refused)
"""


def test_no_damage_makes_a_small_pickle_large() -> None:
    count = os.environ.get("GAITWAY_FUZZ_ITERATIONS", "20000")
    done = subprocess.run(
        [sys.executable, "-c", FUZZ], capture_output=True, text=True, env=os.environ | {"ITERATIONS": count}
    )
    assert done.returncode == 0, done.stderr
    read, refused = map(int, done.stdout.split())
    assert read > 100 and refused > 1000
