//! Messages in the wire format of Protocol Buffers, each described once: the list of its fields writes it, reads it,
//! compares it and makes the schema that goes into the file.

/// A struct and its list of fields in one: number, kind, name, type and what it says.
#[macro_export]
macro_rules! message {
    ($(#[$doc:meta])* $name:ident as $text:literal { $($number:literal $kind:ident $field:ident: $type:ty, $what:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name {
            $(#[doc = $what] pub $field: $type,)*
        }

        impl $crate::message::Message for $name {
            const NAME: &'static str = $text;

            fn visit(&mut self, visitor: &mut impl $crate::message::Visitor) {
                $(visitor.$kind($number, stringify!($field), &mut self.$field);)*
            }
        }
    };
}
mod columns;
mod decode;
mod encode;
mod flatten;
mod schema;

pub(crate) use columns::TICK_PREFIX;
pub use columns::{Column, Columns, Values};
pub(crate) use decode::fields_of;
pub use decode::{DecodeError, decode};
pub use encode::encode;
pub use flatten::{Value, flatten};
pub use schema::Schema;

/// A message: a name, and fields in the order in which they come about, so that the first that differs is the cause.
pub trait Message: Default {
    /// Name without the package.
    const NAME: &'static str;

    /// Shows every field to `visitor`. A number is never given to another field.
    fn visit(&mut self, visitor: &mut impl Visitor);
}

/// Who wants to see fields: number, name, and where the value is.
pub trait Visitor {
    /// A whole number.
    fn u64(&mut self, number: u32, name: &'static str, value: &mut u64);
    /// A small whole number.
    fn u32(&mut self, number: u32, name: &'static str, value: &mut u32);
    /// A number of 32 bits, kept to the bit.
    fn f32(&mut self, number: u32, name: &'static str, value: &mut f32);
    /// A number of 64 bits, kept to the bit.
    fn f64(&mut self, number: u32, name: &'static str, value: &mut f64);
    /// Yes or no.
    fn flag(&mut self, number: u32, name: &'static str, value: &mut bool);
    /// A word.
    fn text(&mut self, number: u32, name: &'static str, value: &mut String);
    /// Bytes.
    fn bytes(&mut self, number: u32, name: &'static str, value: &mut Vec<u8>);
    /// Whole numbers.
    fn u64s(&mut self, number: u32, name: &'static str, value: &mut Vec<u64>);
    /// Small whole numbers.
    fn u32s(&mut self, number: u32, name: &'static str, value: &mut Vec<u32>);
    /// Numbers of 32 bits, kept to the bit.
    fn f32s(&mut self, number: u32, name: &'static str, value: &mut Vec<f32>);
    /// A message, or none.
    fn message<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Option<M>);
    /// Messages.
    fn messages<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Vec<M>);
}
