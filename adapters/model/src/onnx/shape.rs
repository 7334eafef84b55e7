//! Arithmetic on shapes: sizes, axes, broadcasting and permutations, as lists of row-major positions.

use super::OnnxError;
use super::builder::Builder;
use super::node::Node;

/// The number of elements; saturates.
pub(super) fn count(shape: &[usize]) -> usize {
    shape.iter().fold(1, |acc: usize, &d| acc.saturating_mul(d))
}

/// Distances between neighbours along each axis.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Positions of a view whose axes have the sizes of `shape` and lie `strides` apart.
pub(super) fn positions(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut positions = vec![0];
    for (&size, &stride) in shape.iter().zip(strides) {
        positions = positions.iter().flat_map(|&base| (0..size).map(move |i| base + i * stride)).collect();
    }
    positions
}

/// The shape that two shapes broadcast to, by numpy's rule.
pub(super) fn broadcast(node: &Node<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let rank = a.len().max(b.len());
    let padded =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    let size = |axis| match (padded(a, axis), padded(b, axis)) {
        (x, y) if x == y => Ok(x),
        (1, y) => Ok(y),
        (x, 1) => Ok(x),
        _ => {
            Err(node.shape_error("operands", format!("a shape that broadcasts with {a:?}"), format!("{b:?}")))
        }
    };
    (0..rank).map(size).collect()
}

/// Positions of the elements that `shape`, broadcast to `out`, repeats.
pub(super) fn spread(
    node: &Node<'_>,
    builder: &mut Builder,
    shape: &[usize],
    out: &[usize],
) -> Result<Vec<usize>, OnnxError> {
    builder.charge(node.subject(), count(out))?;
    let offset = out.len() - shape.len();
    let own = strides(shape);
    let stride = |axis: usize| match axis.checked_sub(offset) {
        Some(i) if shape[i] != 1 => own[i],
        _ => 0,
    };
    Ok(positions(out, &(0..out.len()).map(stride).collect::<Vec<_>>()))
}

/// An axis counted from the start, from one that may count from the end.
pub(super) fn axis(node: &Node<'_>, axis: i64, rank: usize) -> Result<usize, OnnxError> {
    let from_start = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
    from_start
        .and_then(|a| usize::try_from(a).ok())
        .filter(|&a| a < rank)
        .ok_or_else(|| node.shape_error("axis", format!("one of {rank} axes"), axis.to_string()))
}

/// Distinct axes counted from the start, in ascending order.
pub(super) fn axes(node: &Node<'_>, list: &[i64], rank: usize) -> Result<Vec<usize>, OnnxError> {
    let mut axes: Vec<usize> = list.iter().map(|&a| axis(node, a, rank)).collect::<Result<_, _>>()?;
    axes.sort_unstable();
    match axes.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(node.shape_error("axes", "distinct axes", format!("{} twice", pair[0]))),
        None => Ok(axes),
    }
}
