//! Faults as people write them: `at=3 silent servo=4`, `unplug`, `at=2 imu-late by=30ms for=1`.

use crate::bno055::Bno055Fault;
use crate::faults::{Fault, FaultPlan, FaultRates, ReplyFault, RequestFault};
use crate::imu::ImuFault;
use crate::options::LaterServos;
use crate::registers::{REGISTERS, Register};
use std::str::FromStr;
use thiserror::Error;

/// What can be written, an example each: the first word is the kind.
pub const FAULT_EXAMPLES: [&str; 33] = [
    "lost servo=4",
    "cut servo=4 keep=3",
    "corrupted servo=4 bits=1",
    "late servo=4 by=2ms",
    "duplicated servo=4",
    "request-lost",
    "request-corrupted bits=1",
    "silent servo=4 later=answer",
    "speaks servo=4",
    "swap-ids first=0 second=9",
    "set-id servo=4 id=20",
    "setting servo=4 register=7 value=250",
    "shows servo=4 register=62 value=0",
    "position-off servo=4 counts=4096",
    "reset servo=4",
    "overload servo=4",
    "over-temperature servo=4",
    "sag volts=1.5",
    "unplug",
    "replug",
    "echo",
    "bulk-first",
    "imu-frozen for=500ms",
    "imu-late by=30ms for=1",
    "imu-lost for=500ms",
    "imu-flip every=300ms for=3 seed=1",
    "chip-silent for=2",
    "chip-frozen for=500ms",
    "chip-saturated for=500ms",
    "chip-garbled for=500ms",
    "chip-flip every=300ms for=3",
    "chip-slow by=30ms for=1",
    "chip-brown-out",
];

/// A text that names no fault.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("fault {text:?}: expected {expected}, found {found}")]
pub struct FaultTextError {
    text: String,
    expected: String,
    found: String,
    hint: String,
}

impl FaultTextError {
    /// What the person can do about it.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// One fault, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum WrittenFault {
    /// Of the servo bus.
    Bus(Fault),
    /// Of the IMU.
    Imu(ImuFault),
    /// Of the IMU's chip, where that is on a bus of its own.
    Chip(Bno055Fault),
    /// Faults by chance: from the start on.
    Rates(FaultRates),
}

/// Everything that was written, sorted to where it belongs. Times are in ns, from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultScript {
    /// For the servo bus.
    pub bus: FaultPlan,
    /// For the IMU.
    pub imu: Vec<(u64, ImuFault)>,
    /// For its chip.
    pub chip: Vec<(u64, Bno055Fault)>,
}

impl FaultScript {
    /// Adds one fault. `joints` are the names that `servo=` may use beside numbers, in the order of the servos.
    pub fn add(&mut self, text: &str, joints: &[&str]) -> Result<(), FaultTextError> {
        let (at_ns, fault) = parse_fault(text, joints)?;
        match fault {
            WrittenFault::Bus(fault) => self.bus.schedule.push((at_ns, fault)),
            WrittenFault::Imu(fault) => self.imu.push((at_ns, fault)),
            WrittenFault::Chip(fault) => self.chip.push((at_ns, fault)),
            WrittenFault::Rates(rates) => self.bus.rates = rates,
        }
        Ok(())
    }
}

/// When, ns (0 where the text has no `at=`), and what.
pub fn parse_fault(text: &str, joints: &[&str]) -> Result<(u64, WrittenFault), FaultTextError> {
    let mut words = Words::read(text, joints)?;
    // Faults by chance have no time of their own.
    let at = if words.kind == "rates" { None } else { words.take("at") };
    let at_ns = at.map_or(Ok(0), |value| words.duration_ns("at", value))?;
    let fault = words.fault()?;
    words.finish()?;
    Ok((at_ns, fault))
}

/// A text taken apart.
struct Words<'a> {
    text: &'a str,
    joints: &'a [&'a str],
    kind: &'a str,
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn read(text: &'a str, joints: &'a [&'a str]) -> Result<Words<'a>, FaultTextError> {
        let mut words = Words { text, joints, kind: "", values: Vec::new() };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some((key, value)) => words.values.push((key, value)),
                None if words.kind.is_empty() => words.kind = word,
                None => return Err(words.refuse("one kind and key=value pairs", word)),
            }
        }
        Ok(words)
    }

    fn fault(&mut self) -> Result<WrittenFault, FaultTextError> {
        let fault = match self.kind {
            "silent" => Fault::Silent { servo: self.servo("servo")?, later: self.later()? },
            "speaks" => Fault::Speaks { servo: self.servo("servo")? },
            "swap-ids" => Fault::SwapIds { first: self.servo("first")?, second: self.servo("second")? },
            "set-id" => Fault::SetId { servo: self.servo("servo")?, id: self.number("id")? },
            "setting" => {
                let (servo, register) = (self.servo("servo")?, self.register()?);
                Fault::Setting { servo, register, value: self.number("value")? }
            }
            "shows" => {
                let (servo, register) = (self.servo("servo")?, self.register()?);
                Fault::Shows { servo, register, value: self.number("value")? }
            }
            "position-off" => {
                Fault::PositionOff { servo: self.servo("servo")?, steps: self.steps("counts")? }
            }
            "reset" => Fault::Reset { servo: self.servo("servo")? },
            "overload" => Fault::Overload { servo: self.servo("servo")? },
            "over-temperature" => Fault::OverTemperature { servo: self.servo("servo")? },
            "sag" => Fault::Sag { drop_v: self.number("volts")? },
            "unplug" => Fault::Unplug,
            "replug" => Fault::Replug,
            "echo" => Fault::Echo,
            "bulk-first" => Fault::BulkFirst,
            "request-lost" => Fault::Request(RequestFault::Lost),
            "request-corrupted" => Fault::Request(RequestFault::Corrupted { bits: self.number("bits")? }),
            "lost" => self.reply(ReplyFault::Lost)?,
            "duplicated" => self.reply(ReplyFault::Duplicated)?,
            "cut" => {
                let keep_bytes = self.number("keep")?;
                self.reply(ReplyFault::Cut { keep_bytes })?
            }
            "corrupted" => {
                let bits = self.number("bits")?;
                self.reply(ReplyFault::Corrupted { bits })?
            }
            "late" => {
                let by_ns = self.duration("by")?;
                self.reply(ReplyFault::Late { by_ns })?
            }
            "imu-frozen" => return Ok(WrittenFault::Imu(ImuFault::Frozen { for_ns: self.duration("for")? })),
            "imu-lost" => return Ok(WrittenFault::Imu(ImuFault::Lost { for_ns: self.duration("for")? })),
            "imu-flip" => {
                let (every_ns, for_ns) = (self.duration("every")?, self.duration("for")?);
                let seed = self.take("seed").map_or(Ok(1), |value| self.parse("seed", value))?;
                return Ok(WrittenFault::Imu(ImuFault::Flipped { every_ns, for_ns, seed }));
            }
            "imu-late" => {
                let (by_ns, for_ns) = (self.duration("by")?, self.duration("for")?);
                return Ok(WrittenFault::Imu(ImuFault::Late { by_ns, for_ns }));
            }
            kind if kind.starts_with("chip-") => return self.chip().map(WrittenFault::Chip),
            "rates" => return self.rates().map(WrittenFault::Rates),
            other => {
                let found = if other.is_empty() { "no kind of fault" } else { other };
                return Err(self.refuse("a kind of fault", found));
            }
        };
        Ok(WrittenFault::Bus(fault))
    }

    fn chip(&mut self) -> Result<Bno055Fault, FaultTextError> {
        Ok(match self.kind {
            "chip-silent" => Bno055Fault::Silent { for_ns: self.duration("for")? },
            "chip-frozen" => Bno055Fault::Frozen { for_ns: self.duration("for")? },
            "chip-saturated" => Bno055Fault::Saturated { for_ns: self.duration("for")? },
            "chip-garbled" => Bno055Fault::Garbled { for_ns: self.duration("for")? },
            "chip-flip" => {
                Bno055Fault::Flipped { every_ns: self.duration("every")?, for_ns: self.duration("for")? }
            }
            "chip-slow" => Bno055Fault::Slow { by_ns: self.duration("by")?, for_ns: self.duration("for")? },
            "chip-brown-out" => Bno055Fault::BrownOut,
            other => return Err(self.refuse("a kind of fault", other)),
        })
    }

    /// A number of steps that the register of the position has room for, whatever it stands at.
    fn steps(&mut self, key: &str) -> Result<i32, FaultTextError> {
        let steps: i32 = self.number(key)?;
        let fits = (-28_000..=28_000).contains(&steps);
        let expected = format!("{key}= -28000 to 28000");
        if fits { Ok(steps) } else { Err(self.refuse(&expected, &steps.to_string())) }
    }

    fn register(&mut self) -> Result<Register, FaultTextError> {
        let address: u8 = self.number("register")?;
        let known = REGISTERS.iter().find(|register| register.address == address);
        known.copied().ok_or_else(|| self.refuse("the address of a register", &address.to_string()))
    }

    fn reply(&mut self, fault: ReplyFault) -> Result<Fault, FaultTextError> {
        Ok(Fault::Reply { servo: self.servo("servo")?, fault })
    }

    fn rates(&mut self) -> Result<FaultRates, FaultTextError> {
        let mut rates = FaultRates::default();
        let shares = [
            ("lost", &mut rates.lost),
            ("cut", &mut rates.cut),
            ("corrupted", &mut rates.corrupted),
            ("late", &mut rates.late),
            ("duplicated", &mut rates.duplicated),
            ("request-lost", &mut rates.request_lost),
            ("request-corrupted", &mut rates.request_corrupted),
        ];
        for (key, share) in shares {
            if let Some(value) = self.take(key) {
                *share = self.parse(key, value)?;
            }
        }
        if let Some(value) = self.take("late-by") {
            rates.late_by_ns = self.duration_ns("late-by", value)?;
        }
        if let Some(value) = self.take("corrupted-bits") {
            rates.corrupted_bits = self.parse("corrupted-bits", value)?;
        }
        Ok(rates)
    }

    fn servo(&mut self, key: &str) -> Result<usize, FaultTextError> {
        let value = self.need(key)?;
        let by_name = self.joints.iter().position(|name| *name == value);
        let place = by_name.or_else(|| value.parse().ok().filter(|&place| place < self.joints.len()));
        let expected = format!("{key}= a joint's name or its place, 0 to {}", self.joints.len().max(1) - 1);
        place.ok_or_else(|| self.refuse(&expected, value))
    }

    fn later(&mut self) -> Result<LaterServos, FaultTextError> {
        match self.take("later") {
            None | Some("answer") => Ok(LaterServos::Answer),
            Some("wait") => Ok(LaterServos::Wait),
            Some(other) => Err(self.refuse("later=answer or later=wait", other)),
        }
    }

    fn duration(&mut self, key: &str) -> Result<u64, FaultTextError> {
        let value = self.need(key)?;
        self.duration_ns(key, value)
    }

    /// A number of seconds, or of what its unit says.
    fn duration_ns(&self, key: &str, value: &str) -> Result<u64, FaultTextError> {
        let units = [("ms", 1e6), ("us", 1e3), ("s", 1e9)];
        let unit = units.iter().find_map(|&(unit, ns)| value.strip_suffix(unit).map(|number| (number, ns)));
        let (number, unit_ns) = unit.unwrap_or((value, 1e9));
        let ns = number.parse::<f64>().ok().map(|number| number * unit_ns);
        let ns = ns.filter(|ns| (0.0..1e18).contains(ns));
        ns.map(|ns| ns.round() as u64).ok_or_else(|| {
            self.refuse(&format!("{key}= a time as 3, 2.5s, 30ms or 500us"), &format!("{key}={value}"))
        })
    }

    fn number<T: FromStr>(&mut self, key: &str) -> Result<T, FaultTextError> {
        let value = self.need(key)?;
        self.parse(key, value)
    }

    fn parse<T: FromStr>(&self, key: &str, value: &str) -> Result<T, FaultTextError> {
        let found = format!("{key}={value}");
        value.parse().map_err(|_| self.refuse(&format!("a number after {key}="), &found))
    }

    fn need(&mut self, key: &str) -> Result<&'a str, FaultTextError> {
        self.take(key).ok_or_else(|| self.refuse(&format!("{key}=…"), "none"))
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        let at = self.values.iter().position(|(name, _)| *name == key)?;
        Some(self.values.remove(at).1)
    }

    /// Whatever nobody took is a mistake.
    fn finish(&self) -> Result<(), FaultTextError> {
        match self.values.first() {
            None => Ok(()),
            Some((key, value)) => {
                Err(self.refuse(&format!("nothing more for {}", self.kind), &format!("{key}={value}")))
            }
        }
    }

    fn refuse(&self, expected: &str, found: &str) -> FaultTextError {
        let kind_of = |example: &&&str| example.split(' ').next() == Some(self.kind);
        let hint = match FAULT_EXAMPLES.iter().find(kind_of) {
            Some(example) => format!("as in `{example}`, with `at=3` before it to strike 3 s after the start"),
            None if self.kind == "rates" => {
                "as in `rates lost=0.01 late=0.01 late-by=2ms`; shares of lost, cut, corrupted, late, duplicated, \
                 request-lost, request-corrupted"
                    .to_owned()
            }
            None => format!("one of: {}; rates lost=0.01", FAULT_EXAMPLES.join("; ")),
        };
        FaultTextError {
            text: self.text.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            hint,
        }
    }
}
