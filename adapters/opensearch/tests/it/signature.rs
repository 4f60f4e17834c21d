//! Checks AWS Signature Version 4 by its specification, independently of the code that signs.

use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Checks that the request is signed with `secret`. An error names the part that is wrong.
pub(crate) fn check(
    parts: &Parts,
    body: &Bytes,
    key: &str,
    secret: &str,
    region: &str,
    service: &str,
) -> Result<(), String> {
    let authorization = header(parts, AUTHORIZATION.as_str())?;
    let field = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}=")).ok_or("no such field")?;
        Ok::<_, String>(rest.split(',').next().unwrap_or_default().trim())
    };
    let time = header(parts, "x-amz-date")?;
    let day = time.get(..8).ok_or("no day")?;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    if field("Credential")? != format!("{key}/{scope}") {
        return Err("another credential or scope".to_owned());
    }
    let hash = hexadecimal(&Sha256::digest(body));
    if header(parts, "x-amz-content-sha256")? != hash {
        return Err("another body".to_owned());
    }
    let signed = field("SignedHeaders")?;
    for name in ["host", "x-amz-date"] {
        if !signed.split(';').any(|signed| signed == name) {
            return Err(format!("{name} is not signed"));
        }
    }
    let digest = hexadecimal(&Sha256::digest(canonical(parts, signed, &hash)?));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let mut signature = format!("AWS4{secret}").into_bytes();
    for part in [day, region, service, "aws4_request", &text] {
        signature = hmac(&signature, part.as_bytes());
    }
    if field("Signature")? == hexadecimal(&signature) {
        Ok(())
    } else {
        Err("another signature".to_owned())
    }
}

/// Returns the canonical request with the `signed` headers and the hash of the body.
fn canonical(parts: &Parts, signed: &str, hash: &str) -> Result<String, String> {
    let mut canonical = format!("{}\n{}\n{}\n", parts.method, parts.uri.path(), query(parts));
    for name in signed.split(';') {
        let _ = writeln!(canonical, "{name}:{}", header(parts, name)?.trim());
    }
    let _ = write!(canonical, "\n{signed}\n{hash}");
    Ok(canonical)
}

fn header<'a>(parts: &'a Parts, name: &str) -> Result<&'a str, String> {
    let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| format!("no header {name}"))
}

/// Returns the canonical query: sorted and percent-encoded parameters.
fn query(parts: &Parts) -> String {
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            format!("{}={}", encode(&decode(name)), encode(&decode(value)))
        })
        .collect();
    pairs.sort();
    pairs.join("&")
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits: Vec<_> = bytes.by_ref().take(2).collect();
            let digits = String::from_utf8(digits).unwrap();
            decoded.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

fn encode(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Computes HMAC-SHA256 as in RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The example of RFC 4231.
#[test]
fn the_hmac_matches_the_specification() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hexadecimal(&hmac(b"Jefe", b"what do ya want for nothing?")), expected);
}
