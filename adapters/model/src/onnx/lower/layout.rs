//! Operators that compute nothing: they move values, or make the integers that say how.

use std::rc::Rc;

use super::super::OnnxError;
use super::super::node::Node;
use super::super::proto::{AttributeProto, AttributeType, DataType};
use super::super::shape::{self, count, positions, strides};
use super::super::tensor::{self, Activation, Array, Tensor, type_name};
use super::Context;

/// Identity.
pub(super) fn identity(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    Ok(node.operand(0)?.as_ref().clone())
}

/// Dropout in inference, which changes nothing.
pub(super) fn dropout(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    // Training only: the ratio, attribute or operand, and the seed of its randomness.
    node.ignore("ratio");
    node.ignore("seed");
    node.arity(1, 3)?;
    if node.optional(2).is_some() {
        // The mode is a boolean, a type that nothing else here needs; exporters leave it out for inference.
        return Err(node.operand_error(2, "nothing: inference is the default", "a training mode"));
    }
    Ok(Tensor::Activation(node.activation(0)?))
}

/// Cast between types that Sheaf does not distinguish: floats, or the integers of shapes and class indices.
pub(super) fn cast(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    // Says how floats become 8-bit floats.
    node.ignore("saturate");
    let to = node.int("to", 0)?;
    let data_type = i32::try_from(to).ok().and_then(|to| DataType::try_from(to).ok());
    let float = matches!(data_type, Some(DataType::Float | DataType::Double));
    let integer = matches!(data_type, Some(DataType::Int64 | DataType::Int32));
    let operand = node.operand(0)?;
    match (&*operand, float, integer) {
        (Tensor::Activation(_) | Tensor::Floats(_), true, _)
        | (Tensor::Integers(_), _, true)
        // An index is the same number in every type.
        | (Tensor::Indices(_), true, _)
        | (Tensor::Indices(_), _, true) => Ok(operand.as_ref().clone()),
        (other, ..) => {
            let expected = match other {
                Tensor::Activation(_) | Tensor::Floats(_) => "FLOAT or DOUBLE",
                Tensor::Integers(_) => "INT64 or INT32",
                Tensor::Indices(_) => "FLOAT, DOUBLE, INT64 or INT32",
            };
            Err(node.attribute_error("to", expected, &type_name(i32::try_from(to).unwrap_or(-1))))
        }
    }
}

/// Constant: a tensor, or floats or integers in an attribute.
pub(super) fn constant(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(0, 0)?;
    let source = context.builder.source();
    if let Some(proto) = node.tensor("value")? {
        return tensor::decode(proto, source, context.builder.limits());
    }
    let subject = node.subject();
    if node.has("value_float") {
        let value = node.float("value_float", 0.0)?;
        return Ok(Tensor::Floats(Array::derived(&subject, source, Vec::new(), [value])?));
    }
    if let Some(values) = node.floats("value_floats")? {
        context.builder.charge(node.subject(), values.len())?;
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        return Ok(Tensor::Floats(Array::derived(&subject, source, vec![values.len()], values)?));
    }
    if node.has("value_int") {
        return Ok(Tensor::Integers(Array { shape: Vec::new(), elements: vec![node.int("value_int", 0)?] }));
    }
    if let Some(elements) = node.ints("value_ints")? {
        return Ok(Tensor::Integers(Array { shape: vec![elements.len()], elements }));
    }
    Err(node.attribute_error("value", "a tensor, floats or integers", "nothing of the kind"))
}

/// Flatten to a matrix, split before `axis`.
pub(super) fn flatten(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let axis = node.int("axis", 1)?;
    let x = node.operand(0)?;
    let rank = x.shape().len();
    // Unlike elsewhere, the axis may be the rank.
    let axis = if usize::try_from(axis) == Ok(rank) { rank } else { shape::axis(node, axis, rank)? };
    let (before, after) = x.shape().split_at(axis);
    Ok(x.reshaped(vec![count(before), count(after)]))
}

/// Reshape to a constant shape, in which 0 keeps a size and one −1 is inferred.
pub(super) fn reshape(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(2, 2)?;
    let x = node.operand(0)?;
    let target = node.integers(1)?;
    let keep_zeros = node.flag("allowzero", false)?;
    let wrong =
        || node.shape_error("target", format!("{} elements", count(x.shape())), format!("{target:?}"));
    let mut inferred = None;
    let mut sizes = Vec::with_capacity(target.len());
    for (axis, &size) in target.iter().enumerate() {
        sizes.push(match size {
            -1 if inferred.is_none() => {
                inferred = Some(axis);
                1
            }
            // With `allowzero`, 0 is an empty tensor, of which there are none here.
            0 if !keep_zeros => *x.shape().get(axis).ok_or_else(wrong)?,
            _ => usize::try_from(size).ok().filter(|&size| size > 0).ok_or_else(wrong)?,
        });
    }
    let known = sizes.iter().try_fold(1usize, |acc, &size| acc.checked_mul(size)).ok_or_else(wrong)?;
    if let Some(axis) = inferred {
        sizes[axis] = count(x.shape()).checked_div(known).ok_or_else(wrong)?;
    }
    if count(&sizes) != count(x.shape()) {
        return Err(wrong());
    }
    Ok(x.reshaped(sizes))
}

/// Squeeze of the given axes, or of all of size 1.
pub(super) fn squeeze(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let list = axes_of(node, false)?;
    let x = node.operand(0)?;
    let dims = x.shape();
    let axes = match list {
        Some(list) => shape::axes(node, &list, dims.len())?,
        None => (0..dims.len()).filter(|&axis| dims[axis] == 1).collect(),
    };
    if let Some(axis) = axes.iter().find(|&&axis| dims[axis] != 1) {
        return Err(node.shape_error("squeezed axis", "a size of 1", format!("{}", dims[*axis])));
    }
    let kept = dims.iter().enumerate().filter(|(axis, _)| axes.binary_search(axis).is_err());
    Ok(x.reshaped(kept.map(|(_, &size)| size).collect()))
}

/// Unsqueeze: axes of size 1 at the given places of the result.
pub(super) fn unsqueeze(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let list = axes_of(node, true)?.unwrap_or_default();
    let x = node.operand(0)?;
    let rank = x.shape().len() + list.len();
    let axes = shape::axes(node, &list, rank)?;
    let mut sizes = x.shape().iter().copied();
    let size = |axis| if axes.binary_search(&axis).is_ok() { 1 } else { sizes.next().unwrap_or(1) };
    Ok(x.reshaped((0..rank).map(size).collect()))
}

/// Axes are an attribute before operator set 13 and an operand since.
fn axes_of(node: &mut Node<'_>, required: bool) -> Result<Option<Vec<i64>>, OnnxError> {
    let axes = if node.opset < 13 {
        node.arity(1, 1)?;
        node.ints("axes")?
    } else {
        node.arity(1, 2)?;
        node.optional(1).map(|_| node.integers(1)).transpose()?
    };
    if required && axes.is_none() {
        return Err(node.attribute_error("axes", "a list of integers", "nothing"));
    }
    Ok(axes)
}

/// Transpose; without `perm`, all axes are reversed.
pub(super) fn transpose(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let x = node.operand(0)?;
    let rank = x.shape().len();
    let permutation: Vec<usize> = match node.ints("perm")? {
        None => (0..rank).rev().collect(),
        Some(list) => {
            let is_permutation = list.len() == rank && shape::axes(node, &list, rank)?.len() == rank;
            let axes = list.iter().filter_map(|&axis| usize::try_from(axis).ok()).collect::<Vec<_>>();
            if !is_permutation || axes.len() != rank {
                return Err(node.attribute_error("perm", "every axis once", &format!("{list:?}")));
            }
            axes
        }
    };
    let distances = strides(x.shape());
    let sizes: Vec<usize> = permutation.iter().map(|&axis| x.shape()[axis]).collect();
    let apart: Vec<usize> = permutation.iter().map(|&axis| distances[axis]).collect();
    let positions = positions(&sizes, &apart);
    Ok(x.permuted(sizes, &positions))
}

/// Concat of activations, or of the integers of shapes.
pub(super) fn concat(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    if !node.has("axis") {
        return Err(node.attribute_error("axis", "an integer", "nothing"));
    }
    let axis = node.int("axis", 0)?;
    let operands = node.all_operands()?;
    let first = operands.first().ok_or_else(|| node.operand_error(0, "an operand", "nothing"))?;
    let axis = shape::axis(node, axis, first.shape().len())?;
    let total = operands.iter().fold(0usize, |sum, operand| sum.saturating_add(count(operand.shape())));
    context.builder.charge(node.subject(), total)?;
    match &**first {
        Tensor::Activation(_) => {
            let array = joined(node, axis, &operands, |tensor| match tensor {
                Tensor::Activation(Activation { array, .. }) => Some(array),
                _ => None,
            })?;
            // Two operands can be one tensor, so values can be repeated.
            Ok(Tensor::Activation(Activation { array, exclusive: false }))
        }
        Tensor::Integers(_) => {
            let array = joined(node, axis, &operands, |tensor| match tensor {
                Tensor::Integers(array) => Some(array),
                _ => None,
            })?;
            Ok(Tensor::Integers(array))
        }
        other => Err(node.operand_error(0, "an activation or constant integers", other.kind())),
    }
}

fn joined<T: Copy>(
    node: &Node<'_>,
    axis: usize,
    operands: &[Rc<Tensor>],
    of_kind: impl Fn(&Tensor) -> Option<&Array<T>>,
) -> Result<Array<T>, OnnxError> {
    let mut arrays = Vec::with_capacity(operands.len());
    for (index, operand) in operands.iter().enumerate() {
        let array = of_kind(operand);
        arrays.push(array.ok_or_else(|| node.operand_error(index, "the kind of the first", operand.kind()))?);
    }
    let mut shape = operands[0].shape().to_vec();
    shape[axis] = 0;
    for array in &arrays {
        let fits = |(i, &size): (usize, &usize)| i == axis || array.shape.get(i) == Some(&size);
        if array.shape.len() != shape.len() || !shape.iter().enumerate().all(fits) {
            let expected = format!("{:?} except along axis {axis}", operands[0].shape());
            return Err(node.shape_error("operand", expected, format!("{:?}", array.shape)));
        }
        shape[axis] += array.shape[axis];
    }
    let inner = count(&shape[axis + 1..]);
    let mut elements = Vec::with_capacity(count(&shape));
    for outer in 0..count(&shape[..axis]) {
        for array in &arrays {
            let length = array.shape[axis] * inner;
            elements.extend_from_slice(&array.elements[outer * length..][..length]);
        }
    }
    Ok(Array { shape, elements })
}

/// Shape: known here, so a constant. Exporters compute with it to write a reshape for any batch.
pub(super) fn shape_of(node: &mut Node<'_>, _: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let operand = node.operand(0)?;
    let dims = operand.shape();
    let rank = dims.len() as i64;
    // Clamped, by specification, and counted from the end if negative.
    let bound =
        |index: i64| (if index < 0 { index.saturating_add(rank) } else { index }).clamp(0, rank) as usize;
    let (start, end) = (bound(node.int("start", 0)?), bound(node.int("end", i64::MAX)?));
    let elements: Vec<i64> = dims.get(start..end).unwrap_or_default().iter().map(|&d| d as i64).collect();
    Ok(Tensor::Integers(Array { shape: vec![elements.len()], elements }))
}

/// Gather from a list of constant integers.
pub(super) fn gather(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(2, 2)?;
    let axis = node.int("axis", 0)?;
    let (data, indices) = (node.operand(0)?, node.operand(1)?);
    let (Tensor::Integers(data), Tensor::Integers(indices)) = (&*data, &*indices) else {
        return Err(node.unsupported("anything but constant integers"));
    };
    if data.shape.len() != 1 || !matches!(axis, 0 | -1) {
        return Err(node.shape_error("data", "a list", format!("{:?}", data.shape)));
    }
    context.builder.charge(node.subject(), indices.elements.len())?;
    let positions: Vec<usize> = indices
        .elements
        .iter()
        .map(|&index| shape::axis(node, index, data.elements.len()))
        .collect::<Result<_, _>>()?;
    Ok(Tensor::Integers(data.pick(indices.shape.clone(), &positions)))
}

/// An integer attribute of a node other than the one being lowered.
pub(super) fn int_attribute(attributes: &[AttributeProto], name: &str) -> Option<i64> {
    attributes.iter().find(|a| a.name == name && a.r#type == AttributeType::Int as i32).map(|a| a.i)
}
