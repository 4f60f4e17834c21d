use crate::FolderError;
use crate::files::json;
use serde::Deserialize;
use std::path::Path;

/// A pooling of the tokens' vectors into one: the concatenated vectors of its modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooling(Vec<PoolingMode>);

/// A way to reduce the tokens' vectors to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolingMode {
    /// The vector of the first token.
    Cls,
    /// The maximum of each coordinate.
    Max,
    /// The mean.
    Mean,
    /// The sum divided by the square root of the number of tokens.
    MeanSqrtLen,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the fields of the file"
)]
struct PoolingConfigFile {
    pooling_mode: Option<Modes>,
    pooling_mode_cls_token: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

/// The modes by name, in newer folders: one, several, or several joined by `+`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

const SUPPORTED: &str = "cls, max, mean and mean_sqrt_len, each at most once, are";

impl PoolingMode {
    /// All modes, in the order in which older folders concatenate them.
    pub const ALL: [Self; 4] = [Self::Cls, Self::Max, Self::Mean, Self::MeanSqrtLen];

    /// Returns the name: `cls`, `max`, `mean`, `mean_sqrt_len`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::MeanSqrtLen => "mean_sqrt_len",
        }
    }

    /// Returns the mode with the name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl Pooling {
    /// Creates a pooling of these modes in this order, or `None` if they are empty or repeated.
    pub fn new(modes: Vec<PoolingMode>) -> Option<Self> {
        let twice = |(at, mode)| modes[..at].contains(mode);
        let is_valid = !modes.is_empty() && !modes.iter().enumerate().any(twice);
        is_valid.then_some(Self(modes))
    }

    /// Returns the modes in the order of their vectors.
    pub fn modes(&self) -> &[PoolingMode] {
        &self.0
    }

    /// Returns the number of concatenated vectors.
    pub fn parts(&self) -> usize {
        self.0.len()
    }

    /// Parses names joined by `+`. Returns `None` if a mode is unknown or repeated.
    pub fn named(names: &str) -> Option<Self> {
        let mode =
            |name: &str| PoolingMode::from_name(name.strip_suffix("_tokens").unwrap_or(name));
        let modes: Option<Vec<_>> = names.split('+').map(mode).collect();
        modes.and_then(Self::new)
    }

    /// Reads the `config.json` of a Pooling module. The default is the mean, as in the library.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        let file: PoolingConfigFile = json(path)?;
        let names = match file.pooling_mode {
            // The newer field takes precedence over the flags.
            Some(Modes::One(names)) => names,
            Some(Modes::Several(names)) => names.join("+"),
            None => file.flags(),
        };
        Self::named(&names).ok_or_else(|| {
            FolderError::unsupported(path, format!("the pooling {names}"), SUPPORTED)
        })
    }
}

impl From<PoolingMode> for Pooling {
    fn from(mode: PoolingMode) -> Self {
        Self(vec![mode])
    }
}

impl PoolingConfigFile {
    /// Returns the modes of an older folder. The default is the mean, as in the library.
    fn flags(&self) -> String {
        let flags = [
            ("cls", self.pooling_mode_cls_token),
            ("max", self.pooling_mode_max_tokens),
            ("mean", self.pooling_mode_mean_tokens),
            ("mean_sqrt_len", self.pooling_mode_mean_sqrt_len_tokens),
            ("weightedmean", self.pooling_mode_weightedmean_tokens),
            ("lasttoken", self.pooling_mode_lasttoken),
        ];
        let named: Vec<_> = flags.iter().filter(|flag| flag.1).map(|flag| flag.0).collect();
        if named.is_empty() { "mean".to_owned() } else { named.join("+") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooling_is_named_by_its_modes_each_at_most_once() {
        let named = |names: &str| Pooling::named(names).map(|pooling| pooling.modes().to_vec());
        let two = vec![PoolingMode::MeanSqrtLen, PoolingMode::Cls];
        assert_eq!(named("mean_sqrt_len_tokens+cls"), Some(two));
        assert_eq!(Pooling::named("max"), Some(PoolingMode::Max.into()));
        for names in ["", "+", "mean+", "mean+mean", "mean+median", "mean, cls"] {
            assert_eq!(named(names), None, "{names:?}");
        }
    }
}
