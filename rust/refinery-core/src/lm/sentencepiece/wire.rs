//! Protocol buffers' wire format, as far as a `SentencePiece` model uses it.

/// The value of one field.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64,
    Bytes(&'a [u8]),
}

/// The fields of a message, in order; stops after an error.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.rest.split_off_first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.rest.split_off(..8)?;
                Value::Fixed64
            }
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.rest.split_off(..len)?)
            }
            5 => Value::Fixed32(self.rest.split_off(..4)?.try_into().ok()?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    /// Number and value of a field, or where from the end the message is damaged.
    type Item = Result<(u64, Value<'a>), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let left = self.rest.len();
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_each_kind_and_damage() {
        // (message, its fields; an error is the bytes that were left)
        type Fields3<'a> = Vec<Result<(u64, Value<'a>), usize>>;
        let cases: [(&[u8], Fields3<'_>); 7] = [
            (b"", vec![]),
            (b"\x08\x96\x01", vec![Ok((1, Value::Varint(150)))]),
            (b"\x12\x02ab", vec![Ok((2, Value::Bytes(b"ab")))]),
            (
                b"\x15\0\0\x80\x3f",
                vec![Ok((2, Value::Fixed32(*b"\0\0\x80\x3f")))],
            ),
            (b"\x09\0\0\0\0\0\0\0\0", vec![Ok((1, Value::Fixed64))]),
            (b"\x12\x05ab", vec![Err(4)]),
            (
                b"\x08\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                vec![Ok((1, Value::Varint(1))), Err(11)],
            ),
        ];
        for (message, expected) in cases {
            let found: Vec<_> = super::Fields::new(message).collect();
            assert_eq!(found, expected, "{message:?}");
        }
    }
}
