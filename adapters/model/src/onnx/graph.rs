//! The graph's structure, before any operator is looked into.
//!
//! Owns names: every one is defined once and before its use, there is one input and one output, and which nodes the
//! output depends on. Nodes it does not depend on are dropped here, whatever they are: they cannot change what is
//! proven. Does not own shapes, other than the input's.

use std::collections::{HashMap, HashSet};

use super::error::printable;
use super::proto::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, dimension,
    type_proto,
};
use super::tensor::type_name;
use super::{Limits, MAX_OPSET, MIN_OPSET, OnnxError};

/// A graph whose names are known to be in order.
pub(super) struct Graph<'a> {
    /// Version of the standard operator set.
    pub(super) opset: i64,
    pub(super) initialisers: HashMap<&'a str, &'a TensorProto>,
    pub(super) input: &'a ValueInfoProto,
    pub(super) output: &'a ValueInfoProto,
    /// Nodes that the output depends on, in order.
    pub(super) nodes: Vec<LiveNode<'a>>,
    /// How often those nodes (and the graph, as its output) use each name.
    uses: HashMap<&'a str, usize>,
}

/// A node that the output depends on.
pub(super) struct LiveNode<'a> {
    pub(super) proto: &'a NodeProto,
    /// What messages call it.
    pub(super) label: String,
}

impl<'a> Graph<'a> {
    /// Checks the structure of `model`.
    ///
    /// # Errors
    /// [`OnnxError`] for an unsupported operator set, other than one input and output, too many nodes, and names
    /// defined twice or used before they are defined (as those of a cycle are).
    pub(super) fn new(model: &'a ModelProto, limits: &Limits) -> Result<Self, OnnxError> {
        let opset = opset(model)?;
        let graph =
            model.graph.as_ref().ok_or(OnnxError::UnsupportedFile { what: "it contains no graph" })?;
        if graph.node.len() > limits.nodes {
            let (limit, got) = (limits.nodes, graph.node.len());
            return Err(OnnxError::Limit { subject: "file".to_owned(), what: "nodes", limit, got });
        }
        let initialisers = initialisers(graph)?;
        let input = only_input(graph, &initialisers)?;
        let [output] = graph.output.as_slice() else {
            let names = graph.output.iter().map(|o| printable(&o.name)).collect();
            return Err(OnnxError::Outputs { names });
        };
        check_names(graph, &initialisers, input, output)?;
        let (nodes, uses) = live_nodes(graph, output);
        Ok(Self { opset, initialisers, input, output, nodes, uses })
    }

    /// How often live nodes use the name; being the graph's output counts as a use.
    pub(super) fn uses(&self, name: &str) -> usize {
        self.uses.get(name).copied().unwrap_or(0)
    }

    /// The only live node that uses the name, if nothing else does.
    pub(super) fn only_consumer(&self, name: &str) -> Option<&LiveNode<'a>> {
        if self.uses(name) != 1 {
            return None;
        }
        // None if the one use is being the graph's output.
        self.nodes.iter().find(|node| node.proto.input.iter().any(|input| input == name))
    }

    /// The input's shape, with a batch of 1.
    ///
    /// # Errors
    /// [`OnnxError`] if the input is no tensor of floats with a known shape, its batch is not 1, or `limits` are
    /// exceeded.
    pub(super) fn input_shape(&self, limits: &Limits) -> Result<Vec<usize>, OnnxError> {
        let name = printable(&self.input.name);
        let subject = || format!("input \"{name}\"");
        let tensor = tensor_type(self.input);
        let tensor = tensor.ok_or_else(|| OnnxError::Untyped { what: "input", name: name.clone() })?;
        if ![DataType::Float as i32, DataType::Double as i32].contains(&tensor.elem_type) {
            let got = type_name(tensor.elem_type);
            return Err(OnnxError::DataType { subject: subject(), expected: "FLOAT or DOUBLE", got });
        }
        let dims = dims(tensor).filter(|dims| !dims.is_empty());
        let dims = dims.ok_or_else(|| OnnxError::Untyped { what: "input", name: name.clone() })?;
        if dims.len() > limits.rank {
            let (limit, got) = (limits.rank, dims.len());
            return Err(OnnxError::Limit { subject: subject(), what: "dimensions", limit, got });
        }
        let mut shape = Vec::with_capacity(dims.len());
        for (axis, dim) in dims.into_iter().enumerate() {
            // Exporters write an unknown batch as a symbol, as nothing, as 0 or as −1.
            shape.push(match (axis, dim) {
                (0, Dim::Symbol(_) | Dim::Size(..=1)) => 1,
                (0, Dim::Size(got)) => return Err(OnnxError::Batch { name, got }),
                (_, Dim::Size(size)) => match usize::try_from(size) {
                    Ok(size) if size > 0 => size,
                    _ => return Err(OnnxError::UnknownDimension { name, axis, got: size.to_string() }),
                },
                (_, Dim::Symbol(got)) => return Err(OnnxError::UnknownDimension { name, axis, got }),
            });
        }
        let count = shape.iter().fold(1usize, |acc, &d| acc.saturating_mul(d));
        let limit = limits.values.min(limits.tensor_elements);
        if count > limit {
            return Err(OnnxError::Limit { subject: subject(), what: "elements", limit, got: count });
        }
        Ok(shape)
    }

    /// Refuses a declared output shape that contradicts the inferred one. Unknown dimensions contradict nothing.
    pub(super) fn check_output_shape(&self, inferred: &[usize]) -> Result<(), OnnxError> {
        let Some(declared) = tensor_type(self.output).and_then(dims) else { return Ok(()) };
        let known = |dim: &Dim| match dim {
            Dim::Size(size @ 1..) => *size,
            _ => -1,
        };
        let declared: Vec<i64> = declared.iter().map(known).collect();
        let agrees = |(&d, &i): (&i64, &usize)| d == -1 || usize::try_from(d) == Ok(i);
        if declared.len() == inferred.len() && declared.iter().zip(inferred).all(agrees) {
            return Ok(());
        }
        Err(OnnxError::OutputShape {
            name: printable(&self.output.name),
            declared,
            inferred: inferred.to_vec(),
        })
    }
}

/// A declared dimension.
enum Dim {
    Size(i64),
    /// The symbol, or `nothing`.
    Symbol(String),
}

fn tensor_type(info: &ValueInfoProto) -> Option<&type_proto::Tensor> {
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    Some(tensor)
}

fn dims(tensor: &type_proto::Tensor) -> Option<Vec<Dim>> {
    let dim = |dim: &Dimension| match &dim.value {
        Some(dimension::Value::DimValue(size)) => Dim::Size(*size),
        Some(dimension::Value::DimParam(symbol)) => Dim::Symbol(printable(symbol)),
        None => Dim::Symbol("nothing".to_owned()),
    };
    Some(tensor.shape.as_ref()?.dim.iter().map(dim).collect())
}

fn opset(model: &ModelProto) -> Result<i64, OnnxError> {
    let standard = model.opset_import.iter().filter(|import| is_standard(&import.domain));
    let got: Vec<i64> = standard.map(|import| import.version).collect();
    match got.as_slice() {
        &[version] if (MIN_OPSET..=MAX_OPSET).contains(&version) => Ok(version),
        _ => Err(OnnxError::Opset { min: MIN_OPSET, max: MAX_OPSET, got }),
    }
}

/// Whether the domain is that of the standard operators.
pub(super) fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn initialisers(graph: &GraphProto) -> Result<HashMap<&str, &TensorProto>, OnnxError> {
    let mut initialisers = HashMap::with_capacity(graph.initializer.len());
    for tensor in &graph.initializer {
        if initialisers.insert(tensor.name.as_str(), tensor).is_some() {
            let name = printable(&tensor.name);
            return Err(OnnxError::Redefined { subject: "initialisers".to_owned(), name });
        }
    }
    Ok(initialisers)
}

/// Until IR version 4 initialisers had to be listed among the inputs, and many exporters still do.
fn only_input<'a>(
    graph: &'a GraphProto,
    initialisers: &HashMap<&str, &TensorProto>,
) -> Result<&'a ValueInfoProto, OnnxError> {
    let inputs: Vec<_> = graph.input.iter().filter(|i| !initialisers.contains_key(i.name.as_str())).collect();
    match inputs.as_slice() {
        [input] => Ok(input),
        _ => Err(OnnxError::Inputs { names: inputs.iter().map(|i| printable(&i.name)).collect() }),
    }
}

fn check_names(
    graph: &GraphProto,
    initialisers: &HashMap<&str, &TensorProto>,
    input: &ValueInfoProto,
    output: &ValueInfoProto,
) -> Result<(), OnnxError> {
    let mut defined: HashSet<&str> = initialisers.keys().copied().collect();
    defined.insert(&input.name);
    // An empty name means "not given" wherever it is used.
    defined.remove("");
    for (index, node) in graph.node.iter().enumerate() {
        let subject = || format!("node {}", label(node, index));
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            if !defined.contains(name.as_str()) {
                return Err(OnnxError::Undefined { subject: subject(), name: printable(name) });
            }
        }
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if !defined.insert(name) {
                return Err(OnnxError::Redefined { subject: subject(), name: printable(name) });
            }
        }
    }
    if !defined.contains(output.name.as_str()) {
        return Err(OnnxError::Undefined { subject: "output".to_owned(), name: printable(&output.name) });
    }
    Ok(())
}

fn live_nodes<'a>(
    graph: &'a GraphProto,
    output: &'a ValueInfoProto,
) -> (Vec<LiveNode<'a>>, HashMap<&'a str, usize>) {
    let mut uses = HashMap::from([(output.name.as_str(), 1)]);
    let mut nodes = Vec::new();
    for (index, proto) in graph.node.iter().enumerate().rev() {
        if proto.output.iter().any(|name| uses.contains_key(name.as_str())) {
            for name in proto.input.iter().filter(|name| !name.is_empty()) {
                *uses.entry(name).or_insert(0) += 1;
            }
            nodes.push(LiveNode { proto, label: label(proto, index) });
        }
    }
    nodes.reverse();
    (nodes, uses)
}

/// The node's name, or its operator, position and first output.
fn label(node: &NodeProto, index: usize) -> String {
    if node.name.is_empty() {
        let output = node.output.first().map(String::as_str).unwrap_or_default();
        format!("{}#{index} (output \"{}\")", printable(&node.op_type), printable(output))
    } else {
        printable(&node.name)
    }
}
