//! The chain in this process, as JSON-RPC: what wallets, contracts' tools and `sheaf verify --rpc` connect to.
//!
//! No key is asked for, as on any development node; there is nothing on it but what it was started with, and what is sent
//! to it costs money that only its dev key has.

use actix_web::{HttpResponse, web};
use alloy::rpc::json_rpc::{Id, Request, RequestPacket, ResponsePacket, SerializedRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::problem::{ApiError, Kind};

/// Largest request: a transaction with a batch in it is far smaller.
const MAX_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
struct Call {
    id: Id,
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

/// Adds the route.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/chains/embedded/rpc")
            .app_data(web::PayloadConfig::new(MAX_BYTES))
            .route(web::post().to(rpc)),
    );
}

async fn rpc(app: web::Data<App>, body: web::Bytes) -> Result<HttpResponse, ApiError> {
    let chain = app.settler.as_ref().and_then(|settler| settler.embedded.as_ref());
    let chain = chain.ok_or_else(|| ApiError::new(Kind::NotFound, "no embedded chain runs here"))?;
    let packet = match body.first() {
        Some(b'[') => {
            let calls: Vec<Call> = serde_json::from_slice(&body).map_err(malformed)?;
            RequestPacket::Batch(calls.into_iter().map(request).collect::<Result<_, _>>()?)
        }
        _ => RequestPacket::Single(request(serde_json::from_slice(&body).map_err(malformed)?)?),
    };
    let transport = chain.transport();
    let answer = web::block(move || transport.answer(&packet))
        .await
        .map_err(|error| ApiError::new(Kind::Internal, error.to_string()))?;
    Ok(match answer {
        ResponsePacket::Single(answer) => HttpResponse::Ok().json(answer),
        ResponsePacket::Batch(answers) => HttpResponse::Ok().json(answers),
    })
}

fn request(call: Call) -> Result<SerializedRequest, ApiError> {
    let params = match call.params {
        Some(params) => params,
        None => RawValue::from_string("[]".to_owned()).map_err(malformed)?,
    };
    Request::new(call.method, call.id, params).try_into().map_err(malformed)
}

fn malformed(error: serde_json::Error) -> ApiError {
    ApiError::new(Kind::MalformedJson, format!("no JSON-RPC request: {error}"))
}
