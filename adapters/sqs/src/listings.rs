//! Listings of dead letters that are under way.

use crate::error::SYSTEM;
use akin_ports::{DeadLetterCursor, ErrorKind, PortError, PortResult};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The handles of the letters that each listing hides, by the time at which it began.
#[derive(Debug, Default)]
pub(crate) struct Listings(Mutex<HashMap<u64, Vec<String>>>);

/// A listing, which lasts at most for a lease: after that its first letters would be listed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Microseconds since 1970.
    began: u64,
}

impl Listing {
    /// Begins a listing, or goes on with that of the cursor.
    pub(crate) fn at(cursor: Option<&DeadLetterCursor>) -> PortResult<Self> {
        let Some(cursor) = cursor else { return Ok(Self { began: now() }) };
        let began = cursor.0.parse().map_err(|_| {
            let what = format!("{:?} is not a cursor of this queue", cursor.0);
            PortError::new(SYSTEM, ErrorKind::Refused, what)
        })?;
        Ok(Self { began })
    }

    pub(crate) fn cursor(self) -> DeadLetterCursor {
        DeadLetterCursor(self.began.to_string())
    }

    /// Returns the part of the lease that is left.
    pub(crate) fn left(self, lease: Duration) -> Duration {
        lease.saturating_sub(Duration::from_micros(now().saturating_sub(self.began)))
    }
}

impl Listings {
    /// Remembers letters that a listing hides.
    pub(crate) fn hide(&self, listing: Listing, handles: Vec<String>, lease: Duration) {
        let mut all = self.lock();
        // Those that were never ended: their letters are visible again.
        all.retain(|began, _| !Listing { began: *began }.left(lease).is_zero());
        all.entry(listing.began).or_default().extend(handles);
    }

    /// Ends a listing, and returns all letters that it hides.
    pub(crate) fn end(&self, listing: Listing) -> Vec<String> {
        self.lock().remove(&listing.began).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    #[test]
    fn a_listing_goes_on_with_its_cursor_and_any_other_text_is_refused() {
        let listing = Listing::at(None).unwrap();
        assert_eq!(Listing::at(Some(&listing.cursor())).unwrap(), listing);
        assert!(listing.left(LEASE) > Duration::from_secs(30));
        let old = Listing::at(Some(&DeadLetterCursor("0".to_owned()))).unwrap();
        assert_eq!(old.left(LEASE), Duration::ZERO);
        for text in ["", "next", "-1", "1; --", "99999999999999999999999"] {
            let error = Listing::at(Some(&DeadLetterCursor(text.to_owned()))).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Refused, "{text:?}");
        }
    }

    #[test]
    fn the_letters_of_a_listing_are_returned_once_and_forgotten_after_a_lease() {
        let (listings, listing) = (Listings::default(), Listing::at(None).unwrap());
        listings.hide(listing, vec!["a".to_owned()], LEASE);
        listings.hide(listing, vec!["b".to_owned()], LEASE);
        assert_eq!(listings.end(listing), ["a", "b"]);
        assert_eq!(listings.end(listing), [""; 0]);
        let old = Listing { began: 1 };
        listings.hide(old, vec!["c".to_owned()], LEASE);
        listings.hide(listing, Vec::new(), LEASE);
        assert_eq!(listings.end(old), [""; 0]);
    }
}
