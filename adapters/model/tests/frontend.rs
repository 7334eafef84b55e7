//! The ONNX front end against tract's float runtime, the fixtures, and hostile bytes.
//!
//! Models are built as protobuf here, so that every case shows what it is about. Where a model is accepted, the
//! reference execution must lie within the proven error bound of what tract computes in float32.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for production code")]

#[path = "frontend/compare.rs"]
mod compare;
#[path = "frontend/convolution.rs"]
mod convolution;
#[path = "frontend/dense.rs"]
mod dense;
#[path = "frontend/fixtures.rs"]
mod fixtures;
#[path = "frontend/hostile.rs"]
mod hostile;
#[path = "frontend/layouts.rs"]
mod layouts;
#[path = "frontend/outputs.rs"]
mod outputs;
#[path = "frontend/protos.rs"]
mod protos;
#[path = "frontend/refusals.rs"]
mod refusals;
