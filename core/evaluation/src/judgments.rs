use akin_entities::ProductId;
use std::collections::HashMap;
use std::str::FromStr;

/// How well a product answers a query: 0 (not at all) to 3 (exactly).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grade(u8);

/// The number or text is no grade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a grade of 0 to 3: {0:?}")]
pub struct InvalidGrade(String);

/// What a judge said about one query's products. Those that nobody judged have no grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgments(HashMap<ProductId, Grade>);

impl Grade {
    /// From this grade on, a product is relevant.
    pub const RELEVANT: Self = Self(2);

    /// The grade of that number.
    pub fn new(grade: u8) -> Result<Self, InvalidGrade> {
        if grade > 3 { Err(InvalidGrade(grade.to_string())) } else { Ok(Self(grade)) }
    }

    /// Whether it answers the query.
    pub fn is_relevant(self) -> bool {
        self >= Self::RELEVANT
    }

    /// What a hit of this grade is worth: 2^grade - 1.
    pub(crate) fn gain(self) -> f64 {
        f64::from((1_u8 << self.0) - 1)
    }
}

/// A grade as a judge writes it: `3`.
impl FromStr for Grade {
    type Err = InvalidGrade;

    fn from_str(text: &str) -> Result<Self, InvalidGrade> {
        let invalid = || InvalidGrade(text.to_owned());
        text.parse()
            .map_err(|_| invalid())
            .and_then(|grade| Self::new(grade).map_err(|_| invalid()))
    }
}

impl Judgments {
    /// The grade of a product, if it was judged.
    pub fn grade(&self, id: &ProductId) -> Option<Grade> {
        self.0.get(id).copied()
    }

    /// Every product that was judged, in no order.
    pub fn products(&self) -> impl Iterator<Item = &ProductId> {
        self.0.keys()
    }

    /// Every grade that was given, in no order.
    pub fn grades(&self) -> impl Iterator<Item = Grade> {
        self.0.values().copied()
    }

    /// How many products are relevant.
    pub fn relevant(&self) -> usize {
        self.grades().filter(|grade| grade.is_relevant()).count()
    }
}

/// Of a product that was judged twice, the later grade counts.
impl FromIterator<(ProductId, Grade)> for Judgments {
    fn from_iter<I: IntoIterator<Item = (ProductId, Grade)>>(judged: I) -> Self {
        Self(judged.into_iter().collect())
    }
}
