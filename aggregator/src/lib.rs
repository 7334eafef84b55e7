//! sheaf-aggregator
