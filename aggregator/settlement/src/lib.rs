//! Batches on EVM chains.

pub mod batch;
pub mod contracts;
pub mod embedded;
pub mod poster;
pub mod rpc;
pub mod sight;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
