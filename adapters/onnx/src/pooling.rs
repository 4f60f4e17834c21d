//! How the vectors of a text's tokens become one.

use serde_json::Value;

/// One vector of a text's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The first token's.
    Cls,
    /// The largest of each coordinate.
    Max,
    /// The mean.
    Mean,
    /// The sum divided by the root of the count.
    MeanSqrtLen,
}

/// Modes whose vectors stand one behind the other; one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pooling(Vec<Mode>);

impl Mode {
    /// In the order in which older folders concatenate them.
    const ALL: [Self; 4] = [Self::Cls, Self::Max, Self::Mean, Self::MeanSqrtLen];

    fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::MeanSqrtLen => "mean_sqrt_len",
        }
    }

    /// Its flag in an older folder.
    fn flag(self) -> &'static str {
        match self {
            Self::Cls => "pooling_mode_cls_token",
            Self::Max => "pooling_mode_max_tokens",
            Self::Mean => "pooling_mode_mean_tokens",
            Self::MeanSqrtLen => "pooling_mode_mean_sqrt_len_tokens",
        }
    }
}

impl Pooling {
    pub(crate) fn mean() -> Self {
        Self(vec![Mode::Mean])
    }

    /// The modes that a text joins by `+`; `None` if there is another.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let mode = |name: &str| {
            let name = name.strip_suffix("_tokens").unwrap_or(name);
            Mode::ALL.into_iter().find(|mode| mode.name() == name)
        };
        Some(Self(text.split('+').map(mode).collect::<Option<_>>()?))
    }

    /// What a Pooling module's `config.json` says; `None` if it is another pooling.
    pub(crate) fn of_module(config: &Value) -> Option<Self> {
        match &config["pooling_mode"] {
            Value::String(names) => return Self::named(names),
            Value::Array(names) => {
                let names: Option<Vec<_>> = names.iter().map(Value::as_str).collect();
                return Self::named(&names?.join("+"));
            }
            _ => {}
        }
        let is_on = |flag: &str| config[flag] == Value::Bool(true);
        if is_on("pooling_mode_weightedmean_tokens") || is_on("pooling_mode_lasttoken") {
            return None;
        }
        let modes: Vec<_> = Mode::ALL.into_iter().filter(|mode| is_on(mode.flag())).collect();
        Some(if modes.is_empty() { Self::mean() } else { Self(modes) })
    }

    /// How many vectors stand one behind the other.
    pub(crate) fn parts(&self) -> usize {
        self.0.len()
    }

    /// Makes one vector of the vectors of a text's tokens, which lie one behind the other in
    /// `tokens`, each of `dimension` coordinates. What fills a row up must have been cut off.
    pub(crate) fn pool(&self, tokens: &[f32], dimension: usize) -> Vec<f32> {
        let mut pooled = Vec::with_capacity(dimension * self.parts());
        #[expect(clippy::cast_precision_loss, reason = "a text has a few thousand tokens")]
        let count = (tokens.len() / dimension) as f32;
        let sum = || joined(tokens, dimension, 0.0, |a, b| a + b);
        for mode in &self.0 {
            pooled.extend(match mode {
                Mode::Cls => tokens[..dimension].to_vec(),
                Mode::Max => joined(tokens, dimension, f32::NEG_INFINITY, f32::max),
                Mode::Mean => sum().iter().map(|sum| sum / count).collect(),
                Mode::MeanSqrtLen => sum().iter().map(|sum| sum / count.sqrt()).collect(),
            });
        }
        pooled
    }
}

/// The tokens' vectors put together, coordinate by coordinate.
fn joined(tokens: &[f32], dimension: usize, first: f32, join: fn(f32, f32) -> f32) -> Vec<f32> {
    tokens.chunks_exact(dimension).fold(vec![first; dimension], |mut all, row| {
        all.iter_mut().zip(row).for_each(|(all, one)| *all = join(*all, *one));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOKENS: [f32; 8] = [1.0, -1.0, 2.0, 0.0, 3.0, 1.0, 2.0, -4.0];

    #[test]
    fn each_pooling_makes_its_vector_and_several_stand_in_their_order() {
        for (names, expected) in [
            ("cls", vec![1.0, -1.0]),
            ("max", vec![3.0, 1.0]),
            ("mean", vec![2.0, -1.0]),
            ("mean_sqrt_len", vec![4.0, -2.0]),
            ("mean+cls", vec![2.0, -1.0, 1.0, -1.0]),
        ] {
            assert_eq!(Pooling::named(names).unwrap().pool(&TOKENS, 2), expected, "{names}");
        }
        assert_eq!(Pooling::named("mean+median"), None);
    }

    #[test]
    fn a_module_names_its_modes_by_flags_or_in_words() {
        for (config, expected) in [
            (json!({"pooling_mode_cls_token": true}), Some("cls")),
            (
                json!({"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}),
                Some("max+mean"),
            ),
            (json!({"pooling_mode": "mean"}), Some("mean")),
            (json!({"pooling_mode": ["mean_sqrt_len_tokens", "cls"]}), Some("mean_sqrt_len+cls")),
            (json!({}), Some("mean")),
            (json!({"pooling_mode_lasttoken": true}), None),
            (json!({"pooling_mode": "weightedmean"}), None),
        ] {
            assert_eq!(Pooling::of_module(&config), expected.and_then(Pooling::named), "{config}");
        }
    }
}
