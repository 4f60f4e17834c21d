//! Attributes as one text: `color: red; size: M`.

/// Appends a value to attributes.
pub(super) fn append(attributes: &mut String, name: Option<&str>, value: &str) {
    let separator = if attributes.is_empty() { "" } else { "; " };
    let colon = if name.is_some() { ": " } else { "" };
    attributes.extend([separator, name.unwrap_or_default(), colon, value]);
}

/// Returns the attributes of `general`, with those of `own` in the place of the same names, and behind them.
pub(super) fn merge(general: &str, own: &str) -> String {
    if general.trim().is_empty() {
        return own.to_owned();
    }
    let own = parts(own);
    let mut merged: Vec<&str> = Vec::new();
    for part in parts(general) {
        let same = own.iter().filter(|other| is_same(part, other));
        let before = merged.len();
        merged.extend(same);
        if merged.len() == before {
            merged.push(part);
        }
    }
    for part in own {
        if !merged.contains(&part) {
            merged.push(part);
        }
    }
    merged.dedup();
    merged.join("; ")
}

/// Returns whether two attributes have one name, or are equal.
fn is_same(one: &str, other: &str) -> bool {
    match (name(one), name(other)) {
        (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

fn name(part: &str) -> Option<&str> {
    part.split_once(':').map(|(name, _)| name.trim())
}

/// Splits attributes at semicolons that no backslash precedes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if character == ';' && !is_escaped {
            parts.push(text[start..at].trim());
            start = at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_variant_says_comes_before_what_its_product_says() {
        for (general, own, expected) in [
            ("size: S, M; material: linen", "size: S", "size: S; material: linen"),
            ("tags: a", "Size: S", "tags: a; Size: S"),
            ("Size: S; warm", "size: M; warm; color: red", "size: M; warm; color: red"),
            (r"a: b\; c; d: e", "d: f", r"a: b\; c; d: f"),
            ("", "d: f", "d: f"),
            ("d: f", "", "d: f"),
        ] {
            assert_eq!(merge(general, own), expected, "{general} + {own}");
        }
    }
}
