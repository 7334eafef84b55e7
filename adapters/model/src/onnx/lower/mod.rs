//! Lowering: from operators to layers.
//!
//! | module | operators |
//! |---|---|
//! | `linear` | Gemm, MatMul, Conv |
//! | `elementwise` | Add, Sub, Mul, Div, Relu, Clip, BatchNormalization |
//! | `pool` | MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool, ReduceMean |
//! | `layout` | Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Concat, Identity, Dropout, and integers for shapes |
//! | `classify` | ArgMax, Softmax, LogSoftmax |
//!
//! Every lowering gets its [`Node`] and the [`Context`] and returns its first output; further outputs must be unused.

mod classify;
mod elementwise;
mod layout;
mod linear;
mod pool;

use std::collections::HashMap;
use std::rc::Rc;

use super::OnnxError;
use super::builder::Builder;
use super::error::printable;
use super::graph::{Graph, LiveNode, is_standard};
use super::node::Node;
use super::shape;
use super::tensor::{self, Activation, Array, Tensor};
use crate::{Layer, Postprocess, ValueId, Weight};

/// What lowerings share.
struct Context<'a> {
    graph: &'a Graph<'a>,
    builder: Builder,
    /// The name of the output of the node being lowered.
    output: &'a str,
    postprocess: Postprocess,
}

type Lowering = fn(&mut Node<'_>, &mut Context<'_>) -> Result<Tensor, OnnxError>;

/// The supported operators.
fn lowering(operator: &str) -> Option<Lowering> {
    Some(match operator {
        "Add" => elementwise::add,
        "ArgMax" => classify::arg_max,
        "AveragePool" => pool::average_pool,
        "BatchNormalization" => elementwise::batch_normalization,
        "Cast" => layout::cast,
        "Clip" => elementwise::clip,
        "Concat" => layout::concat,
        "Constant" => layout::constant,
        "Conv" => linear::conv,
        "Div" => elementwise::div,
        "Dropout" => layout::dropout,
        "Flatten" => layout::flatten,
        "Gather" => layout::gather,
        "Gemm" => linear::gemm,
        "GlobalAveragePool" => pool::global_average_pool,
        "GlobalMaxPool" => pool::global_max_pool,
        "Identity" => layout::identity,
        "LogSoftmax" => classify::log_softmax,
        "MatMul" => linear::mat_mul,
        "MaxPool" => pool::max_pool,
        "Mul" => elementwise::mul,
        "ReduceMean" => pool::reduce_mean,
        "Relu" => elementwise::relu,
        "Reshape" => layout::reshape,
        "Shape" => layout::shape_of,
        "Softmax" => classify::softmax,
        "Squeeze" => layout::squeeze,
        "Sub" => elementwise::sub,
        "Transpose" => layout::transpose,
        "Unsqueeze" => layout::unsqueeze,
        _ => return None,
    })
}

/// What lowering a graph gives.
pub(super) struct Lowered {
    pub(super) weights: Vec<Weight>,
    pub(super) layers: Vec<Layer>,
    pub(super) output_shape: Vec<usize>,
    pub(super) outputs: Vec<ValueId>,
    pub(super) postprocess: Postprocess,
}

/// Refuses the first node whose operator is not supported. Done before anything else is looked at, so that a model
/// which cannot work is refused for that and not for a detail.
///
/// # Errors
/// [`OnnxError::Operator`].
pub(super) fn check_operators(graph: &Graph<'_>) -> Result<(), OnnxError> {
    let known =
        |node: &&LiveNode<'_>| is_standard(&node.proto.domain) && lowering(&node.proto.op_type).is_some();
    match graph.nodes.iter().find(|node| !known(node)) {
        None => Ok(()),
        Some(LiveNode { proto, label }) => {
            let operator = if is_standard(&proto.domain) {
                printable(&proto.op_type)
            } else {
                format!("{}::{}", printable(&proto.domain), printable(&proto.op_type))
            };
            Err(OnnxError::Operator { node: label.clone(), operator })
        }
    }
}

/// Lowers all nodes of `graph`, whose input has `input_shape`, and rounds weights to `scale_bits`.
///
/// # Errors
/// [`OnnxError`] for the first node that is not supported as it stands.
pub(super) fn lower(
    graph: &Graph<'_>,
    builder: Builder,
    input_shape: &[usize],
    scale_bits: u32,
) -> Result<Lowered, OnnxError> {
    let mut context = Context { graph, builder, output: "", postprocess: Postprocess::None };
    let input =
        Array { shape: input_shape.to_vec(), elements: (0..shape::count(input_shape) as u32).collect() };
    let input = Tensor::Activation(Activation { array: input, exclusive: false });
    let mut tensors: HashMap<&str, Rc<Tensor>> = HashMap::from([(graph.input.name.as_str(), Rc::new(input))]);
    for live in &graph.nodes {
        let operands = operands(live, &mut context, &mut tensors)?;
        let output = lower_node(live, &mut context, operands)?;
        tensors.insert(context.output, Rc::new(output));
    }
    let (output_shape, outputs, postprocess) = match tensors.get(graph.output.name.as_str()).map(Rc::as_ref) {
        Some(Tensor::Activation(Activation { array, .. })) => {
            (array.shape.clone(), array.elements.clone(), context.postprocess)
        }
        Some(Tensor::Indices(array)) => (array.shape.clone(), array.elements.clone(), Postprocess::Index),
        _ => return Err(OnnxError::ConstantOutput { name: printable(&graph.output.name) }),
    };
    let (weights, layers) = context.builder.finish(scale_bits)?;
    Ok(Lowered { weights, layers, output_shape, outputs, postprocess })
}

/// The node's operands; initialisers are read when first used, so that unused ones need not be supported.
fn operands<'a>(
    live: &LiveNode<'a>,
    context: &mut Context<'a>,
    tensors: &mut HashMap<&'a str, Rc<Tensor>>,
) -> Result<Vec<Option<Rc<Tensor>>>, OnnxError> {
    let mut operands = Vec::with_capacity(live.proto.input.len());
    for name in &live.proto.input {
        if name.is_empty() {
            operands.push(None);
            continue;
        }
        let tensor = match tensors.get(name.as_str()) {
            Some(tensor) => Rc::clone(tensor),
            None => {
                // Names are known to be defined, so what is no value yet is an initialiser.
                let undefined =
                    || OnnxError::Undefined { subject: live.label.clone(), name: printable(name) };
                let proto = context.graph.initialisers.get(name.as_str()).ok_or_else(undefined)?;
                let source = context.builder.source();
                let tensor = Rc::new(tensor::decode(proto, source, context.builder.limits())?);
                tensors.insert(name, Rc::clone(&tensor));
                tensor
            }
        };
        context.builder.charge(format!("node {}", live.label), shape::count(tensor.shape()))?;
        operands.push(Some(tensor));
    }
    Ok(operands)
}

fn lower_node<'a>(
    live: &'a LiveNode<'a>,
    context: &mut Context<'a>,
    operands: Vec<Option<Rc<Tensor>>>,
) -> Result<Tensor, OnnxError> {
    let LiveNode { proto, label } = live;
    let used = |name: &&String| context.graph.uses(name) > 0;
    let further = proto.output.iter().skip(1).filter(used).count();
    context.output = match proto.output.first() {
        Some(first) if further == 0 => first,
        _ => return Err(OnnxError::NodeOutputs { node: label.clone(), expected: 1, got: 1 + further }),
    };
    let unsupported = || OnnxError::Operator { node: label.clone(), operator: printable(&proto.op_type) };
    let lowering = lowering(&proto.op_type).ok_or_else(unsupported)?;
    let mut node = Node::new(label, context.graph.opset, operands, &proto.attribute)?;
    let mut output = lowering(&mut node, context)?;
    let rank = output.shape().len();
    let limit = context.builder.limits().rank;
    if rank > limit {
        return Err(OnnxError::Limit { subject: node.subject(), what: "dimensions", limit, got: rank });
    }
    node.finish()?;
    if let Tensor::Activation(activation) = &mut output {
        activation.exclusive &= context.graph.uses(context.output) == 1;
    }
    Ok(output)
}
