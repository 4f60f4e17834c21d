/// Returns a list of attributes, `color : red|width : 40` or `color=red,size=M`, as `color: red; width: 40`. Any other
/// text is returned as it is.
pub(super) fn read(text: &str) -> String {
    let pairs = pairs(text, '|', ':').or_else(|| pairs(text, ',', '='));
    pairs.unwrap_or_else(|| text.to_owned())
}

fn pairs(text: &str, between: char, after_name: char) -> Option<String> {
    let mut pairs = Vec::new();
    for pair in text.split(between).filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once(after_name)?;
        pairs.push(format!("{}: {}", name.trim(), value.trim()));
    }
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_other_writing_become_pairs() {
        for (text, expected) in [
            ("color : oak|width : 40", "color: oak; width: 40"),
            ("color=Red,size=M", "color: Red; size: M"),
            ("color: oak; width: 40", "color: oak; width: 40"),
            ("Washable, warm", "Washable, warm"),
            ("", ""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
