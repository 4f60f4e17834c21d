//! Selects the CPU instruction set of vectorized kernels, once for the whole process.
//!
//! Code with a kernel for each [`InstructionSet`] asks [`InstructionSet::selected`] which one to run. By
//! default that is the fastest set that the CPU supports. The environment variable `AKIN_CPU` names another
//! one, so that tests and measurements on one machine can cover every kernel:
//!
//! ```
//! use instruction_set::InstructionSet;
//!
//! let sum = match InstructionSet::selected() {
//!     InstructionSet::Avx512 | InstructionSet::Avx2 => "vectorized",
//!     InstructionSet::Portable => "plain Rust",
//! };
//! assert!(InstructionSet::selected().is_available());
//! assert!(InstructionSet::Portable.is_available(), "on every CPU");
//! assert_eq!("avx2".parse(), Ok(InstructionSet::Avx2));
//! # drop(sum);
//! ```

use std::env;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// The environment variable that names the instruction set. An empty value counts as unset.
pub const VARIABLE: &str = "AKIN_CPU";

static SELECTED: OnceLock<InstructionSet> = OnceLock::new();

/// A set of CPU instructions that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512 F, BW, DQ, VL and VNNI, besides [`Self::Avx2`].
    Avx512,
    /// AVX2, FMA and F16C.
    Avx2,
    /// Plain Rust, for every CPU.
    Portable,
}

/// Why an instruction set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstructionSetError {
    /// No instruction set has this name.
    #[error("no such instruction set as {0}: use {all}", all = names(InstructionSet::ALL))]
    Unknown(String),
    /// The CPU lacks the instructions.
    #[error("this CPU does not support {0}: use {others}", others = names(InstructionSet::available()))]
    Unavailable(InstructionSet),
    /// Kernels may be running with another instruction set already.
    #[error("the instruction set {0} was selected before")]
    AlreadySelected(InstructionSet),
}

impl InstructionSet {
    /// Every instruction set, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// Returns the name, as [`VARIABLE`] and [`Self::from_str`] take it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Returns true if the CPU supports every instruction of the set. `unsafe` code may rely on it.
    #[inline]
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                    && Self::Avx2.is_available()
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Returns the sets that the CPU supports, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|set| set.is_available())
    }

    /// Returns the fastest set that the CPU supports.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Returns the set that [`VARIABLE`] names, or `None` if it is unset or empty. Fails if no set has that
    /// name or the CPU does not support it.
    pub fn from_environment() -> Result<Option<Self>, InstructionSetError> {
        let value = env::var_os(VARIABLE).unwrap_or_default();
        if value.is_empty() {
            return Ok(None);
        }
        value.to_string_lossy().parse::<Self>()?.check().map(Some)
    }

    /// Returns the set that kernels of this process use: the one given to [`Self::select`], else the one
    /// that [`VARIABLE`] names, else [`Self::best`]. The first call decides. A value of the variable that
    /// cannot be used is ignored; [`Self::from_environment`] reports it.
    pub fn selected() -> Self {
        let from_environment = || Self::from_environment().ok().flatten();
        *SELECTED.get_or_init(|| from_environment().unwrap_or_else(Self::best))
    }

    /// Makes this the set that kernels of this process use. Fails if the CPU does not support it, or if
    /// another one was selected before.
    pub fn select(self) -> Result<(), InstructionSetError> {
        self.check()?;
        let selected = *SELECTED.get_or_init(|| self);
        if selected == self { Ok(()) } else { Err(InstructionSetError::AlreadySelected(selected)) }
    }

    /// Returns the set itself, or an error if the CPU does not support it.
    pub fn check(self) -> Result<Self, InstructionSetError> {
        if self.is_available() { Ok(self) } else { Err(InstructionSetError::Unavailable(self)) }
    }
}

impl FromStr for InstructionSet {
    type Err = InstructionSetError;

    fn from_str(name: &str) -> Result<Self, InstructionSetError> {
        let named = Self::ALL.into_iter().find(|set| set.name() == name);
        named.ok_or_else(|| InstructionSetError::Unknown(name.to_owned()))
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn names(sets: impl IntoIterator<Item = InstructionSet>) -> String {
    let names: Vec<_> = sets.into_iter().map(InstructionSet::name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for set in InstructionSet::ALL {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_exist() {
        let error = "sse9".parse::<InstructionSet>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no such instruction set as sse9: use avx512, avx2, portable"
        );
    }

    #[test]
    fn a_set_that_the_cpu_lacks_is_refused_with_those_that_it_supports() {
        let error = InstructionSetError::Unavailable(InstructionSet::Avx512).to_string();
        assert!(error.starts_with("this CPU does not support avx512: use "), "{error}");
        assert!(error.ends_with("portable"), "{error}");
        for set in InstructionSet::ALL {
            assert_eq!(set.check().is_ok(), set.is_available());
        }
    }

    #[test]
    fn the_environment_names_the_selected_set_and_it_stays_selected() {
        let named = InstructionSet::from_environment().unwrap();
        let selected = InstructionSet::selected();
        assert_eq!(selected, named.unwrap_or_else(InstructionSet::best));
        assert_eq!(selected.select(), Ok(()));
        for other in InstructionSet::available().filter(|set| *set != selected) {
            assert_eq!(other.select(), Err(InstructionSetError::AlreadySelected(selected)));
        }
    }
}
