//! What an operator's lowering sees of its node: operands by kind and attributes by type, both strictly.
//!
//! An attribute that a lowering does not ask for is refused afterwards ([`Node::finish`]), so that an attribute which
//! changes an operator's meaning cannot be overlooked. The same goes for operands beyond those asked for.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::OnnxError;
use super::error::printable;
use super::proto::{AttributeProto, AttributeType, TensorProto};
use super::tensor::{Activation, Array, Element, Tensor};

/// A node about to be lowered.
pub(super) struct Node<'a> {
    /// What messages call it.
    pub(super) label: &'a str,
    /// Version of the standard operator set.
    pub(super) opset: i64,
    operands: Vec<Option<Rc<Tensor>>>,
    attributes: BTreeMap<&'a str, &'a AttributeProto>,
}

impl<'a> Node<'a> {
    /// A node with its operands, `None` where the file leaves one out.
    ///
    /// # Errors
    /// [`OnnxError::Attribute`] if an attribute is given twice or refers to a function's.
    pub(super) fn new(
        label: &'a str,
        opset: i64,
        operands: Vec<Option<Rc<Tensor>>>,
        attributes: &'a [AttributeProto],
    ) -> Result<Self, OnnxError> {
        let mut by_name = BTreeMap::new();
        for attribute in attributes {
            let refuse = |expected, got: &str| OnnxError::Attribute {
                node: label.to_owned(),
                attribute: printable(&attribute.name),
                expected,
                got: got.to_owned(),
            };
            if !attribute.ref_attr_name.is_empty() {
                return Err(refuse("a value", "a reference to a function's attribute"));
            }
            if by_name.insert(attribute.name.as_str(), attribute).is_some() {
                return Err(refuse("one value", "two"));
            }
        }
        Ok(Self { label, opset, operands, attributes: by_name })
    }

    /// Refuses what the lowering did not ask for.
    ///
    /// # Errors
    /// [`OnnxError::Attribute`] naming the first attribute left over.
    pub(super) fn finish(self) -> Result<(), OnnxError> {
        match self.attributes.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.attribute_error(name, "no such attribute", "one")),
        }
    }

    // Operands.

    /// Refuses operands other than `least` to `most`, and operands left out among the first `least`.
    pub(super) fn arity(&self, least: usize, most: usize) -> Result<(), OnnxError> {
        if let Some(index) = (most..self.operands.len()).find(|&i| self.operands[i].is_some()) {
            return Err(self.operand_error(index, "nothing", "an operand"));
        }
        for index in 0..least {
            self.operand(index)?;
        }
        Ok(())
    }

    /// The operand at `index`, if given.
    pub(super) fn optional(&self, index: usize) -> Option<Rc<Tensor>> {
        self.operands.get(index).cloned().flatten()
    }

    /// The operand at `index`.
    pub(super) fn operand(&self, index: usize) -> Result<Rc<Tensor>, OnnxError> {
        self.optional(index).ok_or_else(|| self.operand_error(index, "an operand", "nothing"))
    }

    /// All operands, none of which may be left out.
    pub(super) fn all_operands(&self) -> Result<Vec<Rc<Tensor>>, OnnxError> {
        (0..self.operands.len()).map(|index| self.operand(index)).collect()
    }

    /// The activation at `index`. Indices of classes are none.
    pub(super) fn activation(&self, index: usize) -> Result<Activation, OnnxError> {
        match &*self.operand(index)? {
            Tensor::Activation(activation) => Ok(activation.clone()),
            other => Err(self.operand_error(index, "an activation", other.kind())),
        }
    }

    /// The weights at `index`.
    pub(super) fn weights(&self, index: usize) -> Result<Array<Element>, OnnxError> {
        match &*self.operand(index)? {
            Tensor::Floats(array) => self.weights_of(array),
            Tensor::Integers(_) => Err(self.integers_error(index)),
            other => Err(self.operand_error(index, "a constant of floats", other.kind())),
        }
    }

    /// The weights at `index`, if given.
    pub(super) fn optional_weights(&self, index: usize) -> Result<Option<Array<Element>>, OnnxError> {
        self.optional(index).map(|_| self.weights(index)).transpose()
    }

    /// Refuses constants without elements, which no supported operator can use.
    pub(super) fn weights_of(&self, array: &Array<Element>) -> Result<Array<Element>, OnnxError> {
        if array.elements.is_empty() {
            return Err(self.shape_error("constant", "at least one element", format!("{:?}", array.shape)));
        }
        Ok(array.clone())
    }

    /// The list of constant integers at `index`.
    pub(super) fn integers(&self, index: usize) -> Result<Vec<i64>, OnnxError> {
        match &*self.operand(index)? {
            Tensor::Integers(array) if array.shape.len() <= 1 => Ok(array.elements.clone()),
            other => Err(self.operand_error(index, "a constant list of integers", other.kind())),
        }
    }

    // Attributes. Each is removed when asked for.

    /// An integer, or `default` if not given.
    pub(super) fn int(&mut self, name: &str, default: i64) -> Result<i64, OnnxError> {
        Ok(self.take(name, AttributeType::Int, "an integer")?.map_or(default, |a| a.i))
    }

    /// Requires an attribute to be `only` if given, as other values are not supported.
    pub(super) fn only(&mut self, name: &str, only: i64, expected: &'static str) -> Result<(), OnnxError> {
        let got = self.int(name, only)?;
        if got == only { Ok(()) } else { Err(self.attribute_error(name, expected, &got.to_string())) }
    }

    /// A 0 or 1, or `default` if not given.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> Result<bool, OnnxError> {
        match self.int(name, i64::from(default))? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.attribute_error(name, "0 or 1", &other.to_string())),
        }
    }

    /// A finite number, or `default` if not given.
    pub(super) fn float(&mut self, name: &str, default: f32) -> Result<f64, OnnxError> {
        let value = self.take(name, AttributeType::Float, "a float")?.map_or(default, |a| a.f);
        if value.is_finite() {
            Ok(f64::from(value))
        } else {
            Err(self.attribute_error(name, "a finite number", &value.to_string()))
        }
    }

    /// A list of integers, if given.
    pub(super) fn ints(&mut self, name: &str) -> Result<Option<Vec<i64>>, OnnxError> {
        Ok(self.take(name, AttributeType::Ints, "a list of integers")?.map(|a| a.ints.clone()))
    }

    /// A list of finite numbers, if given.
    pub(super) fn floats(&mut self, name: &str) -> Result<Option<Vec<f32>>, OnnxError> {
        Ok(self.take(name, AttributeType::Floats, "a list of floats")?.map(|a| a.floats.clone()))
    }

    /// A tensor, if given.
    pub(super) fn tensor(&mut self, name: &str) -> Result<Option<&'a TensorProto>, OnnxError> {
        let attribute = self.take(name, AttributeType::Tensor, "a tensor")?;
        attribute
            .map(|a| a.t.as_ref().ok_or_else(|| self.attribute_error(name, "a tensor", "none")))
            .transpose()
    }

    /// A text, if given.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, OnnxError> {
        let attribute = self.take(name, AttributeType::String, "a text")?;
        Ok(attribute.map(|a| printable(&String::from_utf8_lossy(&a.s))))
    }

    /// Whether the attribute is given; does not take it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// Drops an attribute that has no bearing on inference.
    pub(super) fn ignore(&mut self, name: &str) {
        self.attributes.remove(name);
    }

    fn take(
        &mut self,
        name: &str,
        expected: AttributeType,
        described: &'static str,
    ) -> Result<Option<&'a AttributeProto>, OnnxError> {
        let Some(attribute) = self.attributes.remove(name) else { return Ok(None) };
        if attribute.r#type == expected as i32 {
            return Ok(Some(attribute));
        }
        let got = AttributeType::try_from(attribute.r#type)
            .map_or_else(|_| "an unknown type".to_owned(), |kind| format!("{kind:?}").to_uppercase());
        Err(self.attribute_error(name, described, &got))
    }

    // Errors about this node.

    /// What limits and data types are reported against.
    pub(super) fn subject(&self) -> String {
        format!("node {}", self.label)
    }

    pub(super) fn attribute_error(&self, attribute: &str, expected: &'static str, got: &str) -> OnnxError {
        let (node, attribute) = (self.label.to_owned(), printable(attribute));
        OnnxError::Attribute { node, attribute, expected, got: got.to_owned() }
    }

    pub(super) fn operand_error(&self, index: usize, expected: &'static str, got: &'static str) -> OnnxError {
        OnnxError::Operand { node: self.label.to_owned(), index, expected, got }
    }

    pub(super) fn integers_error(&self, index: usize) -> OnnxError {
        let subject = format!("{}, input {index}", self.subject());
        OnnxError::DataType { subject, expected: "FLOAT or DOUBLE", got: "an integer type".to_owned() }
    }

    pub(super) fn shape_error(
        &self,
        what: &'static str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> OnnxError {
        OnnxError::Shape { node: self.label.to_owned(), what, expected: expected.into(), got: got.into() }
    }

    pub(super) fn unsupported(&self, what: &'static str) -> OnnxError {
        OnnxError::Unsupported { node: self.label.to_owned(), what }
    }
}
