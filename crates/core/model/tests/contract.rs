//! Contracts: what loads, how every contradiction is named, the canonical text and its hash, the published schema.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads its files"
)]

mod common;

use common::{MINI_CONTRACT, SHIPPED_CONTRACTS, names_the_term, shipped};
use gaitway_model::term::{Reference, Source};
use gaitway_model::{Contract, ContractError, ObservationProgram};
use serde_json::{Value, json};

/// [`MINI_CONTRACT`] with every key that may be missing, and golden vectors.
fn whole() -> Value {
    let mut whole: Value = serde_json::from_str(MINI_CONTRACT).unwrap();
    whole["action"]["filter"] = json!({"kind": "low_pass", "cutoff_hz": 10});
    let tick = json!({
        "reset": false, "gyro": [0, 0, 0], "accelerometer": [0, 0, 9.81], "foot_contact": [1, 1],
        "joint_position": [0, 0, 0], "joint_velocity": [0, 0, 0], "command": [0, 0, 0],
        "observation": vec![0; 26], "action": [0, 0, 0], "target": [0, 0, 0], "sent": [0, 0, 0],
    });
    let mut ticks = vec![tick; 32];
    ticks[0]["reset"] = json!(true);
    whole["golden"] = json!({"made_by": "tests", "tolerance": 1e-5, "ticks": ticks});
    whole
}

fn load(value: &Value) -> Result<Contract, ContractError> {
    Contract::from_json(&value.to_string())
}

/// The error of [`whole`] with the value at `pointer` replaced.
fn refusal(pointer: &str, new: &Value) -> ContractError {
    let mut value = whole();
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = new.clone();
    let error = load(&value).map(|_| format!("{pointer} {new} is taken")).unwrap_err();
    names_the_term(&error);
    error
}

#[test]
fn a_valid_contract_loads_with_and_without_its_optional_parts() {
    let small = Contract::from_json(MINI_CONTRACT).unwrap();
    assert_eq!((small.observation_len(), small.action_len()), (26, 3));
    let position = &small.observation[1];
    assert_eq!((position.source, position.relative_to), (Source::JointPosition, Reference::DefaultPose));
    assert_eq!(
        (position.scale_of(0), position.offset_of(0), position.history, position.lag),
        (1.0, 0.0, 1, 0)
    );
    assert!(small.golden.is_none() && small.action.filter.is_none());
    let whole = load(&whole()).unwrap();
    assert_eq!(whole.golden.unwrap().ticks.len(), 32);
}

#[test]
fn the_shipped_contracts_fit_the_shipped_robot() {
    for text in SHIPPED_CONTRACTS {
        let contract = Contract::from_json(text).unwrap();
        assert_eq!((contract.observation_len(), contract.action_len()), (101, 14));
        assert_eq!(contract.robot.profile_sha256, shipped().policy_sha256(), "{}", contract.name);
        let program = ObservationProgram::compile(&contract, &shipped()).unwrap();
        assert_eq!(program.joints(), (0..14).collect::<Vec<_>>());
    }
}

#[test]
fn a_contradiction_is_refused_by_its_place() {
    let term = |index: usize, key: &str, value: Value| {
        let mut term = whole()["observation"][index].clone();
        term[key] = value;
        term
    };
    let axis = |index: usize, key: &str, value: Value| {
        let mut axis = whole()["command"][index].clone();
        axis[key] = value;
        axis
    };
    let joint = |name: &str| json!({"name": name, "default_rad": 0});
    let joints: Vec<Value> = (0..65).map(|index| joint(&format!("joint{index}"))).collect();
    let huge = json!(1e39);
    #[rustfmt::skip]
    let table: Vec<(&str, Value, &str, &str, &str)> = vec![
        // Where in the JSON, what is put there: then path, expected and found in the message.
        ("/policy_rate_hz", json!(0), "policy_rate_hz", "1 to 1000", "0"),
        ("/policy_rate_hz", json!(1001), "policy_rate_hz", "1 to 1000", "1001"),
        ("/weights_sha256", json!("abc"), "weights_sha256", "64 lower-case", "abc"),
        ("/weights_sha256", json!("A".repeat(64)), "weights_sha256", "64 lower-case", "AAA"),
        ("/robot/profile_sha256", json!(""), "robot.profile_sha256", "64 lower-case", ""),
        ("/action/joints", json!([]), "action.joints", "1 to 64 joints", "0"),
        ("/action/joints", json!(joints), "action.joints", "1 to 64 joints", "65"),
        ("/action/joints/1/name", json!("knee"), "action.joints[1].name", "a joint named once", "knee"),
        ("/action/joints/2/default_rad", huge.clone(), "action.joints[2].default_rad", "finite", "1e39"),
        ("/action/scale", json!([1, 2]), "action.scale", "one number, or 3", "2 numbers"),
        ("/action/scale", json!(101), "action.scale", "from -100 to 100", "[101.0]"),
        ("/action/scale", json!([1, 1, -101]), "action.scale", "from -100 to 100", "-101.0"),
        ("/action/velocity_limit_rps", json!([1]), "action.velocity_limit_rps", "one number, or 3", "1 numbers"),
        ("/action/velocity_limit_rps", json!(0), "action.velocity_limit_rps", "from 0.001 to 1000000", "0.0"),
        ("/action/bounds", json!([1, 1]), "action.bounds", "low before high", "1 to 1"),
        ("/action/bounds", json!([-1e39, 1]), "action.bounds", "finite", "-1e39"),
        ("/action/filter/cutoff_hz", json!(0), "action.filter.cutoff_hz", "0.001 to 1000000", "0"),
        ("/action/filter/cutoff_hz", json!(1e7), "action.filter.cutoff_hz", "0.001 to 1000000", "10000000"),
        ("/action/delay_ticks", json!(21), "action.delay_ticks", "at most 20", "21"),
        ("/command/1", axis(0, "min", json!(-1)), "command[1].axis", "an axis named once", "vx"),
        ("/command/0/unit", json!("km/h"), "command[0].unit (vx)", "m/s", "km/h"),
        ("/command/1", axis(1, "max", json!(-1)), "command[1].min and max (wz)", "low before high", "-1 to -1"),
        ("/command/1", axis(1, "max", huge.clone()), "command[1].min and max (wz)", "finite", "1e39"),
        ("/command/1", axis(1, "idle", json!(1.5)), "command[1].idle (wz)", "from min to max", "1.5"),
        ("/command/1", axis(1, "dead_zone", json!(-0.1)), "command[1].dead_zone (wz)", "0 or more", "-0.1"),
        ("/command/1", axis(1, "dead_zone", json!(2)), "command[1].dead_zone (wz)", "less than max - min", "2"),
        ("/command/2/rate_limit_per_s", json!(0), "command[2].rate_limit_per_s (head_yaw)", "more than 0", "0"),
        ("/head_command/joints/0/axis", json!("head_roll"), "head_command.joints[0].axis", "an angle", "head_roll"),
        ("/head_command/joints/0/axis", json!("vx"), "head_command.joints[0].axis", "an angle", "vx"),
        ("/head_command/joints/0/joint", json!("tail"), "head_command.joints[0].joint", "a joint of the action", "tail"),
        (
            "/head_command/joints",
            json!([{"axis": "head_yaw", "joint": "neck"}, {"axis": "head_yaw", "joint": "neck"}]),
            "head_command.joints[1].joint",
            "a joint named once",
            "neck",
        ),
        ("/command/1", axis(1, "max", json!(1e7)), "command[1].min and max (wz)", "at most 1000", "10000000"),
        ("/phase/period_ticks", json!(1), "phase.period_ticks", "2 to 10000", "1"),
        ("/phase/period_ticks", json!(10_001), "phase.period_ticks", "2 to 10000", "10001"),
        ("/phase/factor", json!(0), "phase.factor", "more than 0", "0"),
        ("/phase/factor", json!(10.5), "phase.factor", "at most 10", "10.5"),
        ("/phase/first_value", json!([0, 1e39]), "phase.first_value", "finite", "1e39"),
        ("/phase", Value::Null, "observation[6] (phase)", "a phase clock", "none"),
        ("/command", json!([]), "head_command.joints[0].axis", "among the command axes", "head_yaw"),
        ("/observation", json!([]), "observation", "1 to 256 terms", "0"),
        ("/observation", json!(vec![term(0, "lag", json!(0)); 257]), "observation", "1 to 256 terms", "257"),
        ("/observation/1/name", json!("gyro"), "observation[1] (gyro).name", "a name no other term has", "gyro"),
        ("/observation/0/unit", json!("deg/s"), "observation[0] (gyro).unit", "rad/s", "deg/s"),
        ("/observation/0", term(0, "frame", Value::Null), "observation[0] (gyro).frame", "a frame", "none"),
        ("/observation/1", term(1, "frame", json!("trunk")), "observation[1] (position).frame", "no frame", "one"),
        ("/observation/2", term(2, "relative_to", json!("default_pose")), "observation[2] (velocity).relative_to",
            "only joint angles have a default pose", "default_pose"),
        ("/observation/2/scale", json!(0), "observation[2] (velocity).scale", "other than 0", "0"),
        ("/observation/2/scale", huge.clone(), "observation[2] (velocity).scale", "finite", "1e39"),
        ("/observation/2", term(2, "offset", huge.clone()), "observation[2] (velocity).offset", "finite", "1e39"),
        ("/observation/6/clip", json!([1, -1]), "observation[6] (phase).clip", "low before high", "1 to -1"),
        ("/observation/4/history", json!(0), "observation[4] (last_actions).history", "1 to 100", "0"),
        ("/observation/4/history", json!(101), "observation[4] (last_actions).history", "1 to 100", "101"),
        ("/observation/4/lag", json!(0), "observation[4] (last_actions).lag", "does not exist yet", "0"),
        ("/observation/5", term(5, "lag", json!(0)), "observation[5] (last_target).lag", "does not exist yet", "0"),
        ("/observation/0", term(0, "lag", json!(101)), "observation[0] (gyro).lag", "at most 100", "101"),
        ("/observation/4/width", json!(8), "observation[4] (last_actions).width", "9", "8"),
        ("/gains/kp", json!([1, 2]), "gains.kp", "one number, or 3", "2 numbers"),
        ("/gains/kp", json!(256), "gains.kp", "from 0 to 255", "256"),
        ("/gains/kd", json!([0, -1, 0]), "gains.kd", "from 0 to 255", "-1"),
        ("/reset/action", huge.clone(), "reset.action", "finite", "1e39"),
        ("/golden/ticks", json!([]), "golden.ticks", "at least 32 ticks", "0"),
        ("/golden/tolerance", json!(0), "golden.tolerance", "more than 0", "0"),
        ("/golden/tolerance", json!(0.01), "golden.tolerance", "at most 0.001", "0.01"),
        ("/golden/ticks/0/reset", json!(false), "golden.ticks[0].reset", "true", "false"),
        ("/golden/ticks/7/gyro", json!([0, 1e39, 0]), "golden.ticks[7].gyro", "finite", "1e39"),
        ("/golden/ticks/7/accelerometer", json!([1e39, 0, 0]), "golden.ticks[7].accelerometer", "finite", "1e39"),
        ("/golden/ticks/7/foot_contact", json!([1e39, 0]), "golden.ticks[7].foot_contact", "finite", "1e39"),
    ];
    for (pointer, new, path, expected, found) in table {
        let error = refusal(pointer, &new);
        let ContractError::Value { path: at, expected: right, found: there } = &error else {
            panic!("{pointer}: {error}");
        };
        assert_eq!(at, path, "{pointer}: {error}");
        assert!(right.contains(expected) && there.contains(found), "{pointer}: {error}");
        assert!(error.hint().contains(path), "{}", error.hint());
    }
    for (row, len) in [
        ("joint_position", 3),
        ("joint_velocity", 3),
        ("command", 3),
        ("observation", 26),
        ("action", 3),
        ("target", 3),
        ("sent", 3),
    ] {
        let path = format!("golden.ticks[31].{row}");
        for (new, problem) in [
            (json!([0]), format!("expected {len} numbers, found 1 numbers")),
            (json!(vec![1e39; len]), "expected finite 32-bit numbers".to_owned()),
        ] {
            let message = refusal(&format!("/golden/ticks/31/{row}"), &new).to_string();
            assert!(message.contains(&format!("at {path}: {problem}")), "{message}");
        }
    }
}

#[test]
fn a_command_term_needs_a_command() {
    let mut value = whole();
    value["command"] = json!([]);
    value["head_command"]["joints"] = json!([]);
    value["observation"][3]["width"] = json!(0);
    let message = load(&value).unwrap_err().to_string();
    assert!(
        message.contains("observation[3] (command): expected a command axis in the contract, found none"),
        "{message}"
    );
}

#[test]
fn another_schema_is_refused_as_such() {
    let error = refusal("/schema", &json!("gaitway.contract/3"));
    assert!(
        matches!(&error, ContractError::Schema { found, .. } if found == "gaitway.contract/3"),
        "{error}"
    );
    assert!(error.hint().contains("gaitway.contract/3"));
}

/// The JSON pointers of every value in `value`, itself included.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
        // Two of a list stand for the rest.
        Value::Array(list) => {
            list.iter().take(2).enumerate().map(|(i, child)| (i.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    let below = children
        .into_iter()
        .flat_map(|(key, child)| pointers(child).into_iter().map(move |rest| format!("/{key}{rest}")));
    std::iter::once(String::new()).chain(below).collect()
}

/// The pointer as the error's path spells it.
fn spelt(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |path, part| match part.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) if path.is_empty() => part.to_owned(),
        Err(_) => format!("{path}.{part}"),
    })
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    let mut objects = 0;
    for pointer in pointers(&whole()) {
        let mut value = whole();
        let Some(object) = value.pointer_mut(&pointer).unwrap().as_object_mut() else {
            continue;
        };
        object.insert("surprise".to_owned(), json!(1));
        objects += 1;
        let error = load(&value).expect_err(&pointer);
        names_the_term(&error);
        let ContractError::Syntax { path, problem } = &error else {
            panic!("{pointer}: {error}");
        };
        // A tagged object is read whole before its keys are known: its own path is the nearest.
        let expected = match pointer.as_str() {
            "/action/filter" => "action.filter".to_owned(),
            _ => spelt(&format!("{pointer}/surprise")),
        };
        assert_eq!(*path, expected);
        assert!(problem.contains("unknown field `surprise`"), "{error}");
    }
    assert_eq!(objects, 20, "every object of the contract, two of each list");
}

#[test]
fn a_value_of_another_kind_is_refused_by_its_place_everywhere() {
    for pointer in pointers(&whole()) {
        let mut value = whole();
        *value.pointer_mut(&pointer).unwrap() = json!({"surprise": [null]});
        let error = load(&value).expect_err(&pointer);
        names_the_term(&error);
        let path = match &error {
            ContractError::Syntax { path, .. } => path,
            other => panic!("{pointer}: {other}"),
        };
        let inside_filter = pointer.starts_with("/action/filter/") && path == "action.filter";
        assert!(path.starts_with(&spelt(&pointer)) || inside_filter, "{pointer}: {error}");
    }
}

#[test]
fn missing_keys_are_named_with_the_object_that_lacks_them() {
    #[rustfmt::skip]
    let optional = [
        "phase", "golden", "bounds", "filter", "velocity_limit_rps", "delay_ticks", "frame", "relative_to", "scale",
        "clip", "history", "lag", "dead_zone", "rate_limit_per_s", "idle",
    ];
    for pointer in pointers(&whole()).into_iter().filter(|pointer| !pointer.is_empty()) {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut value = whole();
        let Some(object) = value.pointer_mut(parent).unwrap().as_object_mut() else {
            continue;
        };
        object.remove(key);
        let of_action = parent == "/action" && ["scale", "relative_to"].contains(&key);
        match load(&value) {
            Err(ContractError::Syntax { path, problem }) => {
                assert!(of_action || !optional.contains(&key), "{pointer}: {problem}");
                let place = if parent.is_empty() { "top level".to_owned() } else { spelt(parent) };
                assert_eq!(path, place, "{problem}");
                assert!(problem.contains(&format!("missing field `{key}`")), "{pointer}: {problem}");
            }
            // It may be missing, though another part of this contract may then contradict it.
            // Gains come in pairs of two kinds, of which one must be there.
            _ => assert!(optional.contains(&key) || parent == "/gains", "{pointer}"),
        }
    }
}

#[test]
fn text_that_is_no_json_or_goes_on_is_refused() {
    for text in ["", "{", "[]", "null", "\u{feff}{}", &format!("{MINI_CONTRACT} {{}}"), &"[".repeat(100_000)]
    {
        let error = Contract::from_json(text).expect_err(text);
        names_the_term(&error);
        assert!(matches!(error, ContractError::Syntax { .. }), "{error}");
    }
    let twice = MINI_CONTRACT.replacen("{", "{\"name\": \"again\",", 1);
    let message = Contract::from_json(&twice).unwrap_err().to_string();
    assert!(message.contains("duplicate field `name`"), "{message}");
}

/// `value` with keys in reverse order and white space everywhere.
fn written_backwards(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entry =
                |(key, child): (&String, &Value)| format!("\n{key:?} :\t{}", written_backwards(child));
            format!("{{ {} }}", map.iter().rev().map(entry).collect::<Vec<_>>().join(" ,"))
        }
        Value::Array(list) => {
            format!("[ {} ]", list.iter().map(written_backwards).collect::<Vec<_>>().join(" ,\r\n"))
        }
        other => other.to_string(),
    }
}

#[test]
fn the_canonical_text_reads_back_and_has_one_form() {
    let texts = SHIPPED_CONTRACTS
        .map(str::to_owned)
        .into_iter()
        .chain([MINI_CONTRACT.to_owned(), whole().to_string()]);
    for text in texts {
        let contract = Contract::from_json(&text).unwrap();
        let canonical = contract.canonical_json().unwrap();
        assert_eq!(Contract::from_json(&canonical).unwrap(), contract);
        let backwards = written_backwards(&serde_json::from_str(&text).unwrap());
        assert_ne!(backwards, text);
        let again = Contract::from_json(&backwards).unwrap();
        assert_eq!(again.canonical_json().unwrap(), canonical);
        assert_eq!(again.hash().unwrap(), contract.hash().unwrap());
        assert!(canonical.starts_with(r#"{"action":{"#) && !canonical.contains(['\n', '\t']), "{canonical}");
    }
}

#[test]
fn the_hash_is_the_one_another_implementation_gives() {
    // Python: sha256 of json.dumps(contract with its defaults, sort_keys=True, separators=(",", ":")).
    let hash = Contract::from_json(MINI_CONTRACT).unwrap().hash().unwrap();
    assert_eq!(hash, "59248893b583eaa6bdfc5decfbd1eca62d69db7be078015d724b08a31d587549");
}

#[test]
fn any_change_changes_the_hash() {
    let whole = whole();
    let hash =
        |value: &Value| serde_json::from_value::<Contract>(value.clone()).ok().map(|c| c.hash().unwrap());
    let before = hash(&whole).unwrap();
    let mut changed = 0;
    let mut unchangeable = Vec::new();
    for pointer in pointers(&whole) {
        let old = whole.pointer(&pointer).unwrap();
        let others: Vec<Value> = match old {
            Value::Bool(old) => vec![json!(!old)],
            Value::Number(old) if old.is_u64() => vec![json!(old.as_u64().unwrap() + 1)],
            Value::Number(old) => vec![json!(f64::from_bits(old.as_f64().unwrap().to_bits() + 1))],
            // Where a string is one of a few words, one of these is another.
            Value::String(old) => [format!("{old}!").as_str()]
                .into_iter()
                .chain(["gyro", "command", "zero", "world", "after_head_command", "before_observation"])
                .chain(["while_commanded", "first_sample", "vy", "default_pose"])
                .filter(|new| *new != old.as_str())
                .map(|new| json!(new))
                .collect(),
            _ => continue,
        };
        let found = others.iter().find_map(|new| {
            let mut value = whole.clone();
            *value.pointer_mut(&pointer).unwrap() = new.clone();
            hash(&value)
        });
        match found {
            Some(found) => assert_ne!(found, before, "{pointer}"),
            None => unchangeable.push(pointer),
        }
        changed += 1;
    }
    assert_eq!(
        unchangeable,
        ["/action/filter/kind", "/action/kind"],
        "the only words without an alternative"
    );
    assert_eq!(changed, 103, "every value of the contract, two of each list");
}

#[test]
fn the_published_schema_is_the_one_of_this_build() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/contract.schema.json");
    let schema = Contract::json_schema();
    if std::env::var_os("GAITWAY_UPDATE").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == schema,
        "docs/contract.schema.json is not what this build reads; write it anew with\n\
         GAITWAY_UPDATE=1 cargo test --release -p gaitway-model --test contract"
    );
}

#[test]
fn the_schema_refuses_unknown_keys_and_knows_every_key() {
    let schema: Value = serde_json::from_str(&Contract::json_schema()).unwrap();
    let mut open = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions.iter().chain([(&"Contract".to_owned(), &schema)]) {
        if definition["type"] == "object" && definition["additionalProperties"] != json!(false) {
            open.push(name.clone());
        }
    }
    assert_eq!(open, Vec::<String>::new());
    for (pointer, key) in [("", "golden"), ("/$defs/Term", "history"), ("/$defs/Action", "fed_back")] {
        assert!(schema.pointer(pointer).unwrap()["properties"][key].is_object(), "{pointer} {key}");
    }
}
