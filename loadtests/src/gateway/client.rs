//! The load generator: one thread, one epoll instance, kept-alive HTTP/1.1 connections, requests built beforehand.
//!
//! It is meant to cost little beside what it measures, so that two cores suffice for both. At fixed arrival rates the
//! loop is open: requests are due at times drawn beforehand, and a latency counts from when the request was due,
//! whether or not a connection was free then. A server that stalls is thereby charged for every request it held up.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};

use crate::BenchError;

/// No answer to anything for this long ends the benchmark.
const STALL: Duration = Duration::from_secs(30);
/// Largest answer that is taken.
const MAX_ANSWER: usize = 1 << 20;

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arrivals {
    /// As soon as a connection is free.
    Closed,
    /// At so many a second on average, independently of each other (a Poisson process).
    Open { per_second: u32 },
}

/// What is sent, and what becomes of the answers.
pub(crate) trait Traffic {
    /// Appends request number `index`.
    fn request(&mut self, index: usize, bytes: &mut Vec<u8>);
    /// The status of every answer.
    fn expected_status(&self) -> u16;
    /// Sees an answer's head.
    fn answered(&mut self, _head: &[u8]) {}
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) requests: usize,
    pub(crate) wall: Duration,
    /// CPU time of this thread.
    pub(crate) client_cpu: Duration,
    /// Sorted, in nanoseconds.
    latencies_ns: Vec<u64>,
}

impl Outcome {
    /// The latency that a share of the requests did not exceed, in microseconds.
    pub(crate) fn quantile_us(&self, share: f64) -> f64 {
        let last = self.latencies_ns.len().saturating_sub(1);
        let index = (share * last as f64).round() as usize;
        self.latencies_ns.get(index).map_or(f64::NAN, |ns| *ns as f64 / 1e3)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.wall.as_secs_f64()
    }

    pub(crate) fn client_us(&self) -> f64 {
        self.client_cpu.as_secs_f64() * 1e6 / self.requests as f64
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// When the request under way was due.
    due: Instant,
}

/// Connections to one server.
pub(crate) struct Client {
    epoll: rustix::fd::OwnedFd,
    connections: Vec<Connection>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Result<Self, BenchError> {
        let io = |source: std::io::Error| BenchError::Io { what: format!("connect to {address}"), source };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|e| io(e.into()))?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let stream = TcpStream::connect(address).map_err(io)?;
            stream.set_nodelay(true).map_err(io)?;
            stream.set_nonblocking(true).map_err(io)?;
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN).map_err(|e| io(e.into()))?;
            connections.push(Connection { stream, received: Vec::with_capacity(16384), due: Instant::now() });
        }
        Ok(Self { epoll, connections })
    }

    /// Sends requests and waits for all answers.
    pub(crate) fn run(
        &mut self,
        requests: usize,
        arrivals: Arrivals,
        traffic: &mut impl Traffic,
    ) -> Result<Outcome, BenchError> {
        let cpu = ThreadTime::now();
        let schedule = schedule(requests, arrivals);
        let mut idle: VecDeque<usize> = (0..self.connections.len()).collect();
        let mut events = Vec::with_capacity(self.connections.len());
        let mut latencies_ns = Vec::with_capacity(requests);
        let mut bytes = Vec::with_capacity(4096);
        let began = Instant::now();
        let mut sent = 0;
        while latencies_ns.len() < requests {
            let mut wait = STALL;
            while sent < requests && !idle.is_empty() {
                let now = Instant::now();
                let due = schedule.get(sent).map_or(now, |offset| began + *offset);
                if due > now {
                    wait = due - now;
                    break;
                }
                let Some(index) = idle.pop_front() else { break };
                bytes.clear();
                traffic.request(sent, &mut bytes);
                let connection = &mut self.connections[index];
                connection.due = due;
                // Requests are far smaller than a socket's buffer, and there is one at a time.
                connection.stream.write_all(&bytes).map_err(|source| io("send", source))?;
                sent += 1;
            }
            self.wait(&mut events, wait)?;
            for event in events.drain(..) {
                let index = event.data.u64() as usize;
                if self.connections[index].receive(traffic)? {
                    latencies_ns.push(self.connections[index].due.elapsed().as_nanos() as u64);
                    idle.push_back(index);
                }
            }
        }
        let wall = began.elapsed();
        latencies_ns.sort_unstable();
        Ok(Outcome { requests, wall, client_cpu: cpu.elapsed(), latencies_ns })
    }

    /// Waits for answers, or until the next request is due.
    fn wait(&self, events: &mut Vec<epoll::Event>, wait: Duration) -> Result<(), BenchError> {
        let failed = |errno: rustix::io::Errno| io("wait for answers", errno.into());
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        // epoll's own timeout is in milliseconds, which is far too coarse for a schedule.
        let timeout = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let ready = poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&timeout)).map_err(failed)?;
        if ready == 0 {
            if wait == STALL {
                return Err(BenchError::step("load")(format!("no answer for {} s", STALL.as_secs())));
            }
            return Ok(());
        }
        epoll::wait(&self.epoll, spare_capacity(events), Some(&zero)).map_err(failed)?;
        Ok(())
    }
}

impl Connection {
    /// Reads what has come. `true` if it completes the answer.
    fn receive(&mut self, traffic: &mut impl Traffic) -> Result<bool, BenchError> {
        let mut chunk = [0; 16384];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Err(BenchError::step("load")("server closed a connection")),
            Ok(count) => self.received.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(source) => return Err(io("receive", source)),
        }
        let Some(head) = head_length(&self.received) else { return Ok(false) };
        let body = content_length(&self.received[..head]).unwrap_or(0);
        if head + body > MAX_ANSWER {
            return Err(BenchError::step("load")("answer is too large"));
        }
        if self.received.len() < head + body {
            return Ok(false);
        }
        let status = status(&self.received);
        if status != Some(traffic.expected_status()) {
            let text = String::from_utf8_lossy(&self.received).into_owned();
            return Err(BenchError::step("load")(format!("unexpected answer: {text}")));
        }
        traffic.answered(&self.received[..head]);
        self.received.clear();
        Ok(true)
    }
}

/// One request on a connection of its own; returns the status and the body.
pub(crate) fn once(
    address: SocketAddr,
    request: &[u8],
    patience: Duration,
) -> Result<(u16, Vec<u8>), BenchError> {
    let mut stream = TcpStream::connect(address).map_err(|source| io("connect", source))?;
    stream.set_read_timeout(Some(patience)).map_err(|source| io("connect", source))?;
    stream.write_all(request).map_err(|source| io("send", source))?;
    let mut received = Vec::new();
    let mut chunk = [0; 16384];
    loop {
        if let Some(head) = head_length(&received) {
            let body = content_length(&received[..head]);
            if body.is_some_and(|body| received.len() >= head + body) {
                return Ok((status(&received).unwrap_or(0), received.split_off(head)));
            }
        }
        match stream.read(&mut chunk).map_err(|source| io("receive", source))? {
            0 => return Err(BenchError::step("request")("server closed the connection")),
            count => received.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The value of a header in an answer's head.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    std::str::from_utf8(head).ok()?.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn content_length(head: &[u8]) -> Option<usize> {
    header(head, "content-length")?.parse().ok()
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn status(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()
}

/// When each request is due, from the start; empty for a closed loop.
fn schedule(requests: usize, arrivals: Arrivals) -> Vec<Duration> {
    let Arrivals::Open { per_second } = arrivals else { return Vec::new() };
    // The same arrivals for every server.
    let mut random = StdRng::seed_from_u64(u64::from(per_second));
    let mut at = 0.0;
    let gap = |random: &mut StdRng| -(1.0 - random.random::<f64>()).ln() / f64::from(per_second);
    (0..requests)
        .map(|_| {
            at += gap(&mut random);
            Duration::from_secs_f64(at)
        })
        .collect()
}

fn io(what: &str, source: std::io::Error) -> BenchError {
    BenchError::Io { what: what.to_owned(), source }
}
