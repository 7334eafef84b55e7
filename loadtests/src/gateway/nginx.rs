//! nginx: one instance that answers a fixed body from its configuration, and one that proxies to it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::server::Server;
use crate::BenchError;

/// Two nginx instances.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) upstream: Server,
    pub(crate) proxy: Server,
    pub(crate) version: String,
}

impl Nginx {
    /// Starts both, if nginx is installed. Every request gets this body.
    pub(crate) fn start(folder: &Path, body: &str) -> Result<Option<Self>, BenchError> {
        let Some(program) = installed() else { return Ok(None) };
        let version = Command::new(&program)
            .arg("-v")
            .output()
            .map_err(|source| BenchError::Io { what: program.display().to_string(), source })?;
        let version = String::from_utf8_lossy(&version.stderr).trim().replace("nginx version: ", "");
        let answer = body.replace('\\', "\\\\").replace('\'', "\\'");
        let fixed = format!("default_type application/json; return 200 '{answer}';");
        let upstream = start(&program, &folder.join("upstream"), "", &fixed)?;
        let behind = format!(
            "upstream behind {{ server {}; keepalive 256; keepalive_requests 1000000000; }}",
            upstream.address
        );
        let pass = "proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection \"\";";
        let proxy = start(&program, &folder.join("proxy"), &behind, pass)?;
        Ok(Some(Self { upstream, proxy, version }))
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

fn start(program: &Path, folder: &Path, http: &str, location: &str) -> Result<Server, BenchError> {
    let io = |source| BenchError::Io { what: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    let address = free_address().map_err(io)?;
    // Access logs are off, as the gateway writes none. Connections last, as the gateway's do.
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {}; ", folder.join(kind).display()))
        .collect();
    let configuration = format!(
        "daemon off; worker_processes auto; pid {pid}; error_log {log};\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600; {temporary}\n\
         {http}\n\
         server {{ listen {address}; location / {{ {location} }} }} }}\n",
        pid = folder.join("pid").display(),
        log = folder.join("error.log").display(),
    );
    let path = folder.join("nginx.conf");
    std::fs::write(&path, configuration).map_err(io)?;
    let child = Command::new(program)
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(io)?;
    let server = Server::new(child, address);
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(server);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
    Err(BenchError::step("nginx")(format!("does not start: {log}")))
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}
