//! Numbers of a saved state: little-endian, one behind the other, in one fixed order.

use crate::error::ControlError;

/// Appends numbers to bytes. Allocates nothing where the bytes have room.
pub(crate) struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn flag(&mut self, flag: bool) {
        self.u64(u64::from(flag));
    }

    pub fn f32(&mut self, value: f32) {
        self.f32s(&[value]);
    }

    pub fn f32s(&mut self, values: &[f32]) {
        for value in values {
            self.bytes(&value.to_bits().to_le_bytes());
        }
    }
}

/// Takes them off again.
pub(crate) struct Reader<'a> {
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], ControlError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(mismatch(
                "length",
                format!("{len} bytes more"),
                format!("{} bytes", self.rest.len()),
            ));
        };
        self.rest = rest;
        Ok(head)
    }

    pub fn same(&mut self, what: &'static str, expected: &[u8]) -> Result<(), ControlError> {
        let found = self.take(expected.len())?;
        if found == expected {
            return Ok(());
        }
        Err(mismatch(what, String::from_utf8_lossy(expected), String::from_utf8_lossy(found)))
    }

    pub fn u64(&mut self) -> Result<u64, ControlError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// A count that can still be added to for longer than any robot lives.
    pub fn sum(&mut self) -> Result<u64, ControlError> {
        let value = self.u64()?;
        if value >> 63 == 0 { Ok(value) } else { Err(mismatch("a sum", "less than 2^63", value)) }
    }

    pub fn u32(&mut self) -> Result<u32, ControlError> {
        let value = self.u64()?;
        u32::try_from(value).map_err(|_| mismatch("a count", "less than 2^32", value))
    }

    pub fn flag(&mut self) -> Result<bool, ControlError> {
        match self.u64()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(mismatch("a flag", "0 or 1", other)),
        }
    }

    pub fn f32(&mut self) -> Result<f32, ControlError> {
        let mut value = [0.0];
        self.f32s(&mut value)?;
        Ok(value[0])
    }

    /// One of `choices`, by its place.
    pub fn choice<T: Copy>(&mut self, what: &'static str, choices: &[T]) -> Result<T, ControlError> {
        let place = self.u64()?;
        let found = usize::try_from(place).ok().and_then(|place| choices.get(place));
        found.copied().ok_or_else(|| mismatch(what, format!("less than {}", choices.len()), place))
    }

    /// The end of the bytes.
    pub fn finish(&self, len: usize) -> Result<(), ControlError> {
        if self.rest.is_empty() { Ok(()) } else { Err(mismatch("length", len - self.rest.len(), len)) }
    }

    pub fn f32s(&mut self, values: &mut [f32]) -> Result<(), ControlError> {
        let bytes = self.take(values.len() * 4)?;
        for (value, bits) in values.iter_mut().zip(bytes.chunks_exact(4)) {
            *value = f32::from_bits(u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]));
        }
        Ok(())
    }
}

pub(crate) fn mismatch(what: &'static str, expected: impl ToString, found: impl ToString) -> ControlError {
    ControlError::State { what, expected: expected.to_string(), found: found.to_string() }
}
