//! Server-sent events: the bytes of a stream, taken apart as the HTML standard says (§9.2).
//!
//! Knows nothing of jobs; `jobs::events` does. Bounded: a stream of one endless line is refused.

use std::time::Duration;

/// The media type.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
/// Largest event that is read, and largest line.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its data; lines are joined by line feeds.
    pub(crate) data: String,
}

/// A line or an event over the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl TooLarge {
    pub(crate) const LIMIT: usize = MAX_EVENT_BYTES;
}

/// Takes a stream apart, piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    /// Whether the last byte was a carriage return, whose line feed may come in the next piece.
    after_cr: bool,
    /// Whether the first line is over; it may begin with a byte order mark.
    begun: bool,
    retry: Option<Duration>,
}

impl Parser {
    /// What the server last said about how long to wait before connecting again.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes the next piece and adds the events that it completes.
    pub(crate) fn push(&mut self, piece: &[u8], events: &mut Vec<Event>) -> Result<(), TooLarge> {
        for &byte in piece {
            let lf_of_crlf = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            match byte {
                b'\n' if lf_of_crlf => {}
                b'\n' | b'\r' => self.end_line(events)?,
                _ if self.line.len() == MAX_EVENT_BYTES => return Err(TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<Event>) -> Result<(), TooLarge> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if !self.begun {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            self.begun = true;
        }
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            if std::mem::take(&mut self.has_data) {
                events.push(Event { data });
            }
            return Ok(());
        }
        let text = String::from_utf8_lossy(line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() >= MAX_EVENT_BYTES {
                    return Err(TooLarge);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
            // A comment is a heartbeat and has an empty field name. The event's id and name stand in its data too.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(stream: &[u8], piece_len: usize) -> Vec<String> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in stream.chunks(piece_len) {
            parser.push(piece, &mut events).unwrap();
        }
        events.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn pieces_may_break_anywhere() {
        let stream = "\u{feff}: hello\r\nid: 1\r\nevent: a\r\ndata: ä1\r\n\r\ndata: x\ndata:y\n\n:\n\ndata\n\n\rdata: z\r\r";
        for piece_len in 1..=stream.len() {
            assert_eq!(parse(stream.as_bytes(), piece_len), ["ä1", "x\ny", "", "z"], "{piece_len}");
        }
    }

    #[test]
    fn event_that_is_cut_off_is_no_event() {
        assert!(parse(b"id: 1\ndata: half\n", 3).is_empty());
    }

    #[test]
    fn endless_line_and_endless_event_are_rejected() {
        let mut events = Vec::new();
        let line = vec![b'x'; MAX_EVENT_BYTES + 1];
        assert_eq!(Parser::default().push(&line, &mut events), Err(TooLarge));
        let event = b"data: 0123456789abcdef\n".repeat(MAX_EVENT_BYTES / 16 + 1);
        assert_eq!(Parser::default().push(&event, &mut events), Err(TooLarge));
    }

    #[test]
    fn retry_is_read_and_nonsense_ignored() {
        let mut parser = Parser::default();
        parser.push(b"retry: 1500\nretry: soon\n", &mut Vec::new()).unwrap();
        assert_eq!(parser.retry(), Some(Duration::from_millis(1_500)));
    }
}
