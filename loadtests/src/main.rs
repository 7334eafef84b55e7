//! sheaf-loadtests
fn main() {}
