//! The ends of classifiers: ArgMax inside the circuit, Softmax and LogSoftmax outside.

use super::super::OnnxError;
use super::super::node::Node;
use super::super::shape;
use super::super::tensor::Tensor;
use super::pool::reduced;
use super::{Context, layout};
use crate::{LayerKind, Postprocess};

/// ArgMax; ties go to the first.
pub(super) fn arg_max(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let axis = node.int("axis", 0)?;
    let keep = node.flag("keepdims", true)?;
    node.only("select_last_index", 0, "0: ties go to the first")?;
    let x = node.activation(0)?.array;
    let axis = shape::axis(node, axis, x.shape.len())?;
    let (shape, windows) = reduced(&x, &[axis], keep);
    context.builder.reserve(node.subject(), windows.len(), x.elements.len())?;
    Ok(Tensor::Indices(context.builder.push_any(node.label, shape, LayerKind::ArgMax { windows })))
}

/// Softmax as the model's last operator, or before ArgMax.
pub(super) fn softmax(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    dropped(node, context, Postprocess::Softmax)
}

/// LogSoftmax as the model's last operator, or before ArgMax.
pub(super) fn log_softmax(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    dropped(node, context, Postprocess::LogSoftmax)
}

/// Leaves the logits as they are, where that loses nothing: the reader can apply the function to proven logits, and
/// as it is strictly increasing within a group, it does not move the group's ArgMax.
fn dropped(
    node: &mut Node<'_>,
    context: &mut Context<'_>,
    postprocess: Postprocess,
) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    // Until operator set 13, one group spanned `axis` and all axes after it, and the default was another.
    let (coerced, default) = if node.opset < 13 { (true, 1) } else { (false, -1) };
    let axis = node.int("axis", default)?;
    let x = node.activation(0)?;
    let dims = &x.array.shape;
    let axis = shape::axis(node, axis, dims.len())?;
    let group = if coerced { axis..dims.len() } else { axis..axis + 1 };

    if context.output == context.graph.output.name && context.graph.uses(context.output) == 1 {
        // The model does not say along which axis readers apply the function, so it must be the only one.
        if shape::count(&dims[group]) != x.array.elements.len() {
            return Err(node.unsupported("a last Softmax over groups: expected one group of all outputs"));
        }
        context.postprocess = postprocess;
        return Ok(Tensor::Activation(x));
    }
    let consumer = context.graph.only_consumer(context.output).filter(|next| next.proto.op_type == "ArgMax");
    let Some(consumer) = consumer else {
        return Err(node.unsupported("Softmax that is neither the last operator nor followed by ArgMax"));
    };
    let arg_max_axis = layout::int_attribute(&consumer.proto.attribute, "axis").unwrap_or(0);
    if !group.contains(&shape::axis(node, arg_max_axis, dims.len())?) {
        return Err(node.unsupported("Softmax followed by ArgMax over another axis"));
    }
    Ok(Tensor::Activation(x))
}
