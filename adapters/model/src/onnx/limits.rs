//! How much work a model may ask of the front end.
//!
//! An ONNX file is hostile: a few bytes can declare a tensor of 2^62 elements or a convolution of 2^40 products.
//! Everything that costs memory or time is counted against a limit *before* it is allocated.

/// Limits on one compilation. [`Default`] gives what the gateway uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the file, in bytes. Default 64 MiB.
    pub file_bytes: usize,
    /// Strings, sub-messages and integers in the protobuf encoding, which is what its decoded size depends on beyond
    /// the file's length (an empty node takes 2 bytes in the file and some 200 in memory). Default 2^20.
    pub fields: usize,
    /// Nodes in the graph. Default 2^14.
    pub nodes: usize,
    /// Dimensions of any tensor. Default 8.
    pub rank: usize,
    /// Elements of any one tensor, constant or computed. Default 2^22.
    pub tensor_elements: usize,
    /// Values of the compiled model: inputs and all layers' outputs. Default 2^20.
    pub values: usize,
    /// Products of linear layers and comparisons of maxima, in total: what execution and circuits cost. Default 2^22.
    pub terms: usize,
    /// Elements read, moved or repeated by operators that compute nothing (reshape, transpose, constants), in total:
    /// what compilation costs beyond `terms`. Default 2^25.
    pub moved_elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            fields: 1 << 20,
            nodes: 1 << 14,
            rank: 8,
            tensor_elements: 1 << 22,
            values: 1 << 20,
            terms: 1 << 22,
            moved_elements: 1 << 25,
        }
    }
}
