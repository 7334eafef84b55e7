//! The chain, as a node is spoken to, and its journal.

mod journal_tests;
mod node_tests;
