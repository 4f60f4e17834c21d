use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Selects by name the values to read. Others are skipped without being decoded.
///
/// It also helps to detect the delimiter of a CSV file: the one by which the header has most of the
/// selected names. The default selects every name.
#[derive(Clone, Default)]
pub struct NameFilter(Option<Arc<Selects>>);

type Selects = dyn Fn(&str) -> bool + Send + Sync;

/// The names that occur in a batch of records.
#[derive(Debug)]
pub(crate) struct NameTable {
    filter: NameFilter,
    names: Vec<String>,
    positions: HashMap<String, Option<usize>>,
    /// The names in the order in which records have them, with their positions: most records of an
    /// input have the same names in the same order, so that none needs to be hashed.
    order: Vec<(String, Option<usize>)>,
    /// The place in `order` after the last name.
    next: usize,
}

/// The maximum number of skipped names that are remembered.
const REMEMBERED: usize = 1_024;

/// The number of expected names with which a name is compared before it is hashed.
const LOOKAHEAD: usize = 4;

impl NameFilter {
    /// Creates a filter that selects the names for which `selects` is true.
    pub fn new(selects: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(selects)))
    }

    /// Returns whether values of this name are read.
    pub fn selects(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|selects| selects(name))
    }
}

impl NameTable {
    pub(crate) fn new(filter: NameFilter) -> Self {
        Self { filter, names: Vec::new(), positions: HashMap::new(), order: Vec::new(), next: 0 }
    }

    /// Begins a record.
    pub(crate) fn restart(&mut self) {
        self.next = 0;
    }

    /// Returns the position of `name`, which is added if it is selected and new; `None` if it is not
    /// selected.
    pub(crate) fn position(&mut self, name: &str) -> Option<usize> {
        // A record may lack some of them.
        let expected = self.order.iter().skip(self.next).take(LOOKAHEAD);
        if let Some((place, (_, position))) =
            expected.enumerate().find(|(_, (expected, _))| expected == name)
        {
            self.next += place + 1;
            return *position;
        }
        let position = self.find(name);
        if self.next == self.order.len() && self.next < REMEMBERED {
            self.order.push((name.to_owned(), position));
            self.next += 1;
        }
        position
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        let position = self.filter.selects(name).then_some(self.names.len());
        if position.is_some() {
            self.names.push(name.to_owned());
        }
        if position.is_some() || self.positions.len() - self.names.len() < REMEMBERED {
            self.positions.insert(name.to_owned(), position);
        }
        position
    }

    /// Takes the names, so that the table is empty. Bounded by what one batch can hold.
    pub(crate) fn take(&mut self) -> Arc<[String]> {
        self.positions.clear();
        self.order.clear();
        self.next = 0;
        std::mem::take(&mut self.names).into()
    }
}

impl fmt::Debug for NameFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "NameFilter(some)" } else { "NameFilter(all)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_positions_in_any_order() {
        let mut table = NameTable::new(NameFilter::new(|name| name != "skipped"));
        let records: [&[&str]; 5] = [
            &["id", "name", "skipped", "price"],
            &["id", "name", "skipped", "price"],
            &["name", "id", "brand"],
            &["brand", "price", "skipped", "name", "id"],
            &["id", "id", "price"],
        ];
        let expected = [("id", 0), ("name", 1), ("price", 2), ("brand", 3)];
        for record in records {
            table.restart();
            for name in record {
                let position = expected.iter().find(|(known, _)| known == name);
                assert_eq!(table.position(name), position.map(|(_, position)| *position));
            }
        }
        assert_eq!(&*table.take(), ["id", "name", "price", "brand"]);
        assert_eq!(table.position("price"), Some(0), "a new batch begins");
    }
}
