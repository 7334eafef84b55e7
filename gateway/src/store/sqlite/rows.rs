//! Between rows and values.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Result, StoreError};

/// SQLite's integers are signed; ours are times, sizes and money far below 2^63.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column as it is.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|error| StoreError::Damaged { what: column, reason: error.to_string() })
}

/// A non-negative integer.
pub(super) fn uint(row: &SqliteRow, column: &'static str) -> Result<u64> {
    unsigned(column, get(row, column)?)
}

/// A non-negative integer or null.
pub(super) fn maybe_uint(row: &SqliteRow, column: &'static str) -> Result<Option<u64>> {
    get::<Option<i64>>(row, column)?.map(|value| unsigned(column, value)).transpose()
}

/// A small non-negative integer.
pub(super) fn small(row: &SqliteRow, column: &'static str) -> Result<u32> {
    u32::try_from(uint(row, column)?)
        .map_err(|error| StoreError::Damaged { what: column, reason: error.to_string() })
}

fn unsigned(column: &'static str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|error| StoreError::Damaged { what: column, reason: error.to_string() })
}

/// A value in its text form.
pub(super) fn parsed<T: FromStr>(row: &SqliteRow, column: &'static str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    parse(column, get::<&str>(row, column)?)
}

/// A value in its text form, or null.
pub(super) fn maybe_parsed<T: FromStr>(row: &SqliteRow, column: &'static str) -> Result<Option<T>>
where
    T::Err: std::fmt::Display,
{
    get::<Option<&str>>(row, column)?.map(|text| parse(column, text)).transpose()
}

fn parse<T: FromStr>(column: &'static str, text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Damaged { what: column, reason: error.to_string() })
}

/// A value as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T> {
    from_json(column, get::<&str>(row, column)?)
}

/// A value as JSON, or null.
pub(super) fn maybe_json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<Option<T>> {
    get::<Option<&str>>(row, column)?.map(|text| from_json(column, text)).transpose()
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Damaged { what: column, reason: error.to_string() })
}

/// A value that is stored as its JSON string's content, such as `public`.
pub(super) fn named<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T> {
    from_name(column, get::<&str>(row, column)?)
}

/// As [`named`], or null.
pub(super) fn maybe_named<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<Option<T>> {
    get::<Option<&str>>(row, column)?.map(|text| from_name(column, text)).transpose()
}

fn from_name<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| StoreError::Damaged { what: column, reason: error.to_string() })
}

/// Encodes a value as JSON.
pub(super) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged { what, reason: error.to_string() })
}
