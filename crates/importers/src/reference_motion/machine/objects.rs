//! What the machine does with dictionaries, numbered values, and whatever Python would call.

use super::{KINDS, Machine, Result};
use crate::reference_motion::entries::{Entries, Gait};
use crate::reference_motion::numpy::{self, Dtype};
use crate::reference_motion::value::{Kind, Short, Value};
use std::io::Read;

impl<R: Read> Machine<R> {
    pub(super) fn empty_dict(&mut self) -> Result<()> {
        if self.stack.is_empty() {
            // A new whole; entries of one that was thrown away do not count.
            self.entries = Entries::default();
        }
        self.push(Value::Dict(0))
    }

    pub(super) fn set_item(&mut self) -> Result<()> {
        let end = self.stack.len();
        if end < 3 || self.stack[end - 2..].contains(&Value::Mark) {
            return self.refuse("a dictionary, a key and a value on the stack", "fewer");
        }
        self.set(end - 3, end - 2)
    }

    pub(super) fn set_items(&mut self) -> Result<()> {
        let start = self.run_start()?;
        if start < 2 || !(self.stack.len() - start).is_multiple_of(2) {
            return self.refuse("a dictionary, and pairs of key and value", "something else");
        }
        self.set(start - 2, start)?;
        self.stack.truncate(start - 1);
        Ok(())
    }

    /// Puts the pairs from `start` on into the dictionary at `place`.
    fn set(&mut self, place: usize, start: usize) -> Result<()> {
        let is_whole = place == 0;
        let mut gait = match self.stack[place] {
            Value::Dict(gait) => Some(self.gaits[usize::from(gait)]),
            // An object that behaves like a dictionary.
            Value::Opaque => None,
            other => return self.refuse("a dictionary", other.describe()),
        };
        for at in (start..self.stack.len()).step_by(2) {
            let (key, value) = (self.stack[at], self.stack[at + 1]);
            if let Some(gait) = &mut gait {
                gait.set(&key, &value);
            }
            if is_whole {
                let entry = match value {
                    Value::Dict(entry) => Some(self.gaits[usize::from(entry)]),
                    _ => None,
                };
                self.entries.add(&key, entry, &value)?;
            }
        }
        if let Some(gait) = gait {
            self.stack[place] = self.dict(gait)?;
        }
        self.stack.truncate(start);
        Ok(())
    }

    /// A dictionary that describes `gait`.
    fn dict(&mut self, gait: Gait) -> Result<Value> {
        let known = self.gaits.iter().position(|known| *known == gait);
        if known.is_none() && self.gaits.len() == KINDS {
            return self.refuse("at most 64 different gaits", "one more");
        }
        let place = known.unwrap_or(self.gaits.len());
        if known.is_none() {
            self.gaits.push(gait);
        }
        Ok(Value::Dict(place as u8))
    }

    pub(super) fn append(&mut self) -> Result<()> {
        self.pop()?;
        self.top_is_opaque("a list")
    }

    pub(super) fn append_run(&mut self) -> Result<()> {
        self.pop_run()?;
        self.top_is_opaque("a list or a set")
    }

    fn top_is_opaque(&self, expected: &'static str) -> Result<()> {
        match self.top()? {
            Value::Opaque => Ok(()),
            other => self.refuse(expected, other.describe()),
        }
    }

    pub(super) fn put(&mut self, number: u32) -> Result<()> {
        let value = self.top()?;
        let below = self.stack.len().checked_sub(2).map(|place| &self.stack[place]);
        if self.memo.put(number, value, below) {
            return Ok(());
        }
        self.refuse("at most 4096 numbered names, periods and rates", "one more")
    }

    pub(super) fn get(&mut self, number: u32) -> Result<()> {
        match self.memo.get(number) {
            Some(value) => self.push(value),
            None => self.refuse("a value numbered before", format!("number {number}")),
        }
    }

    pub(super) fn global(&mut self) -> Result<()> {
        let (module, name) = (self.source.line()?, self.source.line()?);
        self.push(numpy::global(&module, &name))
    }

    pub(super) fn stack_global(&mut self) -> Result<()> {
        let global = match self.take::<2>()? {
            [Value::Text(module), Value::Text(name)] => numpy::global(&module, &name),
            // A name that was numbered and not kept names nothing that matters.
            [Value::Text(_) | Value::Opaque, Value::Text(_) | Value::Opaque] => Value::Opaque,
            [module, _] => {
                return self.refuse("the names of a module and of something in it", module.describe());
            }
        };
        self.push(global)
    }

    /// Where Python would call a function: a scalar of numpy is decoded, all else is a value that is not read.
    pub(super) fn reduce(&mut self) -> Result<()> {
        let made = match self.take::<2>()? {
            [Value::MakeDtype, Value::DtypeName(kind)] => return self.dtype(kind),
            [Value::MakeScalar, Value::ScalarParts(dtype, bytes)] => {
                Value::Number(self.dtypes[usize::from(dtype)].number(bytes))
            }
            [Value::Encode, Value::Encoded(bytes)] => Value::Bytes(Short::of_eight(bytes)),
            [Value::MakeScalar | Value::MakeDtype | Value::Encode | Value::Opaque, _] => Value::Opaque,
            [other, _] => return self.refuse("a function", other.describe()),
        };
        self.push(made)
    }

    /// Where Python would hand an object its state: only a type takes its byte order.
    pub(super) fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        match (self.top()?, state) {
            (Value::Dtype(dtype), Value::LittleEndian(little_endian)) => {
                self.dtypes[usize::from(dtype)].little_endian = little_endian;
                Ok(())
            }
            (Value::Opaque, _) => Ok(()),
            (other, _) => self.refuse("an object that takes a state", other.describe()),
        }
    }

    fn dtype(&mut self, kind: Kind) -> Result<()> {
        if self.dtypes.len() == KINDS {
            return self.refuse("at most 64 numpy types", "one more");
        }
        self.dtypes.push(Dtype { kind, little_endian: true });
        self.push(Value::Dtype((self.dtypes.len() - 1) as u8))
    }
}
