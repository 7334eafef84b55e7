//! Maxima and averages over windows or axes.

use super::super::OnnxError;
use super::super::node::Node;
use super::super::shape::{self, count, positions, strides};
use super::super::tensor::{Array, Tensor};
use super::super::windows::{Image, Windows, sizes};
use super::Context;
use crate::{LayerKind, Operand, Row, Term, ValueId};

/// MaxPool. Padded cells do not take part.
pub(super) fn max_pool(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    // Only the second output, which is refused if used, depends on it.
    node.only("storage_order", 0, "0: row-major")?;
    let Sliding { x, image, windows, .. } = Sliding::read(node, context)?;
    let (outputs, terms) = pooled(&image, &windows);
    context.builder.reserve(node.subject(), outputs, terms)?;
    let cells = windows.list();
    let plane = image.plane();
    let mut maximised = Vec::with_capacity(outputs);
    for p in 0..image.batch * image.channels {
        for window in &cells {
            maximised.push(window.iter().map(|cell| x.elements[p * plane + cell.input]).collect());
        }
    }
    maxima(node, context, image.with(image.channels, &windows.output()), maximised)
}

/// AveragePool, with padded cells counted as zeros or not at all.
pub(super) fn average_pool(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let count_padding = node.flag("count_include_pad", false)?;
    let Sliding { x, image, windows, kernel } = Sliding::read(node, context)?;
    if count_padding && windows.overhangs() {
        // Runtimes disagree on whether cells beyond the padding count.
        return Err(
            node.unsupported("count_include_pad with a window that ceil_mode lets reach beyond the padding")
        );
    }
    let (outputs, terms) = pooled(&image, &windows);
    context.builder.reserve(node.subject(), outputs, terms)?;
    let (plane, full) = (image.plane(), count(&kernel));
    let mut rows: Vec<Row> = Vec::with_capacity(outputs);
    let cells = windows.list();
    for p in 0..image.batch * image.channels {
        for window in &cells {
            let ids = window.iter().map(|cell| x.elements[p * plane + cell.input]);
            let row = mean(context, ids, if count_padding { full } else { window.len() });
            rows.push(row);
        }
    }
    let shape = image.with(image.channels, &windows.output());
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Linear { rows, relu: false })))
}

/// The mean over all spatial axes.
pub(super) fn global_average_pool(
    node: &mut Node<'_>,
    context: &mut Context<'_>,
) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let x = node.activation(0)?.array;
    let axes: Vec<usize> = global_axes(node, &x.shape)?;
    averages(node, context, &x, &axes, true)
}

/// The maximum over all spatial axes.
pub(super) fn global_max_pool(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    let x = node.activation(0)?.array;
    let axes = global_axes(node, &x.shape)?;
    let (shape, windows) = reduced(&x, &axes, true);
    context.builder.reserve(node.subject(), windows.len(), x.elements.len())?;
    maxima(node, context, shape, windows)
}

/// ReduceMean over constant axes: an attribute before operator set 18, an operand since.
pub(super) fn reduce_mean(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let list = if node.opset < 18 {
        node.arity(1, 1)?;
        node.ints("axes")?.unwrap_or_default()
    } else {
        node.arity(1, 2)?;
        node.optional(1).map(|_| node.integers(1)).transpose()?.unwrap_or_default()
    };
    let keep = node.flag("keepdims", true)?;
    node.only("noop_with_empty_axes", 0, "0: no axes means all axes")?;
    let x = node.activation(0)?.array;
    let rank = x.shape.len();
    let axes = if list.is_empty() { (0..rank).collect() } else { shape::axes(node, &list, rank)? };
    averages(node, context, &x, &axes, keep)
}

/// What pools that slide a kernel have in common.
struct Sliding {
    x: Array<ValueId>,
    image: Image,
    windows: Windows,
    kernel: Vec<usize>,
}

impl Sliding {
    fn read(node: &mut Node<'_>, context: &Context<'_>) -> Result<Self, OnnxError> {
        node.arity(1, 1)?;
        let x = node.activation(0)?.array;
        let image = Image::of(node, &x.shape)?;
        let limit = context.builder.limits().tensor_elements;
        let kernel = sizes(node, "kernel_shape", image.spatial.len(), 1, limit)?;
        let kernel =
            kernel.ok_or_else(|| node.attribute_error("kernel_shape", "a list of integers", "nothing"))?;
        let windows = Windows::read(node, &image.spatial, &kernel, true, limit)?;
        Ok(Self { x, image, windows, kernel })
    }
}

/// Outputs and cells over all planes.
fn pooled(image: &Image, windows: &Windows) -> (usize, usize) {
    let planes = image.batch.saturating_mul(image.channels);
    let outputs = windows.output().into_iter().fold(planes, usize::saturating_mul);
    (outputs, planes.saturating_mul(windows.cells()))
}

fn global_axes(node: &Node<'_>, shape: &[usize]) -> Result<Vec<usize>, OnnxError> {
    Image::of(node, shape).map(|_| (2..shape.len()).collect())
}

/// A row that divides the sum of `ids` by `divisor`.
fn mean(context: &mut Context<'_>, ids: impl Iterator<Item = ValueId>, divisor: usize) -> Row {
    let weight = context.builder.structural(1.0 / divisor as f64);
    ids.map(|id| Term { operand: Operand::Value(id), weight }).collect()
}

fn averages(
    node: &Node<'_>,
    context: &mut Context<'_>,
    x: &Array<ValueId>,
    axes: &[usize],
    keep: bool,
) -> Result<Tensor, OnnxError> {
    let (shape, windows) = reduced(x, axes, keep);
    context.builder.reserve(node.subject(), windows.len(), x.elements.len())?;
    let mut rows: Vec<Row> = Vec::with_capacity(windows.len());
    for window in windows {
        let divisor = window.len();
        rows.push(mean(context, window.into_iter(), divisor));
    }
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Linear { rows, relu: false })))
}

/// A layer of maxima, whose limits have been reserved.
fn maxima(
    node: &Node<'_>,
    context: &mut Context<'_>,
    shape: Vec<usize>,
    windows: Vec<Vec<ValueId>>,
) -> Result<Tensor, OnnxError> {
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Max { windows })))
}

/// The output shape and the values behind each output when `axes` (ascending) are reduced.
pub(super) fn reduced(x: &Array<ValueId>, axes: &[usize], keep: bool) -> (Vec<usize>, Vec<Vec<ValueId>>) {
    let strides = strides(&x.shape);
    let split = |within: bool| -> (Vec<usize>, Vec<usize>) {
        let chosen = (0..x.shape.len()).filter(|axis| axes.contains(axis) == within);
        chosen.map(|axis| (x.shape[axis], strides[axis])).unzip()
    };
    let ((outer, outer_strides), (inner, inner_strides)) = (split(false), split(true));
    let cells = positions(&inner, &inner_strides);
    let window = |base: usize| cells.iter().map(|cell| x.elements[base + cell]).collect();
    let windows = positions(&outer, &outer_strides).into_iter().map(window).collect();
    let kept = |(axis, &size): (usize, &usize)| match (axes.contains(&axis), keep) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    };
    (x.shape.iter().enumerate().filter_map(kept).collect(), windows)
}
