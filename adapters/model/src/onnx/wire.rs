//! A first pass over the protobuf bytes that bounds what decoding them allocates.
//!
//! Prost turns an empty sub-message of 2 bytes into a struct of some 200, so 64 MiB of them would take gigabytes.
//! This pass walks the same bytes without allocating, counts everything that becomes larger in memory than in the
//! file, and refuses the parts of ONNX that no supported model has before anything is built from them. It need not
//! report malformed bytes well: prost decodes them next and does.

use super::{Limits, OnnxError};

/// Messages of onnx.proto that contain others. Fields that are not listed count as one and are not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// A message of strings and numbers only.
    Flat,
}

/// What a length-delimited field holds.
enum Content {
    Message(Message),
    /// Text or bytes: as long in memory as in the file.
    Text,
    /// Floating-point numbers, packed: as long in memory as in the file.
    Floats,
    /// Integers, packed: up to eight times as long in memory.
    Integers,
    /// A part of ONNX that is refused.
    Refused(&'static str),
}

fn content(message: Message, field: u64) -> Content {
    use Content::{Floats, Integers, Refused, Text};
    use Message::{Attribute, Flat, Graph, Model, Node, Shape, Tensor, TensorType, Type, ValueInfo};
    match (message, field) {
        (Model, 7) => Content::Message(Graph),
        (Model, 8 | 14) => Content::Message(Flat),
        (Model, 20) => Refused("it contains training information"),
        (Model, 25) => Refused("it contains functions"),
        (Graph, 1) => Content::Message(Node),
        (Graph, 5) => Content::Message(Tensor),
        (Graph, 11..=13) => Content::Message(ValueInfo),
        (Graph, 14) => Refused("it contains quantisation annotations"),
        (Graph, 15) => Refused("it contains sparse initialisers"),
        (Node, 5) => Content::Message(Attribute),
        (Attribute, 5 | 10) => Content::Message(Tensor),
        (Attribute, 6 | 11) => Refused("an attribute holds a graph"),
        (Attribute, 22 | 23) => Refused("an attribute holds a sparse tensor"),
        (Attribute, 15) => Refused("an attribute holds a type"),
        (Attribute, 7) => Floats,
        (Attribute, 8) => Integers,
        (Tensor, 1 | 5 | 7 | 11) => Integers,
        (Tensor, 4 | 10) => Floats,
        (Tensor, 3 | 13) => Content::Message(Flat),
        (ValueInfo, 2) => Content::Message(Type),
        (Type, 1) => Content::Message(TensorType),
        (TensorType, 2) => Content::Message(Shape),
        (Shape, 1) => Content::Message(Flat),
        _ => Text,
    }
}

/// Refuses `bytes` whose decoded form would be out of proportion, or that use a refused part of ONNX.
///
/// # Errors
/// [`OnnxError::Limit`], [`OnnxError::UnsupportedFile`], or [`OnnxError::Protobuf`] where the walk loses its way.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), OnnxError> {
    let mut budget = Budget { fields: 0, limit: limits.fields };
    walk(bytes, Message::Model, &mut budget)
}

struct Budget {
    fields: usize,
    limit: usize,
}

impl Budget {
    fn spend(&mut self, fields: usize) -> Result<(), OnnxError> {
        self.fields = self.fields.saturating_add(fields);
        if self.fields > self.limit {
            let subject = "file".to_owned();
            return Err(OnnxError::Limit { subject, what: "fields", limit: self.limit, got: self.fields });
        }
        Ok(())
    }
}

/// Recursion is as deep as the table above, whose messages contain no others of their own kind.
fn walk(mut rest: &[u8], message: Message, budget: &mut Budget) -> Result<(), OnnxError> {
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => {
                varint(&mut rest)?;
                budget.spend(1)?;
            }
            1 => drop(take(&mut rest, 8)?),
            5 => drop(take(&mut rest, 4)?),
            2 => {
                let length = varint(&mut rest)?;
                let body = take(&mut rest, length)?;
                budget.spend(1)?;
                match content(message, key >> 3) {
                    Content::Message(inner) => walk(body, inner, budget)?,
                    Content::Integers => budget.spend(body.len())?,
                    Content::Text | Content::Floats => {}
                    Content::Refused(what) => return Err(OnnxError::UnsupportedFile { what }),
                }
            }
            // Groups: deprecated before ONNX existed.
            _ => return Err(lost("unexpected wire type")),
        }
    }
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], OnnxError> {
    let length = usize::try_from(length).map_err(|_| lost("field longer than memory"))?;
    let (head, tail) = rest.split_at_checked(length).ok_or_else(|| lost("field longer than its message"))?;
    *rest = tail;
    Ok(head)
}

fn varint(rest: &mut &[u8]) -> Result<u64, OnnxError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or_else(|| lost("number cut short"))?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(lost("number longer than 64 bits"))
}

fn lost(what: &str) -> OnnxError {
    OnnxError::Protobuf { detail: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of wire type 2.
    fn field(number: usize, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut value in [number << 3 | 2, body.len()] {
            while value >= 0x80 {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
        }
        bytes.extend(body);
        bytes
    }

    #[test]
    fn many_empty_nodes_are_refused_before_decoding() {
        let limits = Limits::default();
        let nodes = field(1, &[]).repeat(limits.fields + 1);
        let error = check(&field(7, &nodes), &limits).unwrap_err();
        assert_eq!(error.code(), "SH-ONX-001");
    }

    #[test]
    fn many_small_integers_are_refused_before_decoding() {
        let limits = Limits { fields: 100, ..Limits::default() };
        let tensor = |n| field(7, &field(5, &field(7, &vec![1u8; n])));
        assert_eq!(check(&tensor(97), &limits), Ok(()));
        assert_eq!(
            check(&tensor(98), &limits).unwrap_err(),
            OnnxError::Limit { subject: "file".into(), what: "fields", limit: 100, got: 101 }
        );
    }

    #[test]
    fn refused_parts_are_named() {
        for (bytes, expected) in [
            (field(25, &[]), "it contains functions"),
            (field(20, &[]), "it contains training information"),
            (field(7, &field(15, &[])), "it contains sparse initialisers"),
            (field(7, &field(1, &field(5, &field(6, &[])))), "an attribute holds a graph"),
        ] {
            let expected = OnnxError::UnsupportedFile { what: expected };
            assert_eq!(check(&bytes, &Limits::default()).unwrap_err(), expected);
        }
    }
}
