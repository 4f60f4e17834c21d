//! The part of the protocol buffers wire format that ONNX files need.
//!
//! Field numbers are those of `onnx.proto` up to release 1.18; they never change.

/// A message under construction: its concatenated fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

/// The wire type of a field.
#[derive(Clone, Copy, Debug)]
enum WireType {
    Varint = 0,
    Delimited = 2,
    Fixed32 = 5,
}

impl Message {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Appends an integer; a negative one takes ten bytes, as in every implementation.
    pub(crate) fn int(mut self, field: u32, value: i64) -> Self {
        self.key(field, WireType::Varint);
        self.varint(value.cast_unsigned());
        self
    }

    pub(crate) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, WireType::Fixed32);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }

    pub(crate) fn bytes(self, field: u32, value: &[u8]) -> Self {
        let mut message = self.field_head(field, value.len() as u64);
        message.0.extend(value);
        message
    }

    /// Appends the head of a field. The caller writes its `length` bytes after this message.
    pub(crate) fn field_head(mut self, field: u32, length: u64) -> Self {
        self.key(field, WireType::Delimited);
        self.varint(length);
        self
    }

    /// Appends another message's fields.
    pub(crate) fn append(&mut self, other: &Message) {
        self.0.extend(&other.0);
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&mut self, field: u32, wire: WireType) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_specified() {
        assert_eq!(Message::new().int(1, 150).as_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").as_bytes(), b"\x12\x07testing");
        let inner = Message::new().int(1, 150);
        assert_eq!(Message::new().message(3, &inner).as_bytes(), [0x1a, 3, 0x08, 0x96, 0x01]);
        assert_eq!(Message::new().float(2, 1.0).as_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(Message::new().int(20, 0).as_bytes(), [0xa0, 0x01, 0]);
        let negative = Message::new().int(1, -1);
        assert_eq!(negative.as_bytes(), [&[0x08][..], &[0xff; 9], &[0x01]].concat());
    }

    #[test]
    fn a_field_head_followed_by_the_bytes_is_a_field() {
        let whole = Message::new().bytes(9, &[7; 300]);
        let head = Message::new().field_head(9, 300);
        assert_eq!(whole.as_bytes(), [head.as_bytes(), &[7; 300]].concat());
        assert_eq!(head.len(), 3);
    }
}
