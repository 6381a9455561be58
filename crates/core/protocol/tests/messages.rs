//! Messages: what is read, what is refused and where, and the published schema.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use gaitway_protocol::{
    Ask, Code, Fate, LeaseGranted, MAX_LINE_BYTES, Mode, Refusal, Reply, ReplyBody, Request, Source, Topic,
    json_schema,
};
use std::collections::BTreeMap;

fn refused(line: &str) -> (Option<u64>, Refusal) {
    Request::from_line(line.as_bytes()).unwrap_err()
}

fn read(line: &str) -> Request {
    Request::from_line(line.as_bytes()).unwrap()
}

#[test]
fn every_request_comes_back_as_it_was_written() {
    let axes = BTreeMap::from([("vx".to_owned(), 0.1), ("head_yaw".to_owned(), -0.25)]);
    let asks = [
        Ask::Hello { protocol: 1, client: "test".to_owned() },
        Ask::Clock {},
        Ask::Subscribe { topics: vec![Topic::Status, Topic::Joints], rate_hz: 10.0 },
        Ask::Lease { source: Source::Agent, seconds: 1.0, lease: None },
        Ask::Lease { source: Source::Network, seconds: 0.1, lease: Some(7) },
        Ask::Release { lease: 7 },
        Ask::Command { lease: 7, sequence: u64::MAX, deadline_ns: 12, axes },
        Ask::Mode { mode: Mode::Run, lease: Some(7) },
        Ask::Mode { mode: Mode::Limp, lease: None },
        Ask::Stop {},
        Ask::ClearStop {},
        Ask::Policies {},
        Ask::Policy { name: "stand".to_owned(), lease: 7 },
        Ask::Trim { lease: 7, axes: BTreeMap::from([("wz".to_owned(), -0.05)]), gait_speed: 0.1 },
        Ask::Mark { text: "it slipped".to_owned() },
    ];
    for (number, ask) in asks.into_iter().enumerate() {
        for id in [None, Some(number as u64)] {
            let request = Request { id, ask: ask.clone() };
            assert_eq!(read(request.to_line().trim_end()), request);
        }
    }
}

#[test]
fn what_may_be_left_out_is_left_out() {
    assert_eq!(read(r#"{"kind": "stop"}"#), Request { id: None, ask: Ask::Stop {} });
    assert_eq!(
        read(r#"{"kind":"mode","mode":"limp","id":null}"#).ask,
        Ask::Mode { mode: Mode::Limp, lease: None }
    );
}

#[test]
fn what_is_no_message_is_refused_without_an_id() {
    for line in
        ["", "stop", "[]", "3", "\"stop\"", "{", "{\"kind\":\"stop\"} x", "\u{0}", "{\"id\":1,\"kind\":"]
    {
        let (id, refusal) = refused(line);
        assert_eq!((id, refusal.code), (None, Code::BadMessage), "{line}: {refusal}");
        assert!(refusal.hint.contains("one line with one JSON object"));
    }
    let (_, refusal) = refused(&format!("{{\"kind\":\"stop\",\"x\":\"{}\"}}", "a".repeat(MAX_LINE_BYTES)));
    assert_eq!(refusal.code, Code::BadMessage);
    let nested = format!("{{\"kind\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(refused(&nested).1.code, Code::BadMessage, "no stack is used up");
    assert!(Request::from_line(b"{\"kind\":\"\xff\"}").is_err());
}

#[test]
fn a_field_that_is_wrong_is_named_and_the_id_kept() {
    for (line, code, field) in [
        (r#"{"id":3}"#, Code::BadField, "kind"),
        (r#"{"id":3,"kind":4}"#, Code::BadField, "kind"),
        (r#"{"id":3,"kind":"jump"}"#, Code::UnknownKind, "kind"),
        (r#"{"id":3,"kind":"Stop"}"#, Code::UnknownKind, "kind"),
        (r#"{"id":3,"kind":"clock","now":true}"#, Code::BadField, "clock"),
        (r#"{"id":3,"kind":"hello","protocol":1}"#, Code::BadField, "hello"),
        (r#"{"id":3,"kind":"hello","protocol":2,"client":"x"}"#, Code::OtherVersion, "protocol"),
        (r#"{"id":3,"kind":"hello","protocol":1,"client":""}"#, Code::BadField, "client"),
        (r#"{"id":3,"kind":"hello","protocol":1,"client":"a\u001b[2J"}"#, Code::BadField, "client"),
        (r#"{"id":3,"kind":"subscribe","topics":["status"],"rate_hz":0}"#, Code::BadField, "rate_hz"),
        (r#"{"id":3,"kind":"subscribe","topics":["status"],"rate_hz":1e9}"#, Code::BadField, "rate_hz"),
        (r#"{"id":3,"kind":"trim","lease":1,"gait_speed":0.6}"#, Code::BadField, "gait_speed"),
        (r#"{"id":3,"kind":"trim","lease":1,"axes":{"vx":-1e39}}"#, Code::BadField, "axes.vx"),
        (r#"{"id":3,"kind":"policy","name":"","lease":1}"#, Code::BadField, "name"),
        (r#"{"id":3,"kind":"mark","text":"a\u001b[2J"}"#, Code::BadField, "text"),
        (r#"{"id":3,"kind":"lease","source":"network","seconds":0}"#, Code::BadField, "seconds"),
        (r#"{"id":3,"kind":"lease","source":"network","seconds":60}"#, Code::BadField, "seconds"),
        (
            r#"{"id":3,"kind":"command","lease":1,"sequence":1,"deadline_ns":1,"axes":{"vx":1e39}}"#,
            Code::BadField,
            "axes.vx",
        ),
    ] {
        let (id, refusal) = refused(line);
        assert_eq!(
            (id, refusal.code, refusal.field.as_deref()),
            (Some(3), code, Some(field)),
            "{line}: {refusal}"
        );
        assert!(!refusal.message.is_empty() && !refusal.hint.is_empty());
    }
    // The tag is buffered, so that the path of what lies deeper is that of the request.
    for line in [
        r#"{"id":3,"kind":"lease","source":"king","seconds":1}"#,
        r#"{"id":3,"kind":"mode","mode":"fly"}"#,
        r#"{"id":3,"kind":"command","lease":-1,"sequence":1,"deadline_ns":1,"axes":{}}"#,
        r#"{"id":3,"kind":"command","lease":1,"sequence":1.5,"deadline_ns":1,"axes":{}}"#,
        r#"{"id":3,"kind":"command","lease":1,"sequence":1,"deadline_ns":1,"axes":{"vx":"fast"}}"#,
        r#"{"id":3,"kind":"command","lease":1,"sequence":1,"deadline_ns":1,"axes":{"vx":null}}"#,
        r#"{"id":3,"kind":"subscribe","topics":["secrets"],"rate_hz":1}"#,
    ] {
        let (id, refusal) = refused(line);
        assert_eq!((id, refusal.code), (Some(3), Code::BadField), "{line}: {refusal}");
    }
    let many: Vec<String> = (0..17).map(|axis| format!("\"a{axis}\":0")).collect();
    let line = format!(
        r#"{{"kind":"command","lease":1,"sequence":1,"deadline_ns":1,"axes":{{{}}}}}"#,
        many.join(",")
    );
    assert_eq!(refused(&line).1.field.as_deref(), Some("axes"));
    for id in ["-1", "1.5", "\"a\"", "[]"] {
        let (refused_id, refusal) = refused(&format!(r#"{{"id":{id},"kind":"clock"}}"#));
        assert_eq!((refused_id, refusal.field.as_deref()), (None, Some("id")));
        let stop = read(&format!(r#"{{"id":{id},"kind":"stop","why":[1,{{}}]}}"#));
        assert_eq!(stop, Request { id: None, ask: Ask::Stop {} }, "a stop stops, whatever else it says");
    }
}

#[test]
fn a_reply_reads_as_it_was_written_and_passes_over_what_it_does_not_know() {
    let granted = LeaseGranted { lease: 4, source: Source::Network, expires_ns: 99 };
    let reply = Reply::new(Some(5), ReplyBody::Lease(granted));
    assert_eq!(
        reply.to_line(),
        "{\"id\":5,\"kind\":\"lease\",\"lease\":4,\"source\":\"network\",\"expires_ns\":99}\n"
    );
    assert_eq!(Reply::from_line(reply.to_line().as_bytes()).unwrap(), reply);
    let newer = r#"{"kind":"fate","sequence":1,"fate":"followed","limits":[],"mood":"good"}"#;
    let ReplyBody::Fate(fate) = Reply::from_line(newer.as_bytes()).unwrap().body else { panic!("a fate") };
    assert_eq!(fate.fate, Fate::Followed);
    let refusal = Refusal::new(Code::NoLease, "expected a lease, found none", "ask for one");
    let line = Reply::new(None, ReplyBody::Refused(refusal.clone())).to_line();
    assert!(line.starts_with("{\"kind\":\"refused\",\"code\":\"no_lease\",\"message\""), "{line}");
    assert_eq!(Reply::from_line(line.as_bytes()).unwrap().body, ReplyBody::Refused(refusal));
}

#[test]
fn the_published_schema_is_the_one_of_this_build() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/protocol.schema.json");
    let schema = json_schema();
    if std::env::var_os("GAITWAY_UPDATE").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == schema,
        "docs/protocol.schema.json is not what this build speaks; write it anew with\n\
         GAITWAY_UPDATE=1 cargo test -p gaitway-protocol --test messages"
    );
}
