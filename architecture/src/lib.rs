//! Holds the tests that keep the dependency rule.
