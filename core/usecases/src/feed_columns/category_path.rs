use super::fields::PATH_SEPARATOR;

/// The roots above all categories of a shop.
const ROOTS: [&str; 3] = ["Default Category", "Root Catalog", "Root"];

/// The separators of a path, those that say most first; those that may be part of a name need blanks.
const SEPARATORS: [&str; 6] = [">>", ">", "›", "»", " | ", " / "];

/// Splits a path through categories into the first category and the path below it: `Home > Pans`,
/// `Home / Pans`, `Home | Pans`, `["Home", "Pans"]`. Of several paths the first counts.
pub(super) fn split(text: &str) -> (String, String) {
    let mut parts = parts(text);
    parts.retain(|part| !part.is_empty());
    if parts.len() > 1 && ROOTS.contains(&parts[0]) {
        parts.remove(0);
    }
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default().to_owned();
    (first, parts.collect::<Vec<_>>().join(PATH_SEPARATOR))
}

fn parts(text: &str) -> Vec<&str> {
    let text = text.trim();
    let listed = listed(text);
    match &listed[..] {
        [] => {}
        // Each item is a path of its own.
        [first, ..] if separator(first).is_some() => return parts(first),
        _ => return listed,
    }
    let path = first_path(text);
    match separator(path) {
        Some(separator) => path.split(separator).map(str::trim).collect(),
        None => vec![path],
    }
}

/// Returns the items of a list in brackets, without their quotes; none if the text is no list.
fn listed(text: &str) -> Vec<&str> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner else { return Vec::new() };
    let quote = inner.trim().chars().next().filter(|first| matches!(first, '"' | '\''));
    match quote {
        // Every second part stands between quotes.
        Some(quote) => inner.split(quote).skip(1).step_by(2).map(str::trim).collect(),
        None => inner.split(',').map(str::trim).collect(),
    }
}

/// Returns the first of several paths.
fn first_path(text: &str) -> &str {
    let has_arrows = text.contains(['>', '›', '»']);
    for between in ['|', ';', ','] {
        let paths = || text.split(between);
        // A comma may stand in a name, where a blank follows it.
        let is_between = paths().skip(1).all(|path| between != ',' || !path.starts_with(' '));
        let are_paths = paths().count() > 1 && paths().all(|path| separator(path).is_some());
        if has_arrows && is_between && are_paths {
            return paths().next().unwrap_or_default();
        }
    }
    text
}

fn separator(path: &str) -> Option<&'static str> {
    let separator = SEPARATORS.into_iter().find(|separator| path.contains(separator));
    // `TV/Audio` is a name, `Default Category/Gear/Bags` a path.
    let has_slashes = || path.matches('/').count() > 1 || path.starts_with("Default Category/");
    separator.or_else(|| has_slashes().then_some("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_by_the_separators_of_all_shops() {
        for (text, expected) in [
            ("Default Category/Gear/Bags", ("Gear", "Bags")),
            ("Gear | Bags | Totes", ("Gear", "Bags > Totes")),
            ("Gear > Bags,Sale > Bags", ("Gear", "Bags")),
            ("Gear > Bags|Sale > Bags", ("Gear", "Bags")),
            ("Gear >> Bags", ("Gear", "Bags")),
            ("Gear › Bags", ("Gear", "Bags")),
            ("Gear / Bags", ("Gear", "Bags")),
            ("[\"Gear\", \"Bags\"]", ("Gear", "Bags")),
            ("['Gear', 'Bags']", ("Gear", "Bags")),
            ("[\"Gear >> Bags >> Totes\"]", ("Gear", "Bags > Totes")),
            ("Food, Beverages & Tobacco > Tea, green", ("Food, Beverages & Tobacco", "Tea, green")),
            ("TV/Audio", ("TV/Audio", "")),
            ("Home", ("Home", "")),
            ("[]", ("", "")),
            (" > Gear > > Bags > ", ("Gear", "Bags")),
            ("Root", ("Root", "")),
            ("", ("", "")),
        ] {
            let (main, sub) = split(text);
            assert_eq!((&*main, &*sub), expected, "{text}");
        }
    }
}
