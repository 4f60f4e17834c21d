use tokio::io::ReadBuf;

/// Ends every read at an empty line, and keeps what the socket gave beyond it for the next read.
#[derive(Debug, Default)]
pub(crate) struct HeadSplitter {
    /// Bytes of the socket that were not handed over yet, from `position` on.
    kept: Vec<u8>,
    position: usize,
    /// True if nothing but a carriage return follows the last line feed.
    line_is_empty: bool,
    /// True if the bytes handed over last end with an empty line.
    pub(crate) is_empty_line: bool,
}

impl HeadSplitter {
    /// Hands over bytes that were kept; returns whether there were any.
    pub(crate) fn take(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let kept = &self.kept[self.position..];
        if kept.is_empty() || buffer.remaining() == 0 {
            return false;
        }
        let first = &kept[..kept.len().min(buffer.remaining())];
        let count = scan(first, &mut self.line_is_empty, &mut self.is_empty_line);
        buffer.put_slice(&first[..count]);
        self.position += count;
        if self.position == self.kept.len() {
            (self.kept, self.position) = (Vec::new(), 0);
        }
        true
    }

    /// Keeps what follows an empty line in the bytes of `buffer` from `start` on.
    pub(crate) fn keep_rest(&mut self, buffer: &mut ReadBuf<'_>, start: usize) {
        let read = &buffer.filled()[start..];
        let count = scan(read, &mut self.line_is_empty, &mut self.is_empty_line);
        self.kept.extend_from_slice(&read[count..]);
        buffer.set_filled(start + count);
    }
}

/// Returns the number of bytes up to the end of the first empty line; all, if none is empty.
fn scan(bytes: &[u8], line_is_empty: &mut bool, is_empty_line: &mut bool) -> usize {
    *is_empty_line = false;
    for (position, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if *line_is_empty => {
                *is_empty_line = true;
                return position + 1;
            }
            b'\n' => *line_is_empty = true,
            b'\r' => {}
            _ => *line_is_empty = false,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what each read hands over when the socket gives `parts`, with `room` bytes for a read.
    fn reads(parts: &[&str], room: usize) -> Vec<(String, bool)> {
        let (mut splitter, mut reads) = (HeadSplitter::default(), Vec::new());
        let mut parts = parts.iter();
        loop {
            let mut bytes = vec![0; room];
            let mut buffer = ReadBuf::new(&mut bytes);
            if !splitter.take(&mut buffer) {
                let Some(part) = parts.next() else { return reads };
                buffer.put_slice(part.as_bytes());
                splitter.keep_rest(&mut buffer, 0);
            }
            let text = String::from_utf8(buffer.filled().to_vec()).unwrap();
            reads.push((text, splitter.is_empty_line));
        }
    }

    #[test]
    fn a_read_ends_with_an_empty_line() {
        let read = |text: &str, is_empty_line| (text.to_owned(), is_empty_line);
        assert_eq!(
            reads(&["a\r\nb\r\n\r\nc\n\nd"], 32),
            [read("a\r\nb\r\n\r\n", true), read("c\n\n", true), read("d", false)]
        );
        assert_eq!(
            reads(&["a\r\n\r", "\nb"], 32),
            [read("a\r\n\r", false), read("\n", true), read("b", false)]
        );
        assert_eq!(reads(&["a\rb\n", "\n"], 32), [read("a\rb\n", false), read("\n", true)]);
    }

    #[test]
    fn nothing_is_lost_in_any_size_of_reads() {
        let whole = "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n\nx";
        for room in 1..=whole.len() {
            let parts: Vec<_> =
                whole.as_bytes().chunks(room).map(|part| str::from_utf8(part).unwrap()).collect();
            let reads: String = reads(&parts, room).into_iter().map(|(text, _)| text).collect();
            assert_eq!(reads, whole);
        }
    }
}
