use std::fmt;

/// Tells whether a product's content is what it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 16]);

/// Tells whether the text that was embedded is what it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextHash([u8; 16]);

macro_rules! hash {
    ($name:ident) => {
        impl $name {
            /// The hash of `parts`: the first 128 bits of BLAKE3, each part preceded by its
            /// length, so that text moved from one field into the next is a change.
            pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
                let mut hasher = blake3::Hasher::new();
                for part in parts {
                    hasher.update(&(part.len() as u64).to_le_bytes());
                    hasher.update(part.as_bytes());
                }
                let mut bytes = [0; 16];
                hasher.finalize_xof().fill(&mut bytes);
                Self(bytes)
            }

            /// The hash that an adapter stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The hash, for an adapter to store.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:032x})", stringify!($name), u128::from_be_bytes(self.0))
            }
        }
    };
}

hash!(ContentHash);
hash!(TextHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_moves_to_the_next_field_is_a_change() {
        assert_ne!(ContentHash::of(["ab", "c"]), ContentHash::of(["a", "bc"]));
        assert_eq!(TextHash::of(["ab"]), TextHash::of(["ab"]));
    }
}
