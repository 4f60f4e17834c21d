use akin_entities::ProductId;
use std::collections::HashMap;
use std::str::FromStr;

/// The relevance of a product to a query: 0 (wrong) to 3 (exact).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grade(u8);

/// The error for a number or text that is not a grade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a grade of 0 to 3: {0:?}")]
pub struct InvalidGrade(String);

/// The grades of one query's products. A product that was not judged has no grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgments(HashMap<ProductId, Grade>);

impl Grade {
    /// The lowest grade of a relevant product.
    pub const RELEVANT: Self = Self(2);

    /// Checks that `grade` is 0 to 3.
    pub fn new(grade: u8) -> Result<Self, InvalidGrade> {
        if grade > 3 { Err(InvalidGrade(grade.to_string())) } else { Ok(Self(grade)) }
    }

    /// Returns the grade as a number, 0 to 3.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Returns true for a grade of [`Grade::RELEVANT`] or more.
    pub fn is_relevant(self) -> bool {
        self >= Self::RELEVANT
    }

    /// Returns the gain of a hit of this grade: 2^grade - 1.
    pub(crate) fn gain(self) -> f64 {
        f64::from((1_u8 << self.0) - 1)
    }
}

/// Parses a grade: `3`.
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
    /// Returns the grade of a product; `None` if it was not judged.
    pub fn grade(&self, id: &ProductId) -> Option<Grade> {
        self.0.get(id).copied()
    }

    /// Iterates over the judged products, in no order.
    pub fn products(&self) -> impl Iterator<Item = &ProductId> {
        self.0.keys()
    }

    /// Iterates over the grades, in no order.
    pub fn grades(&self) -> impl Iterator<Item = Grade> {
        self.0.values().copied()
    }

    /// Returns the number of relevant products.
    pub fn relevant(&self) -> usize {
        self.grades().filter(|grade| grade.is_relevant()).count()
    }
}

/// Collects grades; the later grade of a product that was judged twice counts.
impl FromIterator<(ProductId, Grade)> for Judgments {
    fn from_iter<I: IntoIterator<Item = (ProductId, Grade)>>(grades: I) -> Self {
        Self(grades.into_iter().collect())
    }
}
