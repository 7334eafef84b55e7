//! Tensors as the lowering sees them, and constants read from the file.
//!
//! A tensor is a shape and a list of elements in row-major order. Elements of constants carry their value and a key
//! that says which number of the file they are, so that however a constant is reshaped, transposed or shared between
//! nodes, each of its numbers becomes one weight of the model.

use super::error::printable;
use super::proto::{DataLocation, DataType, TensorProto};
use super::{Limits, OnnxError};
use crate::ValueId;

/// One number of a constant: its value and its identity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Element {
    pub(super) value: f64,
    /// (source, position), packed: equal keys are the same weight.
    pub(super) key: u64,
}

/// What a value of the graph is.
#[derive(Debug, Clone)]
pub(super) enum Tensor {
    /// Constant real numbers: weights.
    Floats(Array<Element>),
    /// Constant integers: shapes and axes.
    Integers(Array<i64>),
    /// Fixed-point activations.
    Activation(Activation),
    /// Class indices, which no operator computes with.
    Indices(Array<ValueId>),
}

/// A shape and its elements in row-major order.
#[derive(Debug, Clone)]
pub(super) struct Array<T> {
    pub(super) shape: Vec<usize>,
    pub(super) elements: Vec<T>,
}

/// Computed values.
#[derive(Debug, Clone)]
pub(super) struct Activation {
    pub(super) array: Array<ValueId>,
    /// Whether nothing but this tensor refers to its values, so that their layer may be changed in place.
    pub(super) exclusive: bool,
}

impl<T: Copy> Array<T> {
    /// The elements at `positions`, in another shape.
    pub(super) fn pick(&self, shape: Vec<usize>, positions: &[usize]) -> Self {
        Self { shape, elements: positions.iter().map(|&p| self.elements[p]).collect() }
    }

    /// The same elements in another shape of the same size.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self { shape, elements: self.elements.clone() }
    }
}

impl Array<Element> {
    /// Numbers computed from constants, as weights of their own: `source` is new.
    ///
    /// # Errors
    /// [`OnnxError::NotFinite`], with `subject`, if one overflowed or was divided by zero.
    pub(super) fn derived(
        subject: &str,
        source: u32,
        shape: Vec<usize>,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<Self, OnnxError> {
        let element = |(index, value): (usize, f64)| {
            if !value.is_finite() {
                return Err(OnnxError::NotFinite { subject: subject.to_owned(), index, value });
            }
            Ok(Element { value, key: u64::from(source) << 32 | index as u64 })
        };
        Ok(Self { shape, elements: values.into_iter().enumerate().map(element).collect::<Result<_, _>>()? })
    }
}

impl Tensor {
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Self::Floats(array) => &array.shape,
            Self::Integers(array) => &array.shape,
            Self::Activation(Activation { array, .. }) | Self::Indices(array) => &array.shape,
        }
    }

    /// What messages call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Floats(_) => "a constant of floats",
            Self::Integers(_) => "a constant of integers",
            Self::Activation(_) => "an activation",
            Self::Indices(_) => "class indices",
        }
    }

    /// The same elements in another shape of the same size.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Self {
        match self {
            Self::Floats(array) => Self::Floats(array.reshaped(shape)),
            Self::Integers(array) => Self::Integers(array.reshaped(shape)),
            Self::Indices(array) => Self::Indices(array.reshaped(shape)),
            Self::Activation(Activation { array, exclusive }) => {
                Self::Activation(Activation { array: array.reshaped(shape), exclusive: *exclusive })
            }
        }
    }

    /// The elements at `positions`, of which none is repeated, in another shape.
    pub(super) fn permuted(&self, shape: Vec<usize>, positions: &[usize]) -> Self {
        match self {
            Self::Floats(array) => Self::Floats(array.pick(shape, positions)),
            Self::Integers(array) => Self::Integers(array.pick(shape, positions)),
            Self::Indices(array) => Self::Indices(array.pick(shape, positions)),
            Self::Activation(Activation { array, exclusive }) => {
                Self::Activation(Activation { array: array.pick(shape, positions), exclusive: *exclusive })
            }
        }
    }
}

/// Reads a constant whose weights get keys of `source`.
///
/// # Errors
/// [`OnnxError`] if the tensor is external, of an unsupported type, larger than `limits`, not as long as its
/// dimensions say, or holds NaN or infinity.
pub(super) fn decode(proto: &TensorProto, source: u32, limits: &Limits) -> Result<Tensor, OnnxError> {
    let name = printable(&proto.name);
    // Any location but the default is refused, those that do not exist too.
    let local = proto.data_location.is_none_or(|location| location == DataLocation::Default as i32);
    if !local || !proto.external_data.is_empty() {
        return Err(OnnxError::ExternalData { tensor: name });
    }
    if proto.segment.is_some() {
        return Err(OnnxError::UnsupportedFile { what: "a tensor is stored in segments" });
    }
    let shape = dimensions(proto, &name, limits)?;
    let data = Data { proto, name: &name, count: shape.iter().product() };
    let subject = format!("tensor \"{name}\"");
    match DataType::try_from(proto.data_type) {
        Ok(DataType::Float) => {
            let values = data.read(&proto.float_data, f32::from_le_bytes)?.into_iter().map(f64::from);
            Ok(Tensor::Floats(Array::derived(&subject, source, shape, values)?))
        }
        Ok(DataType::Double) => {
            let values = data.read(&proto.double_data, f64::from_le_bytes)?;
            Ok(Tensor::Floats(Array::derived(&subject, source, shape, values)?))
        }
        Ok(DataType::Int64) => {
            Ok(Tensor::Integers(Array { shape, elements: data.read(&proto.int64_data, i64::from_le_bytes)? }))
        }
        Ok(DataType::Int32) => {
            let values = data.read(&proto.int32_data, i32::from_le_bytes)?;
            Ok(Tensor::Integers(Array { shape, elements: values.into_iter().map(i64::from).collect() }))
        }
        _ => Err(OnnxError::DataType {
            subject,
            expected: "FLOAT, DOUBLE, INT64 or INT32",
            got: type_name(proto.data_type),
        }),
    }
}

/// The name of an element type by its number in the file.
pub(super) fn type_name(data_type: i32) -> String {
    DataType::try_from(data_type)
        .map_or_else(|_| format!("type {data_type}"), |t| format!("{t:?}").to_uppercase())
}

fn dimensions(proto: &TensorProto, name: &str, limits: &Limits) -> Result<Vec<usize>, OnnxError> {
    let limit =
        |what, limit, got| OnnxError::Limit { subject: format!("tensor \"{name}\""), what, limit, got };
    if proto.dims.len() > limits.rank {
        return Err(limit("dimensions", limits.rank, proto.dims.len()));
    }
    let malformed = || OnnxError::Dimensions { tensor: name.to_owned(), dims: proto.dims.clone() };
    let shape: Vec<usize> =
        proto.dims.iter().map(|&d| usize::try_from(d)).collect::<Result<_, _>>().map_err(|_| malformed())?;
    let count = shape.iter().try_fold(1usize, |acc, &d| acc.checked_mul(d)).ok_or_else(malformed)?;
    if count > limits.tensor_elements {
        return Err(limit("elements", limits.tensor_elements, count));
    }
    Ok(shape)
}

/// The data of a tensor, which ONNX stores as little-endian bytes or in the field of its type.
struct Data<'a> {
    proto: &'a TensorProto,
    name: &'a str,
    count: usize,
}

impl Data<'_> {
    fn read<T: Copy, const N: usize>(
        &self,
        typed: &[T],
        decode: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, OnnxError> {
        let wrong =
            |what, expected, got| OnnxError::TensorData { tensor: self.name.to_owned(), what, expected, got };
        let raw = &self.proto.raw_data;
        let stored = self.stored_elements();
        if raw.is_empty() {
            // Fields of other types than the tensor's must be empty as well.
            if typed.len() != self.count || stored != self.count {
                return Err(wrong("elements", self.count, stored));
            }
            return Ok(typed.to_vec());
        }
        if stored != 0 {
            return Err(wrong("elements beside its bytes", 0, stored));
        }
        let (chunks, rest) = raw.as_chunks::<N>();
        if chunks.len() != self.count || !rest.is_empty() {
            return Err(wrong("bytes", self.count * N, raw.len()));
        }
        Ok(chunks.iter().map(|&chunk| decode(chunk)).collect())
    }

    fn stored_elements(&self) -> usize {
        let TensorProto { float_data, int32_data, string_data, int64_data, double_data, uint64_data, .. } =
            self.proto;
        float_data.len()
            + int32_data.len()
            + string_data.len()
            + int64_data.len()
            + double_data.len()
            + uint64_data.len()
    }
}
