//! The keys that came with schema 2: what each makes of an observation, and how each is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{MINI_CONTRACT, MINI_CONTRACT_2, mini, names_the_term};
use gaitway_model::observation::Estimates;
use gaitway_model::{Command, Contract, ContractError, ObservationProgram, Sensors};
use serde_json::{Value, json};

fn second() -> Value {
    serde_json::from_str(MINI_CONTRACT_2).unwrap()
}

fn load(value: &Value) -> Contract {
    Contract::from_json(&value.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

/// With the value at a pointer replaced, or set where its table lacks it.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (table, key) = pointer.rsplit_once('/').unwrap();
    let table = value.pointer_mut(table).unwrap_or_else(|| panic!("nothing at {pointer}"));
    match (table.as_array_mut(), key.parse::<usize>()) {
        (Some(list), Ok(index)) => list[index] = new,
        _ => table[key] = new,
    }
    value
}

/// Observations of `ticks` ticks, in the n-th of which the gyro is (n, 10 n, 100 n) and all joints at n / 8 rad.
fn observed(contract: &Contract, ticks: usize) -> Vec<Vec<f32>> {
    let program = ObservationProgram::compile(contract, &mini()).unwrap();
    let mut state = program.initial_state();
    let joints = contract.action_len();
    let mut tick = |n: f32| {
        let mut sensors = Sensors::still(4, 2);
        sensors.gyro_rps = [n, 10.0 * n, 100.0 * n];
        sensors.joint_position_rad.fill(n / 8.0);
        let phase: Vec<f32> = (0..2 * contract.phases_len()).map(|place| place as f32 / 4.0).collect();
        let estimates =
            Estimates { projected_gravity: [0.0, 0.0, -1.0], euler_rad: [0.5, -0.5, 2.0], phase: &phase };
        program.sense(&mut state, &sensors, &Command::default(), estimates);
        let mut observation = vec![f32::NAN; program.len()];
        program.observe(&state, &mut observation);
        program.remember(&mut state, &vec![n; joints], &vec![-n; joints]);
        observation
    };
    (1..=ticks).map(|n| tick(n as f32)).collect()
}

/// The numbers of one tick of [`second`]: of tick n.
fn frame(n: f32) -> Vec<f32> {
    let position = [n / 8.0 - 0.125, n / 8.0 + 0.25, n / 8.0 - 0.5, n / 8.0];
    let numbers = [50.0 * n, 0.25 * n + 1.0, 0.5, -0.5];
    [&numbers[..], &position, &[1.0, 0.5], &[0.5, 0.0, 0.75, 0.25]].concat()
}

#[test]
fn elements_scales_constants_and_observed_joints_make_a_tick() {
    let mut alone = second();
    alone.as_object_mut().unwrap().remove("history");
    alone["network"]["further_inputs"] = json!([]);
    let contract = load(&alone);
    assert_eq!((contract.observation_len(), contract.output_len(), contract.action_len()), (14, 4, 3));
    assert_eq!(observed(&contract, 2), [frame(1.0), frame(2.0)]);
}

#[test]
fn a_history_is_one_key_in_either_layout_and_order() {
    let of = |layout: &str, order: &str, after_current: bool, lag: u32| {
        let key = json!({
            "ticks": 3, "layout": layout, "order": order, "after_current": after_current, "lag": lag
        });
        let mut value = with(second(), "/history", key);
        value["network"]["further_inputs"] = json!([]);
        let contract = load(&value);
        let last = observed(&contract, 5).pop().unwrap();
        assert_eq!(last.len(), contract.observation_len());
        last
    };
    let by_tick = |ticks: &[f32]| ticks.iter().flat_map(|&n| frame(n)).collect::<Vec<f32>>();
    assert_eq!(of("by_tick", "newest_first", false, 0), by_tick(&[5.0, 4.0, 3.0]));
    assert_eq!(of("by_tick", "oldest_first", false, 0), by_tick(&[3.0, 4.0, 5.0]));
    assert_eq!(of("by_tick", "oldest_first", true, 1), by_tick(&[5.0, 2.0, 3.0, 4.0]));
    let widths = [2, 2, 4, 2, 4];
    let by_term = |ticks: &[f32]| {
        let mut start = 0;
        let mut numbers = Vec::new();
        for width in widths {
            ticks.iter().for_each(|&n| numbers.extend_from_slice(&frame(n)[start..start + width]));
            start += width;
        }
        numbers
    };
    assert_eq!(of("by_term", "newest_first", false, 0), by_term(&[5.0, 4.0, 3.0]));
    assert_eq!(of("by_term", "oldest_first", false, 0), by_term(&[3.0, 4.0, 5.0]));
}

#[test]
fn what_is_older_than_the_episode_is_zero_before_or_after_the_scale() {
    let value = with(second(), "/history", json!({"ticks": 2, "layout": "by_tick", "order": "newest_first"}));
    let mut after = with(value, "/network/further_inputs", json!([]));
    let fed_back =
        json!({"name": "last", "source": "action", "unit": "1", "lag": 1, "offset": 7, "width": 3});
    after["observation"].as_array_mut().unwrap().push(fed_back);
    let before = with(after.clone(), "/reset/sensors", json!("zero"));
    let zeros = [0.0; 17];
    let of_action = |n: f32| [7.0 + n; 3];
    let seen = observed(&load(&after), 3);
    assert_eq!(
        seen[0],
        [&frame(1.0)[..], &[0.0; 3], &zeros].concat(),
        "the action before the first tick, too"
    );
    assert_eq!(seen[1], [&frame(2.0)[..], &of_action(1.0), &frame(1.0), &[0.0; 3]].concat());
    assert_eq!(seen[2], [&frame(3.0)[..], &of_action(2.0), &frame(2.0), &of_action(1.0)].concat());
    let seen = observed(&load(&before), 3);
    // Zero sensors: an offset of one, angles of minus the default pose; no roll, no pitch, no phase.
    let unseen = [0.0, 1.0, 0.0, 0.0, -0.125, 0.25, -0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(seen[0], [&frame(1.0)[..], &of_action(0.0), &unseen, &of_action(0.0)].concat());
}

#[test]
fn the_terms_of_a_history_are_named_by_their_age() {
    let contract = load(&second());
    let names: Vec<String> = contract.terms().iter().map(|term| term.name.clone()).collect();
    assert_eq!(
        names[..6],
        ["yaw_rate_first", "roll_pitch", "position", "stance", "sine_first", "yaw_rate_first 4 ticks ago"]
    );
    assert_eq!((names.len(), names.last().unwrap().as_str()), (30, "sine_first 0 ticks ago"));
}

#[test]
fn schema_1_knows_none_of_the_keys() {
    for (pointer, new, key) in [
        ("/network/states", json!([{"input": "a", "output": "b"}]), "states of the network"),
        ("/history", json!({"ticks": 2, "layout": "by_tick", "order": "newest_first"}), "history"),
        ("/observed_joints", json!([{"name": "hip", "default_rad": 0.125}]), "observed_joints"),
        ("/observation/0/scale", json!([1, 2, 3]), "a scale or offset by element"),
        ("/phase/offsets_rad", json!([0]), "phase.offsets_rad"),
        ("/phase/period_ticks", json!(8.5), "a period that is not whole"),
        ("/action/kind", json!("joint_torque"), "actions other than positions"),
        ("/gains/stiffness_nm_per_rad", json!(1), "gains in SI"),
        ("/reset/sensors", json!("zero_observation"), "zero_observation"),
    ] {
        let value = with(serde_json::from_str(MINI_CONTRACT).unwrap(), pointer, new);
        let error = Contract::from_json(&value.to_string()).unwrap_err().to_string();
        assert!(error.contains("gaitway.contract/2") && error.contains(key), "{pointer}: {error}");
    }
}

#[test]
fn a_contradiction_is_refused_by_its_place() {
    let term = |name: &str, key: &str, new: Value| {
        let mut value = json!({"name": name, "source": name, "unit": "1", "width": 2});
        value[key] = new;
        value
    };
    let port = |name: &str, width: u32| json!([{"name": name, "width": width}]);
    #[rustfmt::skip]
    let table: Vec<(&str, Value, &str, &str)> = vec![
        ("/network/further_inputs", port("x", 3), "network.further_inputs[0].name", "an input named once"),
        ("/network/further_inputs", port("past", 0), "network.further_inputs[0].width", "1 or more"),
        ("/network/further_inputs", port("past", 84), "network.further_inputs", "fewer than the 84"),
        ("/network/further_outputs", port("y", 1), "network.further_outputs[0].name", "an output named once"),
        ("/network/further_outputs", port("clock_rate", 1001), "network.further_outputs[0].width", "1 to 1000"),
        ("/network/states/0/input", json!("past"), "network.states[0].input", "an input named once"),
        ("/network/states/0/output", json!("clock_rate"), "network.states[0].output", "an output named once"),
        ("/history/ticks", json!(0), "history.ticks", "1 to 100"),
        ("/history/lag", json!(101), "history.lag", "at most 100"),
        ("/observation/2", json!({"name": "p", "source": "joint_position", "unit": "rad", "history": 2, "width": 8}),
            "observation (p).history", "1: the contract's own history"),
        ("/observed_joints", json!([]), "observed_joints", "1 to 64"),
        ("/observed_joints/1/name", json!("hip"), "observed_joints[1].name", "a joint named once"),
        ("/observed_joints/1/kind", json!("joint_torque"), "observed_joints[1].kind", "none"),
        ("/observation/0/elements", json!([0, 3]), "elements", "indices below 3"),
        ("/observation/0/elements", json!([]), "elements", "one or more"),
        ("/observation/0/scale", json!([1, 2, 3]), "scale", "one number, or 2"),
        ("/observation/0/scale", json!([1, 0]), "scale", "other than 0"),
        ("/observation/0/offset", json!([1e39, 0]), "offset", "finite"),
        ("/observation/0/width", json!(3), "width", "2"),
        ("/observation/3", term("constant", "elements", json!([0])), "elements", "none: the width says"),
        ("/phase/offsets_rad", json!([0, 1, 2]), "phase.first_value", "6 numbers"),
        ("/phase/offsets_rad", json!([]), "phase.offsets_rad", "1 to 8"),
        ("/phase/runs", json!("always"), "phase.rate", "none: the clock does not run by_policy"),
        ("/phase/rate", Value::Null, "phase.rate", "the output by which it runs"),
        ("/phase/rate/output", json!("y"), "phase.rate.output", "one of network.further_outputs"),
        ("/phase/rate/min", json!(-1), "phase.rate.min", "0 or more"),
        ("/phase/rate/max", json!(11), "phase.rate.max", "at most 10"),
        ("/gains", json!({}), "gains", "kp and kd, or stiffness"),
        ("/gains", json!({"kp": 1}), "gains.kd", "a number beside gains.kp"),
        ("/gains", json!({"damping_nms_per_rad": 1}), "gains.stiffness_nm_per_rad", "a number beside"),
        ("/gains/stiffness_nm_per_rad", json!([1, 2]), "gains.stiffness_nm_per_rad", "one number, or 3"),
    ];
    for (pointer, new, place, expected) in table {
        let error = Contract::from_json(&with(second(), pointer, new.clone()).to_string())
            .map(|_| format!("{pointer} {new} is taken"))
            .unwrap_err();
        names_the_term(&error);
        let text = error.to_string();
        assert!(text.contains(place) && text.contains(expected), "{pointer} {new}: {text}");
    }
}

#[test]
fn a_constant_has_no_history_of_its_own() {
    let mut value = with(with(second(), "/history", Value::Null), "/network/further_inputs", json!([]));
    value["observation"][3]["history"] = json!(2);
    let error = Contract::from_json(&value.to_string()).unwrap_err().to_string();
    assert!(error.contains("observation[3] (stance)") && error.contains("a history of 1"), "{error}");
}

#[test]
fn what_this_robot_cannot_know_or_do_is_refused_with_the_reason() {
    let unknowable = |source: &str, unit: &str, frame: bool| {
        let mut term = json!({"name": source, "source": source, "unit": unit, "width": 3});
        if frame {
            term["frame"] = json!("trunk");
        }
        with(second(), "/observation/0", term)
    };
    let widened = |value: Value| with(value, "/network/further_inputs/0/width", json!(75));
    for (value, reason) in [
        (widened(unknowable("base_velocity", "m/s", true)), "no sensor measures the trunk's linear velocity"),
        (widened(unknowable("height_scan", "m", false)), "no sensor measures the ground"),
        (with(second(), "/action/kind", json!("joint_torque")), "found a torque"),
        (with(second(), "/action/joints/1/kind", json!("joint_velocity")), "action joint hip"),
        (with(second(), "/observed_joints/2/name", json!("tail")), "observed joint tail"),
    ] {
        let error = ObservationProgram::compile(&load(&value), &mini()).unwrap_err();
        assert!(matches!(error, ContractError::Misfit { .. }));
        assert!(error.to_string().contains(reason), "{error}");
    }
}
