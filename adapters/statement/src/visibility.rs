//! What a statement says about the input.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a statement says about the input. The numbers enter circuits' domain separators and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum InputVisibility {
    /// The input's values are part of the statement.
    Public = 0,
    /// Nothing: some input within range leads to the outputs.
    Private = 1,
    /// A salted commitment to the input is part of the statement; the prover gets the salt to open it later.
    Committed = 2,
}

impl InputVisibility {
    /// Every visibility.
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Committed];

    /// The name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Committed => "committed",
        }
    }
}

impl fmt::Display for InputVisibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
