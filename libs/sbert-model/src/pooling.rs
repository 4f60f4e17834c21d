use crate::FolderError;
use crate::files::json;
use serde::Deserialize;
use std::path::Path;

/// How the tokens' vectors become one: the modes' vectors, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooling(Vec<PoolingMode>);

/// One vector of a text's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolingMode {
    /// The first token's.
    Cls,
    /// The largest of each coordinate.
    Max,
    /// The mean.
    Mean,
    /// The sum divided by the root of the count.
    MeanSqrtLen,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the file has them")]
struct File {
    pooling_mode: Option<Modes>,
    pooling_mode_cls_token: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

/// Newer folders name the modes in place of the flags: one, several, or several joined by `+`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

const KNOWN: &str = "cls, max, mean and mean_sqrt_len, each at most once, are";

impl PoolingMode {
    /// Every mode, in the order in which older folders concatenate them.
    pub const ALL: [Self; 4] = [Self::Cls, Self::Max, Self::Mean, Self::MeanSqrtLen];

    /// Its name: `cls`, `max`, `mean`, `mean_sqrt_len`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::MeanSqrtLen => "mean_sqrt_len",
        }
    }

    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl Pooling {
    /// These modes in this order; `None` if there is none, or one twice.
    pub fn new(modes: Vec<PoolingMode>) -> Option<Self> {
        let twice = |(at, mode)| modes[..at].contains(mode);
        let good = !modes.is_empty() && !modes.iter().enumerate().any(twice);
        good.then_some(Self(modes))
    }

    /// Its modes, in the order of their vectors.
    pub fn modes(&self) -> &[PoolingMode] {
        &self.0
    }

    /// How many vectors are concatenated.
    pub fn parts(&self) -> usize {
        self.0.len()
    }

    /// The modes that `names` joins by `+`; `None` if there is another, or one twice.
    pub fn named(names: &str) -> Option<Self> {
        let mode =
            |name: &str| PoolingMode::from_name(name.strip_suffix("_tokens").unwrap_or(name));
        let modes: Option<Vec<_>> = names.split('+').map(mode).collect();
        modes.and_then(Self::new)
    }

    /// What the `config.json` of a Pooling module says; without any mode, the library takes the mean.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        let file: File = json(path)?;
        let names = match file.pooling_mode {
            // A folder that has both means the newer.
            Some(Modes::One(names)) => names,
            Some(Modes::Several(names)) => names.join("+"),
            None => file.flags(),
        };
        Self::named(&names)
            .ok_or_else(|| FolderError::unsupported(path, format!("the pooling {names}"), KNOWN))
    }
}

impl From<PoolingMode> for Pooling {
    fn from(mode: PoolingMode) -> Self {
        Self(vec![mode])
    }
}

impl File {
    /// The modes of an older folder; without any, the library takes the mean.
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
        let named = |names: &str| Pooling::named(names).map(|is| is.modes().to_vec());
        let two = vec![PoolingMode::MeanSqrtLen, PoolingMode::Cls];
        assert_eq!(named("mean_sqrt_len_tokens+cls"), Some(two));
        assert_eq!(Pooling::named("max"), Some(PoolingMode::Max.into()));
        for names in ["", "+", "mean+", "mean+mean", "mean+median", "mean, cls"] {
            assert_eq!(named(names), None, "{names:?}");
        }
    }
}
