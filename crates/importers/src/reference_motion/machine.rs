//! The stack machine that a pickle is a program for, without its functions.
//!
//! Opcodes are those that picklers of protocol 2 to 5 write; every other byte is refused. Whatever could name or
//! call something (`GLOBAL`, `REDUCE`, `BUILD`, `NEWOBJ`) only moves values.

mod objects;

use super::entries::{Entries, Gait};
use super::error::ReferenceMotionError;
use super::memo::Memo;
use super::numpy::{self, Dtype};
use super::source::Source;
use super::value::{Short, Value};
use std::io::Read;

type Result<T> = std::result::Result<T, ReferenceMotionError>;

/// Most values on the stack. Picklers put down at most a thousand pairs before they are taken.
const STACK: usize = 3000;
/// Most numpy types, and most different gaits, in one file.
const KINDS: usize = 64;

/// A pickle half read.
#[derive(Debug)]
pub(super) struct Machine<R> {
    source: Source<R>,
    /// Where the opcode at hand lies.
    at: u64,
    stack: Vec<Value>,
    memo: Memo,
    dtypes: Vec<Dtype>,
    /// Every different gait of any dictionary.
    gaits: Vec<Gait>,
    entries: Entries,
}

impl<R: Read> Machine<R> {
    pub fn new(reader: R) -> Machine<R> {
        Machine {
            source: Source::new(reader),
            at: 0,
            stack: Vec::with_capacity(STACK),
            memo: Memo::new(),
            dtypes: Vec::new(),
            gaits: vec![Gait::EMPTY],
            entries: Entries::default(),
        }
    }

    /// Reads to the end of the pickle; what lies behind it is left unread, as Python leaves it.
    pub fn run(mut self) -> Result<Entries> {
        self.protocol()?;
        loop {
            self.at = self.source.at();
            match self.source.byte()? {
                b'.' => return self.stop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn protocol(&mut self) -> Result<()> {
        let expected = "a pickle of protocol 2 to 5, which begins with bytes 0x80 and its number";
        let first = self.source.byte()?;
        if first != 0x80 {
            return self.refuse(expected, format!("byte {first:#04x}"));
        }
        match self.source.byte()? {
            2..=5 => Ok(()),
            other => self.refuse(expected, format!("protocol {other}")),
        }
    }

    fn stop(self) -> Result<Entries> {
        match self.stack[..] {
            [Value::Dict(_)] => Ok(self.entries),
            [value] => self.refuse("a dictionary of entries", value.describe()),
            _ => self.refuse("one value at the end", format!("{} values", self.stack.len())),
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            b'(' => self.push(Value::Mark),
            b'0' => self.pop_any().map(drop),
            b'1' => self.pop_run(),
            b'N' | 0x88 | 0x89 | b']' | b')' | 0x8f => self.push(Value::Opaque),
            b'G' => self.source.array().and_then(|bytes| self.push(Value::Number(f64::from_be_bytes(bytes)))),
            b'J' => self.integer::<4>(),
            // These two are never negative: a zero byte behind them keeps them so.
            b'K' => self.source.array().and_then(|[low]| self.push(integer(&[low, 0]))),
            b'M' => self.source.array().and_then(|[low, high]| self.push(integer(&[low, high, 0]))),
            0x8a => self.source.length::<1>().and_then(|len| self.long(len)),
            0x8b => self.source.length::<4>().and_then(|len| self.long(len)),
            b'X' | b'T' => self.source.length::<4>().and_then(|len| self.run_of(len, Value::Text)),
            0x8c | b'U' => self.source.length::<1>().and_then(|len| self.run_of(len, Value::Text)),
            0x8d => self.source.length::<8>().and_then(|len| self.run_of(len, Value::Text)),
            b'B' => self.source.length::<4>().and_then(|len| self.run_of(len, Value::Bytes)),
            b'C' => self.source.length::<1>().and_then(|len| self.run_of(len, Value::Bytes)),
            0x8e | 0x96 => self.source.length::<8>().and_then(|len| self.run_of(len, Value::Bytes)),
            b'}' => self.empty_dict(),
            b's' => self.set_item(),
            b'u' => self.set_items(),
            b'a' => self.append(),
            b'e' | 0x90 => self.append_run(),
            0x91 => self.replace_run(|_| Value::Opaque),
            b't' => self.replace_run(numpy::tuple),
            0x85 => self.tuple::<1>(),
            0x86 => self.tuple::<2>(),
            0x87 => self.tuple::<3>(),
            b'q' => self.source.array().and_then(|[number]| self.put(u32::from(number))),
            b'r' => self.source.array().and_then(|bytes| self.put(u32::from_le_bytes(bytes))),
            0x94 => self.put(self.memo.next()),
            b'h' => self.source.array().and_then(|[number]| self.get(u32::from(number))),
            b'j' => self.source.array().and_then(|bytes| self.get(u32::from_le_bytes(bytes))),
            b'c' => self.global(),
            0x93 => self.stack_global(),
            b'R' => self.reduce(),
            b'b' => self.build(),
            0x81 => self.take::<2>().and_then(|_| self.push(Value::Opaque)),
            0x92 => self.take::<3>().and_then(|_| self.push(Value::Opaque)),
            0x95 => self.source.length::<8>().and_then(|len| self.source.check(len)),
            other => self.refuse(
                "an opcode that picklers of protocol 2 to 5 write for plain data",
                format!("byte {other:#04x}"),
            ),
        }
    }

    fn refuse<T>(&self, expected: &'static str, found: impl Into<String>) -> Result<T> {
        Err(ReferenceMotionError::Syntax { at: self.at, expected, found: found.into() })
    }

    fn push(&mut self, value: Value) -> Result<()> {
        if self.stack.len() == STACK {
            return self.refuse("at most 3000 values on the stack", "one more");
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop_any(&mut self) -> Result<Value> {
        match self.stack.pop() {
            Some(value) => Ok(value),
            None => self.refuse("a value on the stack", "none"),
        }
    }

    fn pop(&mut self) -> Result<Value> {
        match self.pop_any()? {
            Value::Mark => self.refuse("a value on the stack", Value::Mark.describe()),
            value => Ok(value),
        }
    }

    /// The upper `N` values, the topmost last.
    fn take<const N: usize>(&mut self) -> Result<[Value; N]> {
        let mut values = [Value::Opaque; N];
        for value in values.iter_mut().rev() {
            *value = self.pop()?;
        }
        Ok(values)
    }

    /// The topmost value, which stays.
    fn top(&self) -> Result<Value> {
        match self.stack.last() {
            None | Some(Value::Mark) => self.refuse("a value on the stack", "none"),
            Some(value) => Ok(*value),
        }
    }

    /// Where the run of values behind the last mark begins.
    fn run_start(&self) -> Result<usize> {
        match self.stack.iter().rposition(|value| *value == Value::Mark) {
            Some(mark) => Ok(mark + 1),
            None => self.refuse("a run of values that began", "none"),
        }
    }

    /// Takes the last run and its mark off the stack.
    fn pop_run(&mut self) -> Result<()> {
        let start = self.run_start()?;
        self.stack.truncate(start - 1);
        Ok(())
    }

    fn replace_run(&mut self, make: impl Fn(&[Value]) -> Value) -> Result<()> {
        let start = self.run_start()?;
        let made = make(&self.stack[start..]);
        self.stack.truncate(start - 1);
        self.push(made)
    }

    fn tuple<const N: usize>(&mut self) -> Result<()> {
        let values = self.take::<N>()?;
        self.push(numpy::tuple(&values))
    }

    fn integer<const N: usize>(&mut self) -> Result<()> {
        let bytes: [u8; N] = self.source.array()?;
        self.push(integer(&bytes))
    }

    /// An integer of `len` bytes; one that does not fit into 64 bits cannot matter.
    fn long(&mut self, len: u64) -> Result<()> {
        let bytes = self.source.short(len)?;
        let number = bytes.whole().filter(|bytes| bytes.len() <= 8).map(integer);
        self.push(number.unwrap_or(Value::Opaque))
    }

    fn run_of(&mut self, len: u64, make: fn(Short) -> Value) -> Result<()> {
        let run = self.source.short(len)?;
        self.push(make(run))
    }
}

/// A signed integer of at most eight bytes, the lowest first.
fn integer(bytes: &[u8]) -> Value {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Value::Number(i64::from_le_bytes(wide) as f64)
}
