//! The words of the HTTP API: what requests and answers look like.
//!
//! Types only. Requests are strict: unknown fields are refused, and what a field means is settled once, by
//! [`normalise`](crate::normalise). Answers carry integers with their unit in the name, except prices, which are decimal
//! strings of US dollars.

pub(crate) mod batches;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod models;
pub(crate) mod problem;
pub(crate) mod provers;
pub(crate) mod tasks;
pub(crate) mod webhooks;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Entries on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 64)]
    pub(crate) cursor: Option<String>,
}
