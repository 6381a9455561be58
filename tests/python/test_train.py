"""The trainer: one core with simulator and robot, nothing lost, and every mistake named before or when it happens."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gaitway import Controller, Policy, Robot
from gaitway._native import Batch
from gaitway.contract import Contract
from gaitway.errors import GaitwayError, TrainingError
from gaitway.sim import RobotSim
from gaitway.sim.loader import description_of, load_description
from gaitway.sim.model import build_model as load_model
from gaitway.train import calibration, curve, mirror, rewards, runs, tasks
from gaitway.train import config as configuration
from gaitway.train.env import RobotBatch
from gaitway.train.export import check, export_run
from gaitway.train.graph import onnx_bytes
from gaitway.train.network import ActorCritic, Elu, MirrorNet, actor_of
from gaitway.train.physics import build_model
from gaitway.train.swing import swing_of

DESCRIPTION = description_of(Robot.load())
#: A run of seconds: four rollouts, with a checkpoint after each.
TINY = {
    "run.robots": 16,
    "run.steps": 2048,
    "run.checkpoint_steps": 512,
    "run.threads": 1,
}
CALM: dict[str, dict[str, Any]] = {
    "physics": {
        "fine_share": 1.0,
        "iterations": 50,
        "ls_iterations": 50,
        "friction": [0.6, 0.6],
        "stiffness": [1.0, 1.0],
        **{key: [1.0, 1.0] for key in ("joint_stiffness", "friction_loss", "armature", "damping", "mass")},
        "load_kg": [0.0, 0.0],
        "play_rad": [0.0, 0.0],
        "centre_m": [0.0, 0.0, 0.0],
    },
    "noise": {
        **dict.fromkeys(("gyro_rps", "accel_mps2", "joint_position_rad", "knee_rad", "ankle_rad"), 0.0),
        **dict.fromkeys(("joint_velocity_rps", "joint_zero_rad", "late_imu", "lost_answers"), 0.0),
        "late_goals": [0.0],
    },
    "start": {"height_m": [0.167, 0.167], "joint_rad": 0.0, "speed_mps": 0.0, "tilt_rad": 0.0},
    "pushes": {"speed_mps": 0.0},
    "commands": {"still": 1.0, "head_still": 1.0},
}


@pytest.fixture(scope="module")
def duck() -> Robot:
    return Robot.load()


def tiny(task: str = "walk") -> list[str]:
    return [f"{key}={value}" for key, value in TINY.items()]


def config(duck: Robot, *overrides: str) -> configuration.Config:
    return configuration.load(tasks.task_config(duck, "walk"), [*tiny(), *overrides], description_of(duck))


def train(folder: Path, *more: str) -> "subprocess.Popen[str]":
    settings = [part for override in tiny() for part in ("--set", override)]
    command = [sys.executable, "-m", "gaitway.cli", "train", "walk", "--out", str(folder), *settings, *more, "--json"]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def resume(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "gaitway.cli", "train", "--resume", str(folder), "--json"]
    done = subprocess.run(command, text=True, capture_output=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("play_rad", [0.0, 0.0087266], ids=["flat", "backlash"])
def test_the_trainer_sees_what_the_simulator_sees(duck: Robot, play_rad: float) -> None:
    """Without noise a robot of the batch and a RobotSim under a Controller have the same observations."""
    contract = tasks.task_contract(duck, "walk")
    physics = {**CALM["physics"], "play_rad": [play_rad, play_rad]}
    text = {**CALM, "physics": physics, "run": {"robots": 2, "threads": 1}, "rewards": {"alive": 1.0}}
    ducks = RobotBatch(duck, contract, configuration.of(text, description_of(duck)))
    data = onnx_bytes(_actor(contract), contract)
    from gaitway import _native

    policy = Policy.from_bytes(_native.embed(data, contract), Path("none.onnx"), robot=duck)
    controller, sim = Controller(policy, duck), RobotSim(duck, backlash=play_rad > 0)
    sim.set_gains(controller.gains)
    # The batch turns every robot another way at its start. Nothing depends on it but the last bits, and walking on
    # hard ground makes much of these: so both look the same way here.
    ducks.physics.place(
        np.arange(2, dtype=np.int32), np.repeat(sim.data.qpos[None], 2, axis=0), np.zeros((2, sim.model.nv))
    )
    ducks.core.reset([0, 1], np.array([duck.default_pose_rad] * 2, dtype=np.float32))
    ducks._observe()
    random = np.random.default_rng(1)
    wave = 0.15 * random.standard_normal((40, ducks.core.action_len)).astype(np.float32)
    command = np.zeros(7, dtype=np.float32)
    for action in wave:
        assert controller.native.observe(sim.sense().row, command)
        alone = np.array(controller.record().observation)
        for row in ducks.observation:
            np.testing.assert_allclose(row, alone, atol=1e-5)
        controller.native.act(action, controller.goals)
        sim.step(controller.goals)
        assert not ducks.step(np.stack([action, action]), 0.0).fell.any()


def _actor(contract: Contract) -> MirrorNet:
    seen, done = mirror.observation_mirror(contract, DESCRIPTION), mirror.action_mirror(contract, DESCRIPTION)
    return MirrorNet(seen, (32, 16), done, gain=1.0, swing=swing_of(contract, DESCRIPTION, 1.0))


def test_mirrored_twice_is_as_before_and_the_shipped_policy_agrees(duck: Robot) -> None:
    policy = Policy.load(duck.default_policy)
    seen, done = (
        mirror.observation_mirror(policy.contract, DESCRIPTION),
        mirror.action_mirror(policy.contract, DESCRIPTION),
    )
    for one in (seen, done):
        assert (one.order[one.order] == np.arange(len(one.order))).all()
        assert (one.sign * one.sign[one.order] == 1).all()
        basis = np.concatenate([one.even(), one.odd()])
        np.testing.assert_allclose(basis @ basis.T, np.eye(len(one.order)), atol=1e-6)
    # Its network cannot tell them apart but for a bias; its calibration corrects each side for itself.
    rows = 0.3 * np.random.default_rng(0).standard_normal((200, 101)).astype(np.float32)
    actions, mirrored = policy.infer(rows), policy.infer(np.ascontiguousarray(seen.sign * rows[:, seen.order]))
    error = np.abs(done.sign * actions[:, done.order] - mirrored).mean()
    assert error < 0.2 * np.abs(actions).mean()


def test_a_network_cannot_tell_left_from_right(duck: Robot) -> None:
    import torch

    torch.manual_seed(0)
    contract = tasks.task_contract(duck, "walk")
    seen, done = mirror.observation_mirror(contract, DESCRIPTION), mirror.action_mirror(contract, DESCRIPTION)
    net = _actor(contract)
    rows = torch.randn(50, 101)
    mirrored = torch.from_numpy(seen.sign) * rows[:, seen.order]
    expected = torch.from_numpy(done.sign) * net(rows)[:, done.order]
    assert torch.allclose(expected, net(mirrored), atol=1e-5)
    assert float(net(rows).detach().abs().max()) > 1.0, "the swing is there"
    net.normaliser.update(3 * rows + 1)
    net.swing = None
    out = net.normaliser(rows).detach().numpy()
    layers = net.dense()
    for index, (weight, bias) in enumerate(layers):
        out = out @ weight.T + bias
        if index < len(layers) - 1:
            out = np.where(out > 0, out, np.expm1(np.minimum(out, 0)))
    np.testing.assert_allclose(out, net(rows).detach().numpy(), atol=1e-5)


def test_killed_and_resumed_gives_the_same_bytes(duck: Robot, tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    out, err = whole.communicate(timeout=300)
    assert whole.returncode == 0, err
    assert json.loads(out)["done"]
    killed = train(tmp_path / "killed")
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    deadline = time.monotonic() + 300
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "killed" / "policy.onnx").exists(), "it was killed before its end"
    assert resume(tmp_path / "killed")["done"]
    files = [tmp_path / name / "policy.onnx" for name in ("whole", "killed")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_finished_run_goes_on_with_more_steps_and_with_nothing_else_changed(duck: Robot, tmp_path: Path) -> None:
    trainer = runs.begin(tmp_path, duck, config(duck, "run.steps=512"))
    assert trainer.run(tmp_path, lambda _: True)
    more = runs.resume(tmp_path, duck, ["train.steps=1024"])
    assert more.progress.steps == 512
    assert more.run(tmp_path, lambda _: True)
    # The folder says what it holds: it is resumed without a word, too.
    assert runs.resume(tmp_path, duck).config.run.steps == 1024
    with pytest.raises(TrainingError, match=r"run\.steps: expected more than the 1024 that are done, found 700"):
        runs.resume(tmp_path, duck, ["run.steps=700"])
    for settled in ("run.seed=9", "ppo.rollout=8", "rewards.alive=3.0"):
        with pytest.raises(TrainingError, match=r"expected only run\.steps"):
            runs.resume(tmp_path, duck, ["run.steps=2048", settled])


def test_what_takes_long_is_told_stage_by_stage(duck: Robot, tmp_path: Path) -> None:
    trainer = runs.begin(tmp_path, duck, config(duck, "run.steps=512"))
    assert trainer.run(tmp_path, lambda _: True)
    told: list[str] = []
    export_run(duck, tmp_path, tmp_path / "policy.onnx", told.append)
    assert told[0] == "reading the checkpoint"
    assert "calibrating commands: walk 6 of 6" in told
    assert told[-1] == "comparing the engines with the trained network"


def test_an_exported_policy_walks_by_its_own_contract(duck: Robot, tmp_path: Path) -> None:
    trainer = runs.begin(tmp_path / "run", duck, config(duck, "run.steps=512"))
    assert trainer.run(tmp_path / "run", lambda _: True)
    result = export_run(duck, tmp_path / "run", tmp_path / "policy.onnx")
    assert max(result["differences"].values()) < 1e-5
    assert result["golden_ticks"] == len(json.loads((tmp_path / "policy.json").read_text())["golden"]["ticks"]) == 40
    policy = Policy.load(tmp_path / "policy.onnx", robot=duck)
    assert (policy.basis, policy.contract.name) == ("embedded", "gaitway_walk")
    assert "512" in json.loads(policy.contract.to_json())["provenance"]["source"].replace("_", "")
    card = (tmp_path / "policy.md").read_text()
    assert "track_linear" in card
    controller, sim = Controller(policy, duck), RobotSim(duck)
    goals = controller.step(sim.sense(), np.zeros(7, dtype=np.float32))
    assert np.isfinite(goals).all()


def test_the_exported_policy_is_the_mean_of_those_on_the_way_and_no_spread_beyond_its_limit(
    duck: Robot, tmp_path: Path
) -> None:
    trainer = runs.begin(tmp_path / "run", duck, config(duck, "ppo.final_std=0.1"))
    weights, spreads = [], []

    def watch(_: Any) -> bool:
        weights.append([parameter.detach().clone() for parameter in trainer.model.actor.parameters()])
        spreads.append(float(trainer.model.std().detach().max()))
        return True

    assert trainer.run(tmp_path / "run", watch)
    assert len(weights) == 4
    for mean, *each in zip(trainer.averaged.parameters(), *weights, strict=True):
        torch.testing.assert_close(mean.detach(), torch.stack(each).mean(dim=0), atol=1e-6, rtol=1e-5)
    # 0.5 / 5^s², at the shares 0, 1/4, 1/2 and 3/4 of the run.
    assert spreads == pytest.approx([0.5, 0.452, 0.334, 0.202], abs=0.002)


def test_what_a_duck_keeps_to_is_counted_from_a_gait_after_command_and_push(duck: Robot) -> None:
    ducks = RobotBatch(
        duck, tasks.task_contract(duck, "walk"), config(duck, "pushes.every_s=[0.9,0.9]", "run.episode_s=60")
    )
    gait, still = 27, np.zeros((16, 14), dtype=np.float32)
    since, sums, seen = np.zeros(16, dtype=int), np.zeros((16, 3)), 0
    asked = np.zeros((16, 3))
    for _ in range(200):
        pushed = ducks._age >= ducks._next_push
        asked_now = ducks._command[:, :3].copy()
        begun = pushed | (asked_now != asked).any(axis=1)
        asked = asked_now
        ducks.step(still, 1.0)
        since = np.where(begun, 1, since + 1)
        there = ducks._velocities.moved > 0
        kept = since > gait
        assert (kept == (ducks._velocities.kept_ticks > 0))[there].all()
        sums = np.where(kept[:, None], sums + ducks._velocities.of_gait(), 0.0)
        both = kept & there
        np.testing.assert_allclose(
            ducks._velocities.kept()[both], (sums / np.maximum(since - gait, 1)[:, None])[both], atol=1e-12
        )
        since[~there] = 0
        seen += int(both.sum())
    assert seen > 100


def test_a_foot_belongs_where_the_robot_could_come_to_rest() -> None:
    feet = np.array([[[-0.016, 0.08, 0.0], [-0.016, -0.08, 0.0]]] * 3)
    feet[2, 0, 0] = 0.06
    velocity = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.5, 0.0, 0.0]])
    scene = SimpleNamespace(
        height_m=np.full(3, 0.156), velocity_mps=velocity, foot_position_m=feet, sizes=DESCRIPTION.gait
    )
    ahead = -0.026 + 0.5 * (0.2 / 9.81) ** 0.5 - (-0.016 + 0.043)
    assert rewards.capture(scene) == pytest.approx([0.0, ahead, 0.0])  # type: ignore[arg-type]


def test_a_quadruped_has_its_mirror_its_swing_and_sensors_at_every_foot() -> None:
    folder = Path(__file__).parent / "robots" / "quadruped"
    legs = ["front_left", "front_right", "rear_left", "rear_right"]
    joints = [f"{leg}_{joint}" for leg in legs for joint in ("hip", "thigh", "calf")]
    quadruped = load_description(folder / "simulation.toml", joints)
    assert mirror.contacts_mirror(quadruped).order.tolist() == [1, 0, 3, 2]
    description = {
        "observation": [
            {"name": "phase", "source": "phase", "width": 2},
            {"name": "command", "source": "command", "width": 3},
        ],
        "command": [{"axis": axis} for axis in ("vx", "vy", "wz")],
        "action": {"joints": [{"name": joint} for joint in joints]},
    }
    contract: Any = SimpleNamespace(to_json=lambda: json.dumps(description), observation_len=5, terms=[], name="trot")
    action = mirror.action_mirror(contract, quadruped)
    assert action.order.tolist() == [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]
    assert action.sign.tolist() == [-1, 1, 1] * 4
    swing = swing_of(contract, quadruped, 2.0)
    # Diagonal legs together: the sine of the phase, or its negative.
    assert swing.clock.tolist() == [[0, 0, 0, 0], [1, -1, -1, 1], *[[0, 0, 0, 0]] * 3]
    assert swing.legs[2].tolist() == [0] * 6 + [0, -1, 2] + [0] * 3
    settings = configuration.of({}, quadruped).physics
    robot: Any = SimpleNamespace(stiffness_per_kp=0.5)
    model = build_model(robot, quadruped, [100.0] * 12, settings)
    sensors = {model.sensor(index).name for index in range(model.nsensor)}
    assert sensors >= {f"{leg}_{what}" for leg in legs for what in ("contact", "position", "up", "velocity")}
    assert model.actuator_gainprm[:, 0].tolist() == [50.0] * 12
    # Its masses are those of geoms that are only seen.
    assert model.body_mass.sum() == pytest.approx(load_model(quadruped).body_mass.sum())


def test_noise_of_a_part_is_the_robots_or_the_files(duck: Robot) -> None:
    assert config(duck).noise.parts_rad == {"knee": 0.05, "ankle": 0.08}
    assert config(duck, "noise.knee_rad=0.01").noise.parts_rad == {"knee": 0.01, "ankle": 0.08}
    with pytest.raises(TrainingError, match=r"noise\.elbow_rad: no such key") as raised:
        config(duck, "noise.elbow_rad=0.01")
    assert "knee_rad, ankle_rad" in raised.value.hint
    with pytest.raises(TrainingError, match=r"noise\.knee_rad: expected 0 to 1, found 2"):
        config(duck, "noise.knee_rad=2")


def test_a_checkpoint_of_version_0_1_is_resumed(duck: Robot, tmp_path: Path) -> None:
    trainer = runs.begin(tmp_path, duck, config(duck, "run.steps=512"))
    assert trainer.run(tmp_path, lambda _: True)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    saved["ducks"] = saved.pop("robots")
    torch.save(saved, tmp_path / "checkpoint.pt")
    assert runs.resume(tmp_path, duck).progress.steps == 512


def test_a_calibration_finds_what_ducks_do_too_much() -> None:
    random = np.random.default_rng(3)
    asked = np.diag((0.15, 0.2, 1.0))[random.integers(0, 3, 5000)] * random.uniform(-1, 1, (5000, 1))
    # Too fast forward, to the left too slowly and drifting forward by it, and turning to the right where it walks.
    walked = asked * (1.25, 1.0, 1.0)
    left, forward = np.maximum(asked[:, 1], 0.0), np.maximum(asked[:, 0], 0.0)
    walked += np.outer(left, (0.1, -0.2, 0.0)) + np.outer(forward, (0.0, 0.0, -0.3))
    correction = calibration._fit(asked, asked - walked)
    expected = np.zeros((6, 3))
    expected[0], expected[3], expected[1] = (-0.25, 0.0, 0.3), (0.25, 0.0, 0.0), (-0.1, 0.2, 0.0)
    np.testing.assert_allclose(correction, expected, atol=2e-3)


def test_a_curve_is_told_in_parts_and_drawn(tmp_path: Path) -> None:
    rows = [
        {"steps": 100.0 * n, "seconds": 6.0 * n, "std": 1.0 / n, "falls_per_1000": 2.0, "error/vx": 0.1}
        for n in range(1, 9)
    ]
    del rows[0]["error/vx"], rows[1]["error/vx"]
    runs.write_curve(tmp_path, rows)
    told = curve.parts(curve.read(tmp_path), 4)
    assert [(row["steps"], row["seconds"]) for row in told] == [(200, 12), (400, 24), (600, 36), (800, 48)]
    assert told[0]["std"] == 0.75 and "error/vx" not in told[0] and told[1]["error/vx"] == 0.1
    for row in rows:
        row |= {"error/vy": 0.1, "error/wz": 0.2}
    curve.draw(rows, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / runs.CURVE).write_text("steps,seconds\n1,two\n")
    with pytest.raises(TrainingError, match="two"):
        curve.read(tmp_path)
    (tmp_path / runs.CURVE).write_text("steps,seconds\n")
    with pytest.raises(TrainingError, match="found 0 rows"):
        curve.read(tmp_path)


def test_a_calibrated_policy_is_exported_as_it_is(duck: Robot) -> None:
    from gaitway import _native

    contract = tasks.task_contract(duck, "walk")
    actor = _actor(contract)
    rows = np.random.default_rng(0).standard_normal((50, 101)).astype(np.float32)
    with torch.no_grad():
        before = actor(torch.from_numpy(rows)).numpy()
        actor.calibration = calibration._calibration(contract, np.full((6, 3), 0.2))
        after = actor(torch.from_numpy(rows)).numpy()
    assert np.abs(after - before).max() > 0.01
    policy = Policy.from_bytes(_native.embed(onnx_bytes(actor, contract), contract), Path("calibrated.onnx"))
    np.testing.assert_allclose(policy.infer(rows), after, atol=1e-5)


def test_a_policy_that_its_golden_vectors_contradict_is_refused(duck: Robot) -> None:
    from gaitway import _native
    from gaitway.golden import vectors

    contract = tasks.task_contract(duck, "walk")
    actor = _actor(contract)
    network = onnx_bytes(actor, contract)
    described = json.loads(contract.to_json())
    run = vectors.onnxruntime_network(network, described)
    golden = vectors.build(described, run, distort=lambda row: row + np.float32(0.01))
    data = _native.embed(network, Contract.from_json(vectors.text(described, golden)))
    rows = np.zeros((1, 101), dtype=np.float32)
    with pytest.raises(TrainingError, match=r"golden vectors: expected no finding, found .*offset"):
        check(actor, data, duck, Path("other.onnx"), rows)


def test_the_activation_is_elu_and_so_is_its_slope() -> None:
    rows = torch.linspace(-30.0, 30.0, 1001, requires_grad=True)
    theirs = torch.linspace(-30.0, 30.0, 1001, requires_grad=True)
    torch.testing.assert_close(Elu.apply(rows), torch.nn.functional.elu(theirs), atol=2e-7, rtol=1e-6)
    Elu.apply(rows).square().sum().backward()
    torch.nn.functional.elu(theirs).square().sum().backward()
    torch.testing.assert_close(rows.grad, theirs.grad, atol=2e-6, rtol=1e-6)


def test_an_engine_that_differs_is_refused(duck: Robot) -> None:
    from gaitway import _native

    contract = tasks.task_contract(duck, "walk")
    actor, other = _actor(contract), _actor(contract)
    data = _native.embed(onnx_bytes(other, contract), contract)
    rows = np.random.default_rng(0).standard_normal((5, 101)).astype(np.float32)
    with pytest.raises(TrainingError, match="native differs from the trained network"):
        check(actor, data, duck, Path("other.onnx"), rows)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("run.colour=3", "run.colour: no such key"),
        ("paint.colour=3", "paint: no such section"),
        ("rewards.alive='much'", "rewards.alive: expected a number, found 'much'"),
        ("rewards.alive={weight=1, until=2}", "rewards.alive: expected a number, or"),
        ("rewards.alive=nan", "rewards.alive: expected -1e.06 to 1e.06, found nan"),
        ("run.robots=1", "run.robots: expected 2 to 100000, found 1"),
        ("run.robots=2.5", "run.robots: expected a whole number, found 2.5"),
        ("ppo.discount=1.5", "ppo.discount: expected 0 to 1, found 1.5"),
        ("physics.friction=[1.0, 0.5]", "physics.friction: expected numbers, the smaller first"),
        ("physics.friction=1.0", "physics.friction: expected a list of 2 numbers, found 1.0"),
        ("run.threads=true", "run.threads: expected a whole number, found True"),
        ("steps", "--set steps: expected section.key=value"),
    ],
)
def test_a_wrong_configuration_is_named_by_its_place(duck: Robot, override: str, said: str) -> None:
    with pytest.raises(TrainingError, match=said) as error:
        config(duck, override)
    assert error.value.hint


def test_what_does_not_fit_is_said_before_the_first_step(duck: Robot, tmp_path: Path) -> None:
    contract = tasks.task_contract(duck, "walk")
    with pytest.raises(TrainingError, match=r"no such reward: \['grace'\]"):
        RobotBatch(duck, contract, config(duck, "rewards.grace=1.0"))
    with pytest.raises(TrainingError, match=r"whole number of steps of 0\.003 s"):
        RobotBatch(duck, contract, config(duck, "physics.coarse_s=0.003"))
    with pytest.raises(
        TrainingError, match=r"task dance: expected a task of open_duck_mini_v2, found stand, walk"
    ) as error:
        tasks.task_contract(duck, "dance")
    assert "stand, walk" in error.value.hint
    arm = Robot.load(Path(__file__).parent / "robots/arm/profile.toml")
    for asked in (tasks.task_contract, tasks.task_config):
        with pytest.raises(TrainingError, match="task walk: expected a task of test_arm, found no task") as error:
            asked(arm, "walk")
        assert error.value.hint.startswith("add tasks/walk.toml and tasks/walk.json beside its profile: docs/")
    description = json.loads(contract.to_json())
    description["action"]["joints"][0]["name"] = "left_wing"
    with pytest.raises(GaitwayError, match="left_wing"):
        RobotBatch(duck, Contract.from_json(json.dumps(description)), config(duck))
    runs.begin(tmp_path, duck, config(duck))
    with pytest.raises(TrainingError, match="holds a run already"):
        runs.begin(tmp_path, duck, config(duck))
    with pytest.raises(TrainingError, match="no checkpoint"):
        runs.resume(tmp_path, duck)


def test_a_reward_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(
    duck: Robot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = runs.begin(tmp_path, duck, config(duck))
    calls = []

    def broken(scene: Any) -> Any:
        calls.append(1)
        values = np.ones(16)
        if len(calls) > 70:
            values[3] = np.nan
        return values

    monkeypatch.setitem(rewards.REWARDS, "alive", broken)
    with pytest.raises(TrainingError, match="reward alive: expected finite numbers, found nan for robot 3"):
        trainer.run(tmp_path, lambda _: True)
    monkeypatch.undo()
    resumed = runs.resume(tmp_path, duck)
    assert resumed.progress.steps == 1024
    assert resumed.run(tmp_path, lambda _: True)


def test_a_damaged_checkpoint_is_refused_and_nothing_in_it_is_run(duck: Robot, tmp_path: Path) -> None:
    import pickle

    runs.begin(tmp_path, duck, config(duck))
    for data in (b"", b"not a checkpoint", pickle.dumps(Path)):
        (tmp_path / "checkpoint.pt").write_bytes(data)
        with pytest.raises(TrainingError, match=r"checkpoint\.pt"):
            runs.resume(tmp_path, duck)


def test_the_configuration_saved_with_a_run_is_the_one_it_had(duck: Robot, tmp_path: Path) -> None:
    given = config(duck, "noise.late_goals=[0.0, 1.0]", "rewards.alive={weight=1.0, to=2.0, ramp=[0.0, 0.5]}")
    (tmp_path / "config.toml").write_text(configuration.as_toml(given.text))
    again = configuration.load(tmp_path / "config.toml", [], DESCRIPTION)
    assert again == given
    assert again.rewards["alive"].at(0.25) == 1.5


def test_a_batch_is_whole_and_says_what_is_wrong(duck: Robot) -> None:
    contract = tasks.task_contract(duck, "walk")
    ducks = RobotBatch(duck, contract, config(duck))
    rows = [np.ascontiguousarray(row) for row in (ducks.physics.qpos, ducks.physics.qvel, ducks.physics.sensordata)]
    seen, commands = np.zeros((16, 101), dtype=np.float32), np.zeros((16, 7), dtype=np.float32)
    with pytest.raises(GaitwayError, match="qpos: expected a buffer of float64"):
        ducks.core.observe(rows[0].astype(np.float32), rows[1], rows[2], seen, commands)
    with pytest.raises(GaitwayError, match=f"qvel: expected {rows[1].size} numbers"):
        ducks.core.observe(rows[0], rows[1][:5], rows[2], seen, commands)
    rows[0][2, 9] = np.nan
    with pytest.raises(TrainingError, match="observation of robot 2: expected finite numbers"):
        ducks.core.observe(*rows, seen, commands)
    with pytest.raises(KeyError, match="contacts"):
        layout = {key: value for key, value in ducks.physics.layout().items() if key != "contacts"}
        Batch(contract, duck.native, 2, seed=0, layout=layout, disturbance={})  # type: ignore[arg-type,typeddict-item]


def test_a_critic_row_and_its_mirror_have_one_length(duck: Robot) -> None:
    ducks = RobotBatch(duck, tasks.task_contract(duck, "walk"), config(duck))
    assert ducks.critic.shape == (16, len(ducks.critic_mirror.sign))
    actor = actor_of(tasks.task_contract(duck, "walk"), DESCRIPTION, configuration.Ppo())
    model = ActorCritic(actor, ducks.critic_mirror, ducks.action_mirror, (32, 16), 0.5)
    assert model.std().shape == (ducks.core.action_len,)


def test_the_bench_measures_both_and_leaves_the_ducks_where_they_were() -> None:
    from gaitway.bench.train import measure_training

    told: list[str] = []
    result = measure_training("walk", "open_duck_mini_v2", 8, 3, 2, lambda what, *_: told.append(what))
    assert told == ["environments", "physics alone"] * 2 + ["learning"]
    assert all(rate > 0 for rate in result["steps_per_s"].values())
    assert result["learning"]["samples"] == 8 * 32
    (mark,) = result["marks"]
    assert mark["passed"] == (mark["found"] <= mark["at_most"])
