//! Messages as a table: a column for every value, a row for every message.

use super::{Message, Visitor};
use std::collections::HashMap;

/// What the columns of a tick begin with.
pub(crate) const TICK_PREFIX: &str = "tick.";
const ACTUATORS_PART: u16 = u16::MAX;

/// A table under construction.
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<Column>,
    /// Where the column of a value is: message it stands in, number of its field, place among several.
    places: HashMap<(u64, u32, usize), usize>,
    rows: usize,
    /// The message the visitor is in, and its name with a dot.
    path: u64,
    prefix: String,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// As [`super::Value::place`].
    pub name: String,
    /// Its values, one a row.
    pub values: Values,
}

/// Values of a column; where a message lacks one there is no number, or no word.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Words.
    Texts(Vec<String>),
}

impl Columns {
    /// Adds the values of a message to the row, in columns whose names begin with `prefix`. A `part` is a place of its
    /// own in every row.
    pub fn add<M: Message>(&mut self, part: u16, prefix: &str, message: &mut M) {
        (self.path, self.prefix) = (u64::from(part), prefix.to_owned());
        message.visit(self);
    }

    /// Adds what a driver wrote down of its actuators, in columns beside the tick's own.
    pub fn add_actuators<M: Message>(&mut self, message: &mut M) {
        self.add(ACTUATORS_PART, TICK_PREFIX, message);
    }

    /// Ends the row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Columns there are by now.
    pub fn count(&self) -> usize {
        self.columns.len()
    }

    /// The table.
    pub fn finish(mut self) -> Vec<Column> {
        let rows = self.rows;
        self.columns.iter_mut().for_each(|column| column.values.fill_to(rows));
        self.columns
    }

    fn number(&mut self, number: u32, name: &str, index: Option<usize>, value: f64) {
        let rows = self.rows;
        let column = self.column(number, name, index, || Values::Numbers(Vec::new()));
        column.fill_to(rows);
        if let Values::Numbers(values) = column {
            values.push(value);
        }
    }

    fn column(&mut self, number: u32, name: &str, index: Option<usize>, new: fn() -> Values) -> &mut Values {
        let key = (self.path, number, index.map_or(0, |index| index + 1));
        let next = self.columns.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            let place = index.map(|index| format!("[{index}]")).unwrap_or_default();
            self.columns.push(Column { name: format!("{}{name}{place}", self.prefix), values: new() });
        }
        &mut self.columns[place].values
    }

    fn numbers<T: Copy>(&mut self, number: u32, name: &str, values: &[T], to: impl Fn(T) -> f64) {
        for (index, value) in values.iter().enumerate() {
            self.number(number, name, Some(index), to(*value));
        }
    }

    fn within<M: Message>(&mut self, step: u64, name: &str, message: &mut M) {
        let (path, outside) = (self.path, self.prefix.len());
        self.path = (path << 16) | step;
        self.prefix.push_str(name);
        self.prefix.push('.');
        message.visit(self);
        self.prefix.truncate(outside);
        self.path = path;
    }
}

impl Values {
    fn fill_to(&mut self, rows: usize) {
        match self {
            Values::Numbers(values) => values.resize(rows, f64::NAN),
            Values::Texts(values) => values.resize(rows, String::new()),
        }
    }
}

impl Visitor for Columns {
    fn u64(&mut self, number: u32, name: &'static str, value: &mut u64) {
        self.number(number, name, None, *value as f64);
    }

    fn u32(&mut self, number: u32, name: &'static str, value: &mut u32) {
        self.number(number, name, None, f64::from(*value));
    }

    fn f32(&mut self, number: u32, name: &'static str, value: &mut f32) {
        self.number(number, name, None, f64::from(*value));
    }

    fn f64(&mut self, number: u32, name: &'static str, value: &mut f64) {
        self.number(number, name, None, *value);
    }

    fn flag(&mut self, number: u32, name: &'static str, value: &mut bool) {
        self.number(number, name, None, f64::from(u8::from(*value)));
    }

    fn text(&mut self, number: u32, name: &'static str, value: &mut String) {
        let rows = self.rows;
        let column = self.column(number, name, None, || Values::Texts(Vec::new()));
        column.fill_to(rows);
        if let Values::Texts(values) = column {
            values.push(value.clone());
        }
    }

    /// Bytes are no column.
    fn bytes(&mut self, _: u32, _: &'static str, _: &mut Vec<u8>) {}

    fn u64s(&mut self, number: u32, name: &'static str, value: &mut Vec<u64>) {
        self.numbers(number, name, value, |value| value as f64);
    }

    fn u32s(&mut self, number: u32, name: &'static str, value: &mut Vec<u32>) {
        self.numbers(number, name, value, f64::from);
    }

    fn f32s(&mut self, number: u32, name: &'static str, value: &mut Vec<f32>) {
        self.numbers(number, name, value, f64::from);
    }

    fn message<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Option<M>) {
        if let Some(message) = value {
            self.within(u64::from(number), name, message);
        }
    }

    fn messages<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Vec<M>) {
        for (index, message) in value.iter_mut().enumerate() {
            let step = (u64::from(number) << 8) | (index as u64 + 1);
            self.within(step, &format!("{name}[{index}]"), message);
        }
    }
}
