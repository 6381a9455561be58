//! The schema that goes into the file: a `FileDescriptorSet`, made from the lists of fields, so it cannot differ.

use super::{Message, Visitor, encode};
use crate::tick::ACTUATORS;

/// The package of every message.
const PACKAGE: &str = "gaitway";

/// A schema under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    file: FileDescriptor,
}

impl Schema {
    /// The schema of `M` and of every message in it.
    pub fn of<M: Message>() -> Schema {
        let mut file = FileDescriptor {
            name: format!("{PACKAGE}/{}.proto", M::NAME.to_lowercase()),
            package: PACKAGE.to_owned(),
            messages: Vec::new(),
            syntax: "proto3".to_owned(),
        };
        describe::<M>(&mut file.messages);
        Schema { file }
    }

    /// Says that the bytes of a tick's actuators are messages `D`: whoever knows Protocol Buffers can read them then.
    pub fn set_actuators<D: Message>(&mut self) {
        let fields = self.file.messages.iter_mut().flat_map(|message| &mut message.fields);
        for field in fields.filter(|field| field.name == ACTUATORS) {
            (field.kind, field.type_name) = (Type::Message as u32, format!(".{PACKAGE}.{}", D::NAME));
        }
        describe::<D>(&mut self.file.messages);
    }

    /// Its bytes: a `FileDescriptorSet`.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&mut FileDescriptorSet { files: vec![self.file.clone()] }, &mut bytes);
        bytes
    }
}

fn describe<M: Message>(messages: &mut Vec<Descriptor>) {
    if messages.iter().any(|message| message.name == M::NAME) {
        return;
    }
    let place = messages.len();
    messages.push(Descriptor { name: M::NAME.to_owned(), fields: Vec::new() });
    let mut describer = Describer { fields: Vec::new(), messages };
    M::default().visit(&mut describer);
    messages[place].fields = describer.fields;
}

/// Numbers of `FieldDescriptorProto.Type`.
#[derive(Clone, Copy)]
enum Type {
    Double = 1,
    Float = 2,
    Uint64 = 4,
    Bool = 8,
    String = 9,
    Message = 11,
    Bytes = 12,
    Uint32 = 13,
}

/// Numbers of `FieldDescriptorProto.Label`.
#[derive(Clone, Copy)]
enum Label {
    Optional = 1,
    Repeated = 3,
}

struct Describer<'a> {
    fields: Vec<FieldDescriptor>,
    messages: &'a mut Vec<Descriptor>,
}

impl Describer<'_> {
    fn add(&mut self, number: u32, name: &str, label: Label, kind: Type) {
        let (label, kind) = (label as u32, kind as u32);
        let type_name = String::new();
        self.fields.push(FieldDescriptor { name: name.to_owned(), number, label, kind, type_name });
    }

    fn add_message<M: Message>(&mut self, number: u32, name: &str, label: Label) {
        self.add(number, name, label, Type::Message);
        if let Some(field) = self.fields.last_mut() {
            field.type_name = format!(".{PACKAGE}.{}", M::NAME);
        }
        describe::<M>(self.messages);
    }
}

impl Visitor for Describer<'_> {
    fn u64(&mut self, number: u32, name: &'static str, _: &mut u64) {
        self.add(number, name, Label::Optional, Type::Uint64);
    }

    fn u32(&mut self, number: u32, name: &'static str, _: &mut u32) {
        self.add(number, name, Label::Optional, Type::Uint32);
    }

    fn f32(&mut self, number: u32, name: &'static str, _: &mut f32) {
        self.add(number, name, Label::Optional, Type::Float);
    }

    fn f64(&mut self, number: u32, name: &'static str, _: &mut f64) {
        self.add(number, name, Label::Optional, Type::Double);
    }

    fn flag(&mut self, number: u32, name: &'static str, _: &mut bool) {
        self.add(number, name, Label::Optional, Type::Bool);
    }

    fn text(&mut self, number: u32, name: &'static str, _: &mut String) {
        self.add(number, name, Label::Optional, Type::String);
    }

    fn bytes(&mut self, number: u32, name: &'static str, _: &mut Vec<u8>) {
        self.add(number, name, Label::Optional, Type::Bytes);
    }

    fn u64s(&mut self, number: u32, name: &'static str, _: &mut Vec<u64>) {
        self.add(number, name, Label::Repeated, Type::Uint64);
    }

    fn u32s(&mut self, number: u32, name: &'static str, _: &mut Vec<u32>) {
        self.add(number, name, Label::Repeated, Type::Uint32);
    }

    fn f32s(&mut self, number: u32, name: &'static str, _: &mut Vec<f32>) {
        self.add(number, name, Label::Repeated, Type::Float);
    }

    fn message<M: Message>(&mut self, number: u32, name: &'static str, _: &mut Option<M>) {
        self.add_message::<M>(number, name, Label::Optional);
    }

    fn messages<M: Message>(&mut self, number: u32, name: &'static str, _: &mut Vec<M>) {
        self.add_message::<M>(number, name, Label::Repeated);
    }
}

// The part of `descriptor.proto` that is needed to say all this.

message! {
    /// Files.
    FileDescriptorSet as "FileDescriptorSet" {
        1 messages files: Vec<FileDescriptor>, "Each of them.";
    }
}

message! {
    /// A file of messages.
    FileDescriptor as "FileDescriptorProto" {
        1 text name: String, "Its name.";
        2 text package: String, "What it belongs to.";
        4 messages messages: Vec<Descriptor>, "Its messages.";
        12 text syntax: String, "Version of the language.";
    }
}

message! {
    /// A message.
    Descriptor as "DescriptorProto" {
        1 text name: String, "Its name.";
        2 messages fields: Vec<FieldDescriptor>, "Its fields.";
    }
}

message! {
    /// A field.
    FieldDescriptor as "FieldDescriptorProto" {
        1 text name: String, "Its name.";
        3 u32 number: u32, "Its number.";
        4 u32 label: u32, "One or several.";
        5 u32 kind: u32, "What it is.";
        6 text type_name: String, "Which message, where it is one.";
    }
}
