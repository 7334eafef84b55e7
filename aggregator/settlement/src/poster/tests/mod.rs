//! The poster against an embedded chain, with everything that goes wrong.

mod chain_tests;
mod crash_tests;
mod endpoint_tests;
mod key_tests;
mod money_tests;
mod store_tests;
mod world;
