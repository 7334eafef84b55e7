//! Stacks, the registry and the conformance kit, with provers that prove nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for production code")]

#[path = "adapter/conformance.rs"]
mod conformance;
#[path = "adapter/registry.rs"]
mod registry;
#[path = "adapter/stack.rs"]
mod stack;
#[path = "adapter/toys.rs"]
mod toys;
