//! The dashboard in a browser: what people see of jobs, batches and provers is what the gateway says.
//!
//! Debian's Chromium, driven through its ChromeDriver over the WebDriver protocol (W3C). One page is opened and never
//! loaded again, so whatever changes on it changed by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;
mod gateway;

use browser::{Browser, Shown};
use gateway::eventually;
use gateway::http::{Api, text};
use gateway::process::Setting;
use gateway::samples::{attested, input, proven};
use serde_json::{Value, json};

const HOSTILE: &str = "<img src=x onerror=alert(1)>";
/// In the form of a key, and nobody's.
const WRONG_KEY: &str = "shf_0000000000000000000000000000000000000000000000000000000000000000deadbeef";
const LIFE: [&str; 6] = ["accepted", "routed", "proving", "verified", "batched", "aggregated"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and ChromeDriver, which tests/run installs"]
async fn the_dashboard_shows_what_the_gateway_does() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    // All that a key needs in order to look.
    let key = api.post("/v1/keys", &json!({ "name": "dashboard", "scopes": ["read"] })).await.expect(201);
    let page = Page { browser: Browser::open().await, api };
    page.browser.go(&format!("{}/dashboard/", served.url)).await;

    page.refuses_a_wrong_key_and_takes_a_right_one(&text(&key["secret"])).await;
    let jobs = page.submit().await;
    page.rows_follow_their_jobs(&jobs).await;
    page.a_proven_job_shows_how_it_came_about(&jobs.proven).await;
    page.a_failed_job_shows_why(&jobs.dear).await;
    page.a_hostile_label_stays_text(&jobs.hostile).await;
    page.attested_does_not_look_like_proven(&jobs).await;
    page.batches_show_their_trees(&jobs).await;
    page.provers_show_their_latency().await;
    page.nothing_sticks_out(&jobs).await;
    page.a_panel_begins_at_its_top_on_a_phone(&jobs).await;
    page.the_key_is_nowhere_to_be_seen(&text(&key["secret"])).await;
    assert_eq!(page.browser.log().await, [""; 0], "console");

    page.a_revoked_key_closes_the_page(&text(&key["id"])).await;
    page.browser.close().await;
}

/// The open dashboard, and the API to hold it against.
struct Page {
    browser: Browser,
    api: Api,
}

/// Ids of jobs.
struct Jobs {
    attested: String,
    proven: String,
    /// May cost less than it would.
    dear: String,
    /// With a label that would be markup.
    hostile: String,
}

fn id(name: &str) -> String {
    format!("[data-testid={name}]")
}

fn row(kind: &str, id: &str) -> String {
    format!("[data-testid={kind}-row][data-id={id}]")
}

impl Page {
    /// What is visible under a test id.
    async fn all(&self, name: &str) -> Vec<Shown> {
        self.browser.shown(&id(name)).await
    }

    /// The one thing that is visible under a test id, as soon as there is one.
    async fn one(&self, name: &str) -> Shown {
        self.browser.only(&id(name)).await
    }

    async fn refuses_a_wrong_key_and_takes_a_right_one(&self, key: &str) {
        self.one("key-form").await;
        assert!(self.all("key-error").await.is_empty(), "nothing was refused yet");
        assert!(self.all("nav-jobs").await.is_empty(), "there is no way around the form");
        self.browser.write(&id("key-input"), WRONG_KEY).await;
        self.browser.click(&id("key-submit")).await;
        let refusal = self.one("key-error").await.text;
        let code = self.api.with_key(WRONG_KEY).get("/v1/jobs").await.refused(401);
        assert!(refusal.contains(&code), "{refusal}");
        assert!(self.all("jobs-table").await.is_empty());
        // The browser itself notes the answer. From here on it has nothing to note.
        let noted = self.browser.log().await;
        assert!(matches!(&noted[..], [one] if one.contains("/v1/jobs") && one.contains("401")), "{noted:?}");

        self.browser.write(&id("key-input"), key).await;
        self.browser.click(&id("key-submit")).await;
        self.one("nav-jobs").await;
        assert!(self.all("key-form").await.is_empty());
        assert_eq!(self.one("jobs-empty").await.text.split('.').next(), Some("No jobs yet"));
        self.browser.only("[data-testid=connection][data-state=live]").await;
    }

    async fn submit(&self) -> Jobs {
        let model = self.api.model("iris_mlp").await;
        let labelled = |mut job: Value, label: &str| {
            job["label"] = label.into();
            job
        };
        let mut dear = labelled(proven(&model, &input("iris_mlp", 2)), "dear");
        dear["max_price"] = "0.000001".into();
        let hostile = labelled(proven(&model, &input("iris_mlp", 3)), HOSTILE);
        Jobs {
            attested: self.api.submit(&attested(&model, &input("iris_mlp", 0))).await,
            proven: self.api.submit(&proven(&model, &input("iris_mlp", 1))).await,
            dear: self.api.submit(&dear).await,
            hostile: self.api.submit(&hostile).await,
        }
    }

    async fn rows_follow_their_jobs(&self, jobs: &Jobs) {
        // The panel of a job that is under way follows it too.
        self.open("job", &jobs.hostile).await;
        for (id, end) in [
            (&jobs.attested, "aggregated"),
            (&jobs.proven, "aggregated"),
            (&jobs.dear, "failed"),
            (&jobs.hostile, "aggregated"),
        ] {
            let done = self.browser.only(&format!("{}[data-status={end}]", row("job", id))).await;
            assert_eq!(self.api.ended(id).await["status"], end, "{done:?}");
        }
        self.browser.only("[data-testid=job-detail] [data-testid=status][data-status=aggregated]").await;
        assert_eq!(self.whole_timeline().await, LIFE);

        // Only what is under way is seen to change, and a job is not called proven before it is.
        for id in [&jobs.proven, &jobs.hostile] {
            let history: Vec<(String, String)> =
                self.browser.ask("return e2e.rows[arguments[0]]", &[id]).await;
            let places: Vec<_> =
                history.iter().map(|(status, _)| LIFE.iter().position(|s| s == status).unwrap()).collect();
            assert!(places.len() > 1 && places.is_sorted(), "{history:?}");
            for (status, tier) in &history {
                assert_eq!(tier == "✓ proven", status == "aggregated", "{history:?}");
            }
        }
    }

    /// Opens the panel of a job or batch of the list that is there, and waits until it says something.
    async fn open(&self, kind: &str, id: &str) {
        self.browser.click(&format!("{} a", row(kind, id))).await;
        let title = format!("{kind}-title");
        let titled = || async { self.all(&title).await.into_iter().find(|shown| shown.text == id) };
        eventually(&format!("panel of {id}"), titled).await;
        self.browser.only(&format!("[data-testid={kind}-detail] [data-testid=status]")).await;
    }

    /// The statuses that a job went through, once its receipt is among them.
    async fn whole_timeline(&self) -> Vec<String> {
        self.browser
            .only("[data-testid=timeline] [data-testid=timeline-event][data-status=aggregated]")
            .await;
        self.all("timeline-event").await.iter().map(|event| event.data["status"].clone()).collect()
    }

    async fn a_proven_job_shows_how_it_came_about(&self, id: &str) {
        self.open("job", id).await;
        assert_eq!(self.whole_timeline().await, LIFE);

        let job = self.api.aggregated(id).await;
        let proven = job["result"]["outputs"].as_array().unwrap();
        let shown = self.browser.shown("[data-testid=outputs] [data-testid=output] td:first-of-type").await;
        assert_eq!(shown.len(), proven.len());
        for (shown, proven) in shown.iter().zip(proven) {
            let (shown, proven): (f64, f64) = (shown.text.parse().unwrap(), proven.as_f64().unwrap());
            assert!((shown - proven).abs() <= 1e-4 * proven.abs(), "{shown} for {proven}");
        }

        let route = self.api.route(id).await;
        self.one("route").await;
        self.one("decision").await;
        assert_eq!(self.one("decision-summary").await.text, text(&route["decisions"][0]["summary"]));
        let ranked = self.one("ranked").await;
        assert_eq!(ranked.data["prover"], text(&job["prover"]));
        assert!(ranked.text.contains("was chosen"), "{ranked:?}");
        self.rejections_are_told(&route).await;
        assert_eq!(self.one("attempt").await.data["outcome"], "verified");
        assert!(self.all("attested-notice").await.is_empty());
        assert!(self.all("failure").await.is_empty());
    }

    /// Every rejected prover, each with the codes of all reasons.
    async fn rejections_are_told(&self, route: &Value) {
        let told = self.all("rejected").await;
        let rejected = route["decisions"][0]["rejected"].as_array().unwrap();
        assert!(!rejected.is_empty(), "{route}");
        assert_eq!(told.len(), rejected.len(), "{told:?}");
        for (told, rejected) in told.iter().zip(rejected) {
            assert_eq!(told.data["prover"], text(&rejected["prover"]));
            for reason in rejected["reasons"].as_array().unwrap() {
                assert!(told.text.contains(&text(&reason["code"])), "{told:?}: {reason}");
            }
        }
    }

    async fn a_failed_job_shows_why(&self, id: &str) {
        let failure = self.api.ended(id).await["failure"].clone();
        let shown = self.browser.only(&row("job", id)).await.text;
        assert!(shown.contains(&text(&failure["code"])), "{shown}");

        self.open("job", id).await;
        let shown = self.one("failure").await.text;
        for part in ["code", "message", "stage"] {
            assert!(shown.contains(&text(&failure[part])), "{part}: {shown}");
        }
        let last = self.browser.only("[data-testid=timeline-event][data-status=failed]").await;
        assert!(last.text.contains(&text(&failure["code"])) && !last.text.contains('{'), "{last:?}");
        self.rejections_are_told(&self.api.route(id).await).await;
        let dear = self.browser.only("[data-testid=rejected][data-prover=embedded-plonky2]").await;
        assert!(dear.text.contains("more than the limit of $0.000001"), "{dear:?}");
        for absent in ["ranked", "attempt", "outputs"] {
            assert!(self.all(absent).await.is_empty(), "{absent}");
        }
    }

    async fn a_hostile_label_stays_text(&self, id: &str) {
        self.open("job", id).await;
        for place in [row("job", id), self::id("job-detail")] {
            let texts = self.browser.shown(&format!("{place} bdi")).await;
            assert!(texts.iter().any(|shown| shown.text == HOSTILE), "{place}: {texts:?}");
        }
        let images: usize = self.browser.ask("return document.images.length", &[]).await;
        assert_eq!(images, 0, "the label became markup");
        // That no dialog is open shows in that the page still answers; what was blocked would be in the log.
        assert_eq!(self.browser.log().await, [""; 0]);
    }

    async fn attested_does_not_look_like_proven(&self, jobs: &Jobs) {
        let badge = |id: &str| format!("{} [data-testid=tier][data-settled=true]", row("job", id));
        let (proven, attested) = (badge(&jobs.proven), badge(&jobs.attested));
        let words = (self.browser.only(&proven).await, self.browser.only(&attested).await);
        assert_eq!((words.0.data["tier"].as_str(), words.1.data["tier"].as_str()), ("proven", "attested"));
        assert_eq!((words.0.text.as_str(), words.1.text.as_str()), ("✓ proven", "✎ attested"));
        // Not by colour alone: one is filled and the other has a broken outline.
        let outline = "return getComputedStyle(document.querySelector(arguments[0])).borderTopStyle";
        let outlines: (String, String) =
            (self.browser.ask(outline, &[&proven]).await, self.browser.ask(outline, &[&attested]).await);
        assert_eq!(outlines, ("none".to_owned(), "dashed".to_owned()));

        self.open("job", &jobs.attested).await;
        let notice = self.one("attested-notice").await.text;
        assert!(notice.contains("Attested, not proven"), "{notice}");
    }

    async fn batches_show_their_trees(&self, jobs: &Jobs) {
        self.browser.click(&id("nav-batches")).await;
        self.one("batches-table").await;
        let batch = text(&self.api.aggregated(&jobs.proven).await["batch_id"]);
        self.browser.only(&format!("{}[data-status=aggregated]", row("batch", &batch))).await;
        self.open("batch", &batch).await;
        self.browser.only("svg[data-testid=batch-tree]").await;
        let shown: Vec<_> = self
            .all("batch-task")
            .await
            .into_iter()
            .map(|task| (task.data["index"].clone(), task.data["kind"].clone(), task.data["status"].clone()))
            .collect();
        let batch = self.api.get(&format!("/v1/batches/{batch}")).await.expect(200);
        let tasks: Vec<_> = batch["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| (task["index"].to_string(), text(&task["kind"]), "done".to_owned()))
            .collect();
        assert!(tasks.iter().any(|(_, kind, _)| kind == "root"), "{batch}");
        assert_eq!(shown, tasks);
        let members = self.all("batch-member").await;
        assert_eq!(members.len(), batch["statements"].as_array().unwrap().len());

        let attested = text(&self.api.aggregated(&jobs.attested).await["batch_id"]);
        self.open("batch", &attested).await;
        self.one("attested-notice").await;
        assert!(self.all("batch-tree").await.is_empty(), "nothing was proven for it");
    }

    async fn provers_show_their_latency(&self) {
        self.browser.click(&id("nav-provers")).await;
        let provers = self.api.get("/v1/provers").await.expect(200);
        for prover in provers["items"].as_array().unwrap() {
            let card = format!("[data-testid=prover-row][data-prover={}]", text(&prover["id"]));
            assert_eq!(self.browser.only(&card).await.data["status"], text(&prover["status"]));
            let quantiles = self.browser.only(&format!("{card} {}", id("prover-latency"))).await;
            assert!(prover["latency"]["samples"].as_u64().unwrap() > 0, "{prover}");
            for name in ["p50", "p90", "p99", "samples"] {
                let (_, after) = quantiles.text.split_once(name).unwrap();
                assert!(after.starts_with(|first: char| first.is_ascii_digit()), "{name}: {quantiles:?}");
            }
        }
    }

    async fn nothing_sticks_out(&self, jobs: &Jobs) {
        let batch = text(&self.api.aggregated(&jobs.proven).await["batch_id"]);
        let panels = [format!("jobs/{}", jobs.proven), format!("batches/{batch}")];
        for place in ["jobs", "batches", "provers"].into_iter().chain(panels.iter().map(String::as_str)) {
            let (view, opened) = place.split_once('/').map_or((place, None), |(view, id)| (view, Some(id)));
            let _: () = self.browser.ask("location.hash = arguments[0]", &[place]).await;
            self.browser.only(&format!("a[data-testid=nav-{view}][aria-current]")).await;
            if opened.is_some() {
                self.browser.only("[data-testid$=-detail] [data-testid=status]").await;
            }
            for width in [360, 760, 1100, 1440, 1920] {
                self.browser.resize(width, 800).await;
                let wide: Vec<String> = self.browser.ask(STICKING_OUT, &[]).await;
                assert_eq!(wide, [""; 0], "{place} at {width} px");
            }
        }
        self.browser.resize(1440, 900).await;
    }

    async fn a_panel_begins_at_its_top_on_a_phone(&self, jobs: &Jobs) {
        let _: () = self.browser.ask("location.hash = 'jobs'", &[]).await;
        self.browser.resize(360, 320).await;
        self.one("jobs-table").await;
        let scrolled = "scrollTo(0, arguments[0] || scrollY); return scrollY";
        let before: f64 = self.browser.ask(scrolled, &["10000"]).await;
        assert!(before > 0.0);
        // The first submitted is the last of the list.
        self.open("job", &jobs.attested).await;
        assert_eq!(self.browser.ask::<f64>(scrolled, &[]).await, 0.0);
        self.browser.click(&id("close-detail")).await;
        self.one("jobs-table").await;
        assert!(self.browser.ask::<f64>(scrolled, &[]).await > 0.0, "the list is where it was left");
        self.browser.resize(1440, 900).await;
    }

    async fn the_key_is_nowhere_to_be_seen(&self, key: &str) {
        let everything =
            "return JSON.stringify([location.href, history.state, document.title, document.cookie,
            document.documentElement.outerHTML, Object.entries(localStorage),
            [...document.querySelectorAll('input')].map((input) => input.value),
            performance.getEntries().map((entry) => entry.name)])";
        let seen: String = self.browser.ask(everything, &[]).await;
        assert!(seen.contains("/v1/provers") && !seen.contains(key), "{seen}");
        assert!(!seen.contains(WRONG_KEY), "{seen}");
        let elsewhere = "return performance.getEntriesByType('resource').map((entry) => entry.name)
            .filter((name) => !name.startsWith(location.origin + '/') && !name.startsWith('data:'))";
        assert_eq!(self.browser.ask::<Vec<String>>(elsewhere, &[]).await, [""; 0], "asked elsewhere");
    }

    async fn a_revoked_key_closes_the_page(&self, key: &str) {
        self.api.delete(&format!("/v1/keys/{key}")).await.expect(200);
        self.one("key-form").await;
        self.one("key-error").await;
        assert!(self.all("nav-jobs").await.is_empty());
        let left =
            "return [sessionStorage.length, document.querySelectorAll('tbody tr, .detail > *').length]";
        assert_eq!(self.browser.ask::<[usize; 2]>(left, &[]).await, [0, 0], "left for whoever comes next");
        let noted = self.browser.log().await;
        assert!(noted.iter().all(|line| line.contains("401")), "{noted:?}");
    }
}

/// Visible lists, panels and the page itself that are wider than the room they have.
const STICKING_OUT: &str = "return [document.documentElement, ...e2e.shown('.list, .detail, .card')]
    .filter((node) => node.scrollWidth > node.clientWidth)
    .map((node) => `${node.tagName}.${node.className}: ${node.scrollWidth} in ${node.clientWidth}`)";

/// Chromium, as far as this scenario drives it.
mod browser {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, ChildStdout, Command, Stdio};

    use reqwest::Method;
    use rustix::process::{Pid, Signal, kill_process_group};
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use crate::gateway::eventually;
    use crate::gateway::http::{Api, text};

    const FLAGS: [&str; 8] = [
        "--headless",
        // The tests run as root in containers, where Chromium's own sandbox cannot be had.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ];

    /// Runs before the page's own script: what rows showed, in order, and what is visible.
    const WATCH: &str = "window.e2e = {
        rows: {},
        shown: (css) => [...document.querySelectorAll(css)].filter((node) => node.checkVisibility()
            && [...node.getClientRects()].some((box) => box.width > 0 && box.height > 0)),
    };
    new MutationObserver(() => {
        for (const row of document.querySelectorAll('[data-testid=job-row]')) {
            const tier = row.querySelector('[data-testid=tier]')?.textContent ?? '';
            const now = [row.querySelector('[data-testid=status]')?.textContent, tier];
            const history = e2e.rows[row.dataset.id] ??= [];
            if (String(history.at(-1)) !== String(now)) history.push(now);
        }
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });";

    /// Something on the page that can be seen.
    #[derive(Debug, Deserialize)]
    pub(crate) struct Shown {
        pub(crate) text: String,
        /// Its `data-` attributes.
        pub(crate) data: BTreeMap<String, String>,
    }

    /// A browser with one page. Ended when dropped.
    pub(crate) struct Browser {
        session: Api,
        // Before the profile, which it writes to.
        _driver: Driver,
        _profile: TempDir,
    }

    /// ChromeDriver and everything that it started.
    struct Driver {
        child: Child,
        _stdout: BufReader<ChildStdout>,
    }

    impl Drop for Driver {
        fn drop(&mut self) {
            // Chromium outlives a driver that is killed.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }

    impl Driver {
        /// Starts it and returns its URL.
        fn start() -> (Self, String) {
            let started = Command::new("chromedriver")
                .arg("--port=0")
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn();
            let mut child =
                started.unwrap_or_else(|error| panic!("chromedriver: {error}; tests/run installs it"));
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            let port = stdout.by_ref().lines().find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
            let driver = Self { child, _stdout: stdout };
            (driver, format!("http://127.0.0.1:{}", port.expect("chromedriver said its port")))
        }
    }

    impl Browser {
        pub(crate) async fn open() -> Self {
            let (driver, url) = Driver::start();
            let profile = tempfile::tempdir().unwrap();
            let profile_flag = format!("--user-data-dir={}", profile.path().display());
            let flags: Vec<_> = FLAGS.into_iter().chain([profile_flag.as_str()]).collect();
            let wanted = json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                // A dialog stays, and whatever is asked of the page then fails.
                "unhandledPromptBehavior": "ignore",
                "goog:chromeOptions": { "args": flags },
                "goog:loggingPrefs": { "browser": "ALL" },
            } } });
            let driver_api = Api::new(&url, "");
            let opened = driver_api.post("/session", &wanted).await.expect(200);
            let session = Api::new(&format!("{url}/session/{}", text(&opened["value"]["sessionId"])), "");
            let browser = Self { session, _driver: driver, _profile: profile };
            browser.developer("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
            browser.resize(1440, 900).await;
            browser
        }

        pub(crate) async fn go(&self, url: &str) {
            self.command("/url", json!({ "url": url })).await;
        }

        /// The size of the page, also where no window is as small.
        pub(crate) async fn resize(&self, width: u32, height: u32) {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            self.developer("Emulation.setDeviceMetricsOverride", size).await;
        }

        /// What a script in the page returns for these arguments.
        pub(crate) async fn ask<T: DeserializeOwned>(&self, script: &str, args: &[&str]) -> T {
            let value = self.command("/execute/sync", json!({ "script": script, "args": args })).await;
            serde_json::from_value(value.clone())
                .unwrap_or_else(|error| panic!("{script}: {error} in {value}"))
        }

        /// What can be seen of what a selector selects.
        pub(crate) async fn shown(&self, css: &str) -> Vec<Shown> {
            let script = "return e2e.shown(arguments[0])
                .map((node) => ({ text: node.textContent.trim(), data: { ...node.dataset } }))";
            self.ask(script, &[css]).await
        }

        /// The one thing that can be seen, once there is exactly one.
        pub(crate) async fn only(&self, css: &str) -> Shown {
            let one = || async {
                let mut shown = self.shown(css).await;
                if shown.len() == 1 { shown.pop() } else { None }
            };
            eventually(css, one).await
        }

        /// Clicks where people would.
        pub(crate) async fn click(&self, css: &str) {
            let element = self.element(css).await;
            self.command(&format!("/element/{element}/click"), json!({})).await;
        }

        /// Replaces what a field holds, key by key.
        pub(crate) async fn write(&self, css: &str, words: &str) {
            let element = self.element(css).await;
            self.command(&format!("/element/{element}/clear"), json!({})).await;
            self.command(&format!("/element/{element}/value"), json!({ "text": words })).await;
        }

        /// What came to the console since it was last asked for: errors of scripts and requests, what the content
        /// security policy blocked, and what was printed.
        pub(crate) async fn log(&self) -> Vec<String> {
            let entries = self.command("/se/log", json!({ "type": "browser" })).await;
            entries.as_array().unwrap().iter().map(|entry| text(&entry["message"])).collect()
        }

        /// Ends it in good order.
        pub(crate) async fn close(self) {
            self.session.delete("").await.expect(200);
        }

        /// The reference of an element, once it is visible.
        async fn element(&self, css: &str) -> String {
            self.only(css).await;
            let found = self.command("/element", json!({ "using": "css selector", "value": css })).await;
            // The key is a constant of the protocol.
            text(&found["element-6066-11e4-a52e-4f735466cecf"])
        }

        /// A command of Chromium's own protocol.
        async fn developer(&self, command: &str, params: Value) {
            self.command("/goog/cdp/execute", json!({ "cmd": command, "params": params })).await;
        }

        async fn command(&self, path: &str, body: Value) -> Value {
            let answer = self.session.send(self.session.request(Method::POST, path).json(&body)).await;
            answer.expect(200)["value"].clone()
        }
    }
}
