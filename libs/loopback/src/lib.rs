//! Tells whether requests to a host stay on this machine, where no TLS is needed to protect a secret.
//!
//! ```
//! assert!(loopback::is_loopback("[::1]"));
//! assert!(!loopback::is_loopback("shop.example"));
//! ```

use std::net::IpAddr;

/// Returns whether requests to `host`, a name or an address as in a URL, stay on this machine. Names other than
/// `localhost` are not resolved: their addresses may change.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "Localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.example", "10.0.0.7", "0.0.0.0", "[::2]", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
