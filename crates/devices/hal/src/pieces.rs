//! Records of one length out of bytes that come in pieces.

/// What has come of a record that is not whole yet.
#[derive(Debug, Clone, Default)]
pub struct Pieces<const LEN: usize> {
    rest: Vec<u8>,
}

impl<const LEN: usize> Pieces<LEN> {
    /// Takes bytes, and hands out the records they complete.
    pub fn take(&mut self, bytes: &[u8], give: impl FnMut(&[u8; LEN])) {
        self.rest.extend_from_slice(bytes);
        let (records, _) = self.rest.as_chunks::<LEN>();
        let whole = LEN * records.len();
        records.iter().for_each(give);
        self.rest.drain(..whole);
    }
}
