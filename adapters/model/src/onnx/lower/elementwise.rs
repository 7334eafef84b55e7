//! One output per element: Add, Sub, Mul, Div, Relu, Clip and BatchNormalization.

use super::super::OnnxError;
use super::super::node::Node;
use super::super::shape::{broadcast, spread};
use super::super::tensor::{Activation, Array, Element, Tensor};
use super::Context;
use crate::{LayerKind, Operand, Row, Term};

/// The two operands of an arithmetic operator.
enum Operands {
    Activations(Activation, Activation),
    /// (activation, constant)
    Right(Activation, Array<Element>),
    /// (constant, activation)
    Left(Array<Element>, Activation),
}

impl Operands {
    fn read(node: &Node<'_>) -> Result<Self, OnnxError> {
        node.arity(2, 2)?;
        match (&*node.operand(0)?, &*node.operand(1)?) {
            (Tensor::Activation(_), Tensor::Activation(_)) => {
                Ok(Self::Activations(node.activation(0)?, node.activation(1)?))
            }
            (Tensor::Activation(_), _) => Ok(Self::Right(node.activation(0)?, node.weights(1)?)),
            (_, Tensor::Activation(_)) => Ok(Self::Left(node.weights(0)?, node.activation(1)?)),
            _ => Err(node.unsupported("arithmetic without an activation")),
        }
    }
}

/// Add of an activation with an activation or a constant.
pub(super) fn add(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    match Operands::read(node)? {
        Operands::Activations(a, b) => {
            let shape = broadcast(node, &a.array.shape, &b.array.shape)?;
            let left = spread_ids(node, context, &a, &shape)?;
            let right = spread_ids(node, context, &b, &shape)?;
            context.builder.reserve(node.subject(), left.len(), 0)?;
            let layer = LayerKind::Add { left, right, relu: false };
            Ok(Tensor::Activation(context.builder.push(node.label, shape, layer)))
        }
        Operands::Right(x, bias) | Operands::Left(bias, x) => affine(node, context, &x, None, Some(bias)),
    }
}

/// Sub with an activation on either side or both.
pub(super) fn sub(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    match Operands::read(node)? {
        Operands::Activations(a, b) => {
            let shape = broadcast(node, &a.array.shape, &b.array.shape)?;
            let left = spread_ids(node, context, &a, &shape)?;
            let right = spread_ids(node, context, &b, &shape)?;
            context.builder.reserve(node.subject(), left.len(), 2 * left.len())?;
            let (plus, minus) = (context.builder.structural(1.0), context.builder.structural(-1.0));
            let term = |id, weight| Term { operand: Operand::Value(id), weight };
            let row = |(&a, &b): (&u32, &u32)| vec![term(a, plus), term(b, minus)];
            let rows = left.iter().zip(&right).map(row).collect();
            Ok(linear(node, context, shape, rows))
        }
        Operands::Right(x, c) => {
            let bias = derived(node, context, &c, |value| -value)?;
            affine(node, context, &x, None, Some(bias))
        }
        Operands::Left(c, x) => {
            let shape = broadcast(node, &c.shape, &x.array.shape)?;
            let ids = spread_ids(node, context, &x, &shape)?;
            let biases = spread(node, &mut context.builder, &c.shape, &shape)?;
            context.builder.reserve(node.subject(), ids.len(), 2 * ids.len())?;
            let minus = context.builder.structural(-1.0);
            let mut rows: Vec<Row> = Vec::with_capacity(ids.len());
            for (id, position) in ids.into_iter().zip(biases) {
                let bias = context.builder.bias(c.elements[position]);
                rows.push(vec![Term { operand: Operand::Value(id), weight: minus }, bias]);
            }
            Ok(linear(node, context, shape, rows))
        }
    }
}

/// Mul of an activation by a constant.
pub(super) fn mul(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    match Operands::read(node)? {
        Operands::Activations(..) => Err(node.unsupported("a product of two activations")),
        Operands::Right(x, scale) | Operands::Left(scale, x) => affine(node, context, &x, Some(scale), None),
    }
}

/// Div of an activation by a constant.
pub(super) fn div(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    match Operands::read(node)? {
        Operands::Right(x, c) => {
            let scale = derived(node, context, &c, f64::recip)?;
            affine(node, context, &x, Some(scale), None)
        }
        Operands::Activations(..) | Operands::Left(..) => Err(node.unsupported("division by an activation")),
    }
}

/// Relu, fused into the layer before it where nothing else uses that.
pub(super) fn relu(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    node.arity(1, 1)?;
    rectified(node, context)
}

/// Clip, where it is a ReLU: a minimum of 0 and no maximum.
pub(super) fn clip(node: &mut Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let (least, most) = if node.opset < 11 {
        node.arity(1, 1)?;
        // The defaults are the ends of the float range.
        (Some(node.float("min", f32::MIN)?), Some(node.float("max", f32::MAX)?))
    } else {
        node.arity(1, 3)?;
        (scalar(node, 1)?, scalar(node, 2)?)
    };
    if least != Some(0.0) || most.is_some_and(|most| most < f64::from(f32::MAX)) {
        return Err(node.unsupported("bounds other than a minimum of 0 and no maximum"));
    }
    rectified(node, context)
}

fn scalar(node: &Node<'_>, index: usize) -> Result<Option<f64>, OnnxError> {
    match node.optional_weights(index)?.as_ref().map(|array| array.elements.as_slice()) {
        None => Ok(None),
        Some([element]) => Ok(Some(element.value)),
        Some(other) => Err(node.shape_error("bound", "one element", other.len().to_string())),
    }
}

fn rectified(node: &Node<'_>, context: &mut Context<'_>) -> Result<Tensor, OnnxError> {
    let x = node.activation(0)?;
    if context.builder.fuse_relu(&x) {
        return Ok(Tensor::Activation(x));
    }
    context.builder.reserve(node.subject(), x.array.elements.len(), 0)?;
    let Array { shape, elements: inputs } = x.array;
    Ok(Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Relu { inputs })))
}

/// BatchNormalization in inference: x·g/√(v + ε) + (b − m·g/√(v + ε)) per channel.
pub(super) fn batch_normalization(
    node: &mut Node<'_>,
    context: &mut Context<'_>,
) -> Result<Tensor, OnnxError> {
    node.arity(5, 5)?;
    let epsilon = node.float("epsilon", 1e-5)?;
    // How running statistics were updated in training.
    node.ignore("momentum");
    node.only("training_mode", 0, "0: inference")?;
    node.only("spatial", 1, "1: one scale per channel")?;
    let x = node.activation(0)?;
    let Some(&channels) = x.array.shape.get(1) else {
        return Err(node.shape_error("input", "a batch and channels", format!("{:?}", x.array.shape)));
    };
    let mut parameters = Vec::with_capacity(4);
    for index in 1..5 {
        let parameter = node.weights(index)?;
        if parameter.shape != [channels] {
            return Err(node.shape_error(
                "parameter",
                format!("[{channels}]"),
                format!("{:?}", parameter.shape),
            ));
        }
        parameters.push(parameter.elements.into_iter().map(|element| element.value).collect::<Vec<f64>>());
    }
    let [gain, bias, mean, variance] = parameters.as_slice() else {
        return Err(node.unsupported("its parameters"));
    };
    // Per channel, so that they broadcast over the spatial axes.
    let mut shape = vec![channels];
    shape.resize(x.array.shape.len() - 1, 1);
    let scales: Vec<f64> = gain.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
    let shifts = (0..channels).map(|c| bias[c] - mean[c] * scales[c]);
    let (scale_source, shift_source) = (context.builder.source(), context.builder.source());
    let shift = Array::derived(&node.subject(), shift_source, shape.clone(), shifts)?;
    let scale = Array::derived(&node.subject(), scale_source, shape, scales)?;
    affine(node, context, &x, Some(scale), Some(shift))
}

/// x·scale + bias with broadcasting: fused into the linear layer before it where possible, else a layer of its own.
fn affine(
    node: &Node<'_>,
    context: &mut Context<'_>,
    x: &Activation,
    scale: Option<Array<Element>>,
    bias: Option<Array<Element>>,
) -> Result<Tensor, OnnxError> {
    let mut shape = x.array.shape.clone();
    for constant in scale.iter().chain(&bias) {
        shape = broadcast(node, &shape, &constant.shape)?;
    }
    let ids = spread_ids(node, context, x, &shape)?;
    let scale = spread_elements(node, context, scale, &shape)?;
    let bias = spread_elements(node, context, bias, &shape)?;
    // Broadcasting that repeats no value keeps their order too.
    if ids.len() == x.array.elements.len()
        && context.builder.fuse_affine(&node.subject(), x, scale.as_deref(), bias.as_deref())?
    {
        let array = Array { shape, elements: ids };
        return Ok(Tensor::Activation(Activation { array, exclusive: x.exclusive }));
    }
    let per_row = 1 + usize::from(bias.is_some());
    context.builder.reserve(node.subject(), ids.len(), per_row * ids.len())?;
    let mut rows: Vec<Row> = Vec::with_capacity(ids.len());
    for (position, &id) in ids.iter().enumerate() {
        let mut row = Vec::with_capacity(per_row);
        row.push(match &scale {
            Some(scale) => context.builder.term(id, scale[position]),
            None => Term { operand: Operand::Value(id), weight: context.builder.structural(1.0) },
        });
        if let Some(bias) = &bias {
            row.push(context.builder.bias(bias[position]));
        }
        rows.push(row);
    }
    Ok(linear(node, context, shape, rows))
}

fn linear(node: &Node<'_>, context: &mut Context<'_>, shape: Vec<usize>, rows: Vec<Row>) -> Tensor {
    Tensor::Activation(context.builder.push(node.label, shape, LayerKind::Linear { rows, relu: false }))
}

fn derived(
    node: &Node<'_>,
    context: &mut Context<'_>,
    array: &Array<Element>,
    f: impl Fn(f64) -> f64,
) -> Result<Array<Element>, OnnxError> {
    let source = context.builder.source();
    let values = array.elements.iter().map(|element| f(element.value));
    Array::derived(&node.subject(), source, array.shape.clone(), values)
}

fn spread_ids(
    node: &Node<'_>,
    context: &mut Context<'_>,
    x: &Activation,
    shape: &[usize],
) -> Result<Vec<u32>, OnnxError> {
    let positions = spread(node, &mut context.builder, &x.array.shape, shape)?;
    Ok(positions.into_iter().map(|p| x.array.elements[p]).collect())
}

fn spread_elements(
    node: &Node<'_>,
    context: &mut Context<'_>,
    array: Option<Array<Element>>,
    shape: &[usize],
) -> Result<Option<Vec<Element>>, OnnxError> {
    let Some(array) = array else { return Ok(None) };
    let positions = spread(node, &mut context.builder, &array.shape, shape)?;
    Ok(Some(positions.into_iter().map(|p| array.elements[p]).collect()))
}
