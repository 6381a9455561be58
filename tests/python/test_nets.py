"""`gaitway bench nets`: what it measures and says; not how fast anything is."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from program import parse, run_gaitway

from gaitway import _native
from gaitway.bench.compare import compare
from gaitway.bench.nets import MAX_RATIO_BEYOND, MAX_RATIO_IN_L2, in_turns, l2_size, perceptron

SHAPE = (7, 40, 20, 3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "net.onnx"
    file.write_bytes(perceptron(SHAPE))
    return file


def test_a_network_of_a_shape_has_its_weights_and_runs_in_both_engines(file: Path) -> None:
    network = _native.Network(file.read_bytes(), None)
    assert (network.input_len, network.output_len) == (7, 3)
    assert network.macs == 7 * 40 + 40 * 20 + 20 * 3
    assert network.parameters == network.macs + 40 + 20 + 3
    found = compare(file, 200)
    assert found["largest_error"] < 1e-5
    assert found["operators"] == {"Elu": 2, "Gemm": 3}
    outputs = np.empty((2, 3), np.float32)
    network.infer(np.array([[0.0] * 7, [1.0] * 7], np.float32), outputs, 2)
    assert len(np.unique(outputs)) == 6, "weights and biases of one value would tell nothing"


def test_the_size_of_l2_is_that_of_level_two(tmp_path: Path) -> None:
    for index, (level, size) in enumerate([("1", "48K"), ("1", "32K"), ("2", "512K"), ("3", "2M")]):
        cache = tmp_path / f"index{index}"
        cache.mkdir()
        (cache / "level").write_text(level + "\n")
        (cache / "size").write_text(size + "\n")
    assert l2_size(tmp_path) == 512 << 10
    (tmp_path / "index2" / "size").write_text("1M\n")
    assert l2_size(tmp_path) == 1 << 20
    (tmp_path / "index2" / "size").unlink()
    assert l2_size(tmp_path) is None
    assert l2_size(tmp_path / "nowhere") is None


def test_ratios_are_of_what_was_measured_in_the_same_round() -> None:
    order: list[str] = []

    def times(name: str, values: list[float]) -> Iterator[float]:
        for value in values:
            order.append(name)
            yield value

    ours, theirs = times("ours", [10.0, 200.0, 30.0]), times("theirs", [20.0, 1000.0, 40.0])
    found = in_turns({"ours": lambda: next(ours), "theirs": lambda: next(theirs)}, 3)
    assert order == ["ours", "theirs"] * 3
    assert found == {"ours_ns": 30.0, "theirs_ns": 40.0, "ratio_to_theirs": 0.5}


def test_a_short_run_has_every_figure_for_programs(file: Path) -> None:
    found = parse(run_gaitway("bench", "nets", file, "--rounds", 1, "--json"))
    assert found["rounds"] == 1
    (row,) = found["networks"]
    assert row["network"] == str(file)
    assert row["weights_bytes"] == 4 * (7 * 40 + 40 * 20 + 20 * 3 + 40 + 20 + 3)
    assert row["fits_l2"] is (None if found["l2_bytes"] is None else True)
    assert row["max_ratio"] == (MAX_RATIO_IN_L2 if row["fits_l2"] else MAX_RATIO_BEYOND)
    for caches in ("warm", "cold"):
        times = row[caches]
        assert min(times.values()) > 0
        for peer in ("onnxruntime", "onnxruntime_threads"):
            assert times[f"ratio_to_{peer}"] == pytest.approx(times["native_ns"] / times[f"{peer}_ns"])


def test_a_short_run_says_to_people_what_it_measured(file: Path) -> None:
    shown = run_gaitway("bench", "nets", file, "--rounds", 1)
    assert shown.returncode == 0, shown.stderr
    assert "in L2" in shown.stdout and "cold" in shown.stdout and "above the promised ratio: " in shown.stdout
    # A long name is folded; nothing of it is left out.
    assert file.name in "".join(line.split(" ")[0] for line in shown.stdout.splitlines())


def test_a_file_that_cannot_be_measured_is_named(tmp_path: Path, file: Path) -> None:
    page = tmp_path / "page.onnx"
    page.write_text("<!DOCTYPE html><html></html>")
    refused = run_gaitway("bench", "nets", file, page)
    assert refused.returncode == 2
    assert "page.onnx" in refused.stderr
