//! Who calls, and how often.
//!
//! | module | owns |
//! |---|---|
//! | here | the authenticated caller, as an extractor |
//! | `secret` | the form of API keys |
//! | `limits` | requests per key |

mod limits;
mod secret;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use moka::sync::Cache;

use crate::api::keys::Scope;
use crate::app::App;
use crate::clock::now_ms;
use crate::ids::KeyId;
use crate::problem::{ApiError, Kind};
use crate::store::{KeyRow, Store, StoreError};

pub(crate) use limits::{Allowance, Limits};
pub(crate) use secret::KeySecret;

/// How long a key may be used after it was revoked by another process, and how long a lookup is saved.
const CACHE: Duration = Duration::from_secs(5);
/// The tenant of the first key.
pub(crate) const FIRST_TENANT: &str = "main";

/// Whoever sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<KeyRow>);

impl Caller {
    /// Whose jobs it sees.
    pub(crate) fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// Whether its key has a scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.0.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!("this needs a key with scope `{}`", scope.name());
        Err(ApiError::new(Kind::Forbidden, detail))
    }

    /// Its key.
    pub(crate) fn key_id(&self) -> KeyId {
        self.0.id
    }

    /// The scopes of its key.
    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.0.scopes
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Some(app) = request.app_data::<web::Data<App>>() else {
                return Err(ApiError::new(Kind::Internal, "no application state"));
            };
            let key = app.keys.authenticate(app.store.as_ref(), bearer(&request)?).await?;
            let allowance = app.limits.take(key.id);
            request.extensions_mut().insert(allowance);
            if let Some(wait) = allowance.wait_s {
                let detail = format!("expected at most {} requests a second", allowance.per_second);
                return Err(ApiError::new(Kind::RateLimited, detail).retry_after_s(wait));
            }
            Ok(Self(key))
        })
    }
}

fn bearer(request: &HttpRequest) -> Result<KeySecret, ApiError> {
    let refused = |detail: &str| ApiError::new(Kind::Unauthenticated, detail);
    let value = request.headers().get(AUTHORIZATION).ok_or_else(|| refused("no authorization header"))?;
    let text = value.to_str().map_err(|_| refused("authorization header is not text"))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(|| refused("expected `Bearer <key>`"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("expected `Bearer <key>`"));
    }
    KeySecret::parse(token.trim()).map_err(|error| refused(&error.to_string()))
}

/// Keys that were used of late, and the one of the gateway's own workers.
#[derive(Debug)]
pub(crate) struct Keys {
    cache: Cache<[u8; 32], Arc<KeyRow>>,
    /// Made anew at each start, and never stored.
    local: (KeySecret, [u8; 32], Arc<KeyRow>),
}

impl Keys {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        let local = KeyRow {
            id: KeyId::new(),
            name: "local workers".to_owned(),
            tenant: FIRST_TENANT.to_owned(),
            scopes: vec![Scope::Work],
            created_ms: now_ms(),
            expires_ms: None,
            revoked_ms: None,
        };
        let secret = KeySecret::generate();
        let hash = secret.hash();
        Self {
            cache: Cache::builder().max_capacity(10_000).time_to_live(CACHE).build(),
            local: (secret, hash, Arc::new(local)),
        }
    }

    /// The key of the gateway's own workers.
    pub(crate) fn local_secret(&self) -> &str {
        self.local.0.expose()
    }

    async fn authenticate(&self, store: &dyn Store, secret: KeySecret) -> Result<Arc<KeyRow>, ApiError> {
        let hash = secret.hash();
        // Hashes are compared, so that the time it takes says nothing of the key.
        if hash == self.local.1 {
            return Ok(Arc::clone(&self.local.2));
        }
        let key = match self.cache.get(&hash) {
            Some(key) => key,
            None => {
                let Some(row) = store.key_by_hash(hash).await? else {
                    return Err(ApiError::new(Kind::Unauthenticated, "unknown key"));
                };
                let row = Arc::new(row);
                self.cache.insert(hash, Arc::clone(&row));
                row
            }
        };
        if key.revoked_ms.is_some() {
            return Err(ApiError::new(Kind::Unauthenticated, "key is revoked"));
        }
        if key.expires_ms.is_some_and(|at| at <= now_ms()) {
            return Err(ApiError::new(Kind::Unauthenticated, "key has expired"));
        }
        Ok(key)
    }

    /// Forgets every key: after one was revoked.
    pub(crate) fn forget(&self) {
        self.cache.invalidate_all();
    }
}

/// Makes a key with every scope if there is none at all. Returns its secret, which is shown once.
pub(crate) async fn first_key(store: &dyn Store) -> Result<Option<KeySecret>, StoreError> {
    if store.has_keys().await? {
        return Ok(None);
    }
    let secret = KeySecret::generate();
    let key = KeyRow {
        id: KeyId::new(),
        name: "first".to_owned(),
        tenant: FIRST_TENANT.to_owned(),
        scopes: Scope::ALL.to_vec(),
        created_ms: now_ms(),
        expires_ms: None,
        revoked_ms: None,
    };
    store.add_key(key, secret.hash()).await?;
    Ok(Some(secret))
}
