//! sheaf-tests
