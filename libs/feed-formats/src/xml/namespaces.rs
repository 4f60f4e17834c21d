use quick_xml::events::BytesStart;
use std::borrow::Cow;

/// The namespace of Google's names.
const GOOGLE: &str = "http://base.google.com/ns/1.0";
/// The usual prefix of Google's names.
const USUAL: &str = "g";

/// The declarations of namespaces that hold for the current element.
#[derive(Debug, Default)]
pub(super) struct Namespaces(Vec<Declaration>);

#[derive(Debug)]
struct Declaration {
    /// The depth of the element that has it.
    depth: usize,
    /// Empty for names without a prefix.
    prefix: String,
    is_google: bool,
}

/// The maximum number of declarations that hold at once: one element may have very many.
const MOST: usize = 64;

impl Namespaces {
    /// Adds the declarations of an element.
    pub(super) fn declare(&mut self, start: &BytesStart<'_>, depth: usize) {
        if !start.contains("xmlns") {
            return;
        }
        for attribute in start.attributes().flatten() {
            let declared = attribute.key.as_ref().strip_prefix("xmlns");
            let prefix = declared.and_then(|rest| match rest {
                "" => Some(rest),
                rest => rest.strip_prefix(':'),
            });
            if let Some(prefix) = prefix.filter(|_| self.0.len() < MOST) {
                let is_google = attribute.value.trim_end_matches('/') == GOOGLE;
                self.0.push(Declaration { depth, prefix: prefix.to_owned(), is_google });
            }
        }
    }

    /// Removes the declarations of an element that ends.
    pub(super) fn end(&mut self, depth: usize) {
        while self.0.last().is_some_and(|last| last.depth >= depth) {
            self.0.pop();
        }
    }

    /// Returns the name of an element, with `g:` if it is one of Google's.
    pub(super) fn known_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let (prefix, plain) = name.split_once(':').unwrap_or(("", name));
        let declared = self.0.iter().rev().find(|declared| declared.prefix == prefix);
        match declared {
            Some(Declaration { is_google: true, .. }) if prefix != USUAL => {
                Cow::Owned(format!("{USUAL}:{plain}"))
            }
            _ => Cow::Borrowed(name),
        }
    }
}
