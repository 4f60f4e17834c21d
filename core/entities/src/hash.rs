use std::fmt;

/// A hash of a product's content, to detect changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 16]);

/// A hash of a product's embedded text, to detect changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextHash([u8; 16]);

/// Returns the first 128 bits of the BLAKE3 hash of `parts`. Each part is preceded by its length,
/// so that moving text from one part into the next changes the hash.
pub fn hash_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

macro_rules! hash {
    ($name:ident) => {
        impl $name {
            /// Hashes `parts` with [`hash_parts`].
            pub fn compute<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
                Self(hash_parts(parts))
            }

            /// Restores a hash that an adapter stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes of the hash, for an adapter to store.
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
    fn moving_text_to_the_next_part_changes_the_hash() {
        assert_ne!(ContentHash::compute(["ab", "c"]), ContentHash::compute(["a", "bc"]));
        assert_eq!(TextHash::compute(["ab"]), TextHash::compute(["ab"]));
    }
}
