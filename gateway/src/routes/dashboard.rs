//! The dashboard: three files that are part of the binary.

use actix_web::{HttpResponse, web};

const INDEX: &str = include_str!("../dashboard/index.html");
const SCRIPT: &str = include_str!("../dashboard/app.js");
const STYLE: &str = include_str!("../dashboard/style.css");

/// Nothing from elsewhere, nothing inline, no frames around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let to_index = || async { HttpResponse::Found().insert_header(("location", "/dashboard/")).finish() };
    config.route("/", web::get().to(to_index)).route("/dashboard", web::get().to(to_index));
    for (path, content_type, body) in [
        ("/dashboard/", "text/html; charset=utf-8", INDEX),
        ("/dashboard/app.js", "text/javascript; charset=utf-8", SCRIPT),
        ("/dashboard/style.css", "text/css; charset=utf-8", STYLE),
    ] {
        let file = move || async move {
            HttpResponse::Ok()
                .content_type(content_type)
                .insert_header(("content-security-policy", POLICY))
                .insert_header(("referrer-policy", "no-referrer"))
                .insert_header(("cache-control", "no-cache"))
                .body(body)
        };
        config.route(path, web::get().to(file));
    }
}
