//! Local provers.
