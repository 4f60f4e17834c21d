//! The records of [`feed_formats`] as feeds of the port: what every source of feeds shares.
