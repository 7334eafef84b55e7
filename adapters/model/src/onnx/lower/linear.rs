//! Products with weights: Gemm, MatMul and Conv.

use super::super::OnnxError;
use super::super::node::Node;
use super::super::shape::{broadcast, count, positions, spread};
use super::super::tensor::{Activation, Array, Element, Tensor};
use super::super::windows::{Image, Windows, sizes};
use super::Context;
use crate::{LayerKind, Row, Term, ValueId};

/// One side of a matrix product.
enum Factor {
    Values(Array<ValueId>),
    Weights(Array<Element>),
}

impl Factor {
    fn read(node: &Node<'_>, index: usize) -> Result<Self, OnnxError> {
        match &*node.operand(index)? {
            Tensor::Activation(Activation { array, .. }) => Ok(Self::Values(array.clone())),
            Tensor::Floats(array) => Ok(Self::Weights(node.weights_of(array)?)),
            Tensor::Integers(_) => Err(node.integers_error(index)),
            other @ Tensor::Indices(_) => Err(node.operand_error(index, "floats", other.kind())),
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::Values(array) => &array.shape,
            Self::Weights(array) => &array.shape,
        }
    }

    fn reshaped(self, shape: Vec<usize>) -> Self {
        match self {
            Self::Values(array) => Self::Values(Array { shape, ..array }),
            Self::Weights(array) => Self::Weights(Array { shape, ..array }),
        }
    }

    /// A vector as a matrix, with an axis of size 1 inserted at `axis`.
    fn with_axis(self, axis: usize) -> Self {
        let mut shape = self.shape().to_vec();
        shape.insert(axis, 1);
        self.reshaped(shape)
    }

    /// A matrix, transposed if asked for.
    fn matrix(self, node: &Node<'_>, transposed: bool) -> Result<Self, OnnxError> {
        let &[rows, columns] = self.shape() else {
            return Err(node.shape_error("operand", "a matrix", format!("{:?}", self.shape())));
        };
        if !transposed {
            return Ok(self);
        }
        let positions = positions(&[columns, rows], &[1, columns]);
        Ok(match self {
            Self::Values(array) => Self::Values(array.pick(vec![columns, rows], &positions)),
            Self::Weights(array) => Self::Weights(array.pick(vec![columns, rows], &positions)),
        })
    }

    /// Weights times a number.
    fn scaled(self, node: &Node<'_>, context: &mut Context<'_>, by: f64) -> Result<Self, OnnxError> {
        match self {
            Self::Weights(array) => Ok(Self::Weights(scaled(node, context, array, by)?)),
            values => Ok(values),
        }
    }
}

fn scaled(
    node: &Node<'_>,
    context: &mut Context<'_>,
    array: Array<Element>,
    by: f64,
) -> Result<Array<Element>, OnnxError> {
    // Without scaling, the numbers stay the same weights wherever else they are used.
    if by == 1.0 {
        return Ok(array);
    }
    let source = context.builder.source();
    let values = array.elements.iter().map(|element| element.value * by);
    Array::derived(&node.subject(), source, array.shape.clone(), values)
}

/// Gemm: alpha·A·B + beta·C, with A or B constant, and C constant or absent.
pub(super) fn gemm(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(2, 3)?;
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let (transpose_a, transpose_b) = (node.flag("transA", false)?, node.flag("transB", false)?);
    let a = Factor::read(node, 0)?.matrix(node, transpose_a)?.scaled(node, context, alpha)?;
    let b = Factor::read(node, 1)?.matrix(node, transpose_b)?.scaled(node, context, alpha)?;
    let bias = match node.optional_weights(2)? {
        Some(bias) => Some(scaled(node, context, bias, beta)?),
        None => None,
    };
    product(node, context, a, b, bias)
}

/// MatMul by numpy's rules, with one side constant.
pub(super) fn mat_mul(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(2, 2)?;
    let (a, b) = (Factor::read(node, 0)?, Factor::read(node, 1)?);
    product(node, context, a, b, None)
}

/// Stacks of matrices multiplied: the last two axes are the matrices, those before broadcast.
fn product(
    node: &Node<'_>,
    context: &mut Context<'_>,
    a: Factor,
    b: Factor,
    bias: Option<Array<Element>>,
) -> Result<Tensor, OnnxError> {
    // A vector on the left is a row and on the right a column; the axis added here is dropped from the result.
    let (row, column) = (a.shape().len() == 1, b.shape().len() == 1);
    let a = if row { a.with_axis(0) } else { a };
    let b = if column { b.with_axis(1) } else { b };
    let ([a_stack @ .., m, k], [b_stack @ .., k_b, n]) = (a.shape(), b.shape()) else {
        let got = format!("{:?} and {:?}", a.shape(), b.shape());
        return Err(node.shape_error("operands", "vectors or matrices", got));
    };
    if k != k_b {
        return Err(node.shape_error("inner dimensions", k.to_string(), k_b.to_string()));
    }
    let (m, k, n) = (*m, *k, *n);
    let stack = broadcast(node, a_stack, b_stack)?;
    let outputs = count(&stack).saturating_mul(m).saturating_mul(n);
    let terms = outputs.saturating_mul(k.saturating_add(usize::from(bias.is_some())));
    context.builder.reserve(node.subject(), outputs, terms)?;
    let a_matrices = spread(node, &mut context.builder, a_stack, &stack)?;
    let b_matrices = spread(node, &mut context.builder, b_stack, &stack)?;
    let full = [stack.as_slice(), &[m, n]].concat();
    let bias = match bias {
        Some(bias) => Some(spread_to(node, context, &bias, &full)?),
        None => None,
    };
    let mut rows: Vec<Row> = Vec::with_capacity(outputs);
    for (a_matrix, b_matrix) in a_matrices.iter().zip(&b_matrices) {
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let left = |x: usize| a_matrix * m * k + i * k + x;
            let right = |x: usize| b_matrix * k * n + x * n + j;
            let mut builder = |id: ValueId, weight: Element| context.builder.term(id, weight);
            let mut row: Row = match (&a, &b) {
                (Factor::Values(a), Factor::Weights(b)) => {
                    (0..k).map(|x| builder(a.elements[left(x)], b.elements[right(x)])).collect()
                }
                (Factor::Weights(a), Factor::Values(b)) => {
                    (0..k).map(|x| builder(b.elements[right(x)], a.elements[left(x)])).collect()
                }
                (Factor::Values(_), Factor::Values(_)) => {
                    return Err(node.unsupported("a product of two activations"));
                }
                (Factor::Weights(_), Factor::Weights(_)) => {
                    return Err(node.unsupported("a product of two constants"));
                }
            };
            if let Some(bias) = &bias {
                row.push(context.builder.bias(bias[rows.len()]));
            }
            rows.push(row);
        }
    }
    let kept = [(m, !row), (n, !column)].into_iter().filter(|(_, keep)| *keep).map(|(size, _)| size);
    let shape = stack.into_iter().chain(kept).collect();
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Linear { rows, relu: false })))
}

/// The elements of a constant that broadcasts to exactly `out`.
fn spread_to(
    node: &Node<'_>,
    context: &mut Context<'_>,
    array: &Array<Element>,
    out: &[usize],
) -> Result<Vec<Element>, OnnxError> {
    if broadcast(node, &array.shape, out)? != out {
        let got = format!("{:?}", array.shape);
        return Err(node.shape_error("bias", format!("a shape that broadcasts to {out:?}"), got));
    }
    let positions = spread(node, &mut context.builder, &array.shape, out)?;
    Ok(positions.into_iter().map(|p| array.elements[p]).collect())
}

/// Conv over one or two spatial axes: weights M × C/group × kernel, bias M.
pub(super) fn conv(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(2, 3)?;
    let x = node.activation(0)?.array;
    let image = Image::of(node, &x.shape)?;
    let kernels = node.weights(1)?;
    let bias = node.optional_weights(2)?;
    let limit = context.builder.limits().tensor_elements;
    let (maps, depth, kernel) = match kernels.shape.as_slice() {
        [maps, depth, kernel @ ..] if kernel.len() == image.spatial.len() => (*maps, *depth, kernel),
        other => {
            let expected = format!("{} axes as the input", x.shape.len());
            return Err(node.shape_error("weights", expected, format!("{other:?}")));
        }
    };
    if let Some(declared) = sizes(node, "kernel_shape", kernel.len(), 1, limit)?.filter(|d| d != kernel) {
        return Err(node.shape_error("weights", format!("kernel_shape {declared:?}"), format!("{kernel:?}")));
    }
    let group = node.int("group", 1)?;
    let fits = |g: &usize| {
        *g > 0
            && maps.is_multiple_of(*g)
            && depth.checked_mul(*g).is_some_and(|channels| channels == image.channels)
    };
    let Some(group) = usize::try_from(group).ok().filter(fits) else {
        let got = format!("{group} groups, weights {:?}", kernels.shape);
        return Err(node.shape_error("channels", format!("those of the input {:?}", x.shape), got));
    };
    if let Some(bias) = bias.as_ref().filter(|bias| bias.shape != [maps]) {
        return Err(node.shape_error("bias", format!("[{maps}]"), format!("{:?}", bias.shape)));
    }
    let windows = Windows::read(node, &image.spatial, kernel, false, limit)?;
    let outputs = [image.batch, maps].into_iter().chain(windows.output()).fold(1, usize::saturating_mul);
    let products = windows.cells().saturating_mul(image.batch).saturating_mul(maps).saturating_mul(depth);
    let biases = if bias.is_some() { outputs } else { 0 };
    context.builder.reserve(node.subject(), outputs, products.saturating_add(biases))?;

    let (plane, kernel_size) = (image.plane(), count(kernel));
    let cells = windows.list();
    let mut rows: Vec<Row> = Vec::with_capacity(outputs);
    for (example, map) in (0..image.batch).flat_map(|e| (0..maps).map(move |m| (e, m))) {
        let first_channel = example * image.channels + map / (maps / group) * depth;
        for window in &cells {
            let mut row: Vec<Term> = Vec::with_capacity(window.len() * depth + 1);
            for channel in 0..depth {
                for cell in window {
                    let id = x.elements[(first_channel + channel) * plane + cell.input];
                    let weight = kernels.elements[(map * depth + channel) * kernel_size + cell.kernel];
                    row.push(context.builder.term(id, weight));
                }
            }
            if let Some(bias) = &bias {
                row.push(context.builder.bias(bias.elements[map]));
            }
            rows.push(row);
        }
    }
    let shape = image.with(maps, &windows.output());
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Linear { rows, relu: false })))
}
