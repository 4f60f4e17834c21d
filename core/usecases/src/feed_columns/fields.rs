use akin_ports::FeedRow;

/// A field of a row, and the names under which feeds have it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Names that akin documents beside it.
    pub(super) synonyms: &'static [&'static str],
    /// Names in Google Merchant feeds and the like, the best first.
    pub(super) foreign: &'static [&'static str],
    pub(super) slot: fn(&mut FeedRow) -> &mut String,
}

impl Field {
    /// Returns its names, in the order in which they count.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.synonyms.iter().chain(self.foreign).copied())
    }
}

/// The separator of a path through categories.
pub(super) const PATH_SEPARATOR: &str = " > ";

macro_rules! fields {
    ($($name:ident $(or $also:literal)? $(else $($foreign:literal),+)?;)*) => {
        /// All fields.
        pub(super) const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            synonyms: &[$($also)?],
            foreign: &[$($($foreign),+)?],
            slot: |row| &mut row.$name,
        }),*];
    };
}

fields! {
    name or "title";
    main_category or "category" else "product_type", "google_product_category";
    sub_category;
    image else "image_link", "image_url";
    link;
    ratings;
    no_of_ratings;
    discount_price else "sale_price";
    actual_price or "price";
    product_id else "id";
    description else "summary";
    brand;
    attributes;
    currency;
    converted_by;
    sku else "variant_sku";
    gtin else "ean", "upc", "barcode";
    mpn;
    availability else "stock_status";
    item_group_id;
    images else "additional_image_link";
}

/// Returns the position in [`FIELDS`] of the field of this name, or with this name in feeds.
pub(super) fn position_of(name: &str) -> Option<usize> {
    let is = |known: &&str| is_same(known, name);
    FIELDS.iter().position(|field| field.names().any(|known| is(&known)))
}

/// Removes white space and byte order marks around the name of a column.
pub(super) fn trim(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Compares names of columns. Case does not count, and blanks, hyphens, and underscores are equal.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let normalize = |byte: u8| match byte {
        b' ' | b'-' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    one.len() == other.len() && one.bytes().map(normalize).eq(other.bytes().map(normalize))
}

/// Returns all names that are read, for a message.
pub(super) fn names() -> String {
    let names = FIELDS.iter().map(|field| [&[field.name], field.synonyms].concat().join(" or "));
    names.collect::<Vec<_>>().join(", ")
}
