//! Every way we know to write a URL that leads where it must not.

use std::net::Ipv4Addr;

use super::*;

const STRICT: TargetPolicy = TargetPolicy { allow_private: false };
const PRIVATE: TargetPolicy = TargetPolicy { allow_private: true };

fn refusal(url: &str) -> WebhookError {
    match Target::parse(url, &STRICT) {
        Ok(target) => panic!("{url} is accepted as {}", target.as_str()),
        Err(error) => error,
    }
}

#[test]
fn public_targets_are_accepted_and_normalised() {
    for (url, expected) in [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com/a/b?c=d&e=%20", "https://hooks.example.com/a/b?c=d&e=%20"),
        ("HTTPS://Hooks.Example.COM:443/A", "https://hooks.example.com/A"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://b\u{fc}cher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://a_b.example.com/", "https://a_b.example.com/"),
        ("https://8.8.8.8/hook", "https://8.8.8.8/hook"),
        ("https://[2606:4700:4700:0::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://example.com/..//a@b:c", "https://example.com//a@b:c"),
        ("https://example.com/internal", "https://example.com/internal"),
        ("https://local.example.com/", "https://local.example.com/"),
    ] {
        for policy in [STRICT, PRIVATE] {
            let target = Target::parse(url, &policy).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(target.as_str(), expected);
            // What is stored is accepted again, and is the same.
            assert_eq!(Target::parse(expected, &policy).unwrap(), target);
        }
    }
}

/// Whatever is accepted can be requested: nothing is left for the client's own parser to refuse or to read otherwise.
#[test]
fn every_accepted_target_is_a_request() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let mut accepted = 0;
    for c in (0..=0xff).filter_map(char::from_u32) {
        for url in [
            format!("https://a{c}b.example.com/"),
            format!("https://a.example.com{c}/"),
            format!("https://a.example.com/{c}"),
            format!("https://a.example.com/?{c}"),
        ] {
            let Ok(target) = Target::parse(&url, &STRICT) else { continue };
            let request =
                client.post(target.url().clone()).build().unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(request.url().host_str(), target.url().host_str());
            accepted += 1;
        }
    }
    assert!(accepted > 400, "{accepted}");
}

#[test]
fn loopback_in_any_spelling_is_rejected() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0x7F.0x0.0x0.0x1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0177.0x0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "127%2e0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1", // ideographic full stops
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1", // full-width digits
        "\u{2460}\u{2461}\u{2466}.0.0.1", // circled digits
    ] {
        let error = refusal(&format!("https://{host}/"));
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(
            matches!(error, WebhookError::TargetAddress { got, .. } if got == loopback),
            "{host}: {error}"
        );
    }
    for host in
        ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::7f00:1]"]
    {
        let error = refusal(&format!("https://{host}/"));
        assert!(matches!(error, WebhookError::TargetAddress { .. }), "{host}: {error}");
    }
}

/// One of each range; `address` tests the ranges' bounds.
#[test]
fn address_that_is_not_global_is_rejected() {
    for host in [
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "[::]",
        "[::8.8.8.8]",
        "[::ffff:8.8.8.8]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a00:1]",
        "[100::1]",
        "[2001::1]",
        "[2001:2::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
    ] {
        let error = refusal(&format!("https://{host}/"));
        assert!(matches!(error, WebhookError::TargetAddress { .. }), "{host}: {error}");
    }
}

#[test]
fn local_name_is_rejected() {
    for host in [
        "localhost",
        "LOCALHOST",
        "%6cocalhost",
        "\u{24db}ocalhost", // circled l
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "db.svc.cluster.local",
        "host.localdomain",
        "router.home.arpa",
        "router.lan",
        "hidden.onion",
        "a.test",
        "postgres",
        "com",
    ] {
        let error = refusal(&format!("https://{host}/"));
        assert!(matches!(error, WebhookError::TargetLocalName { .. }), "{host}: {error}");
    }
}

#[test]
fn host_that_is_no_dns_name_is_rejected() {
    let long = format!("{}.example.com", "a".repeat(64));
    let longer = format!("{}com", "abcdefg.".repeat(32));
    for host in [
        "example.com.", // passes lists of endings elsewhere
        "localhost.",
        "a..example.com",
        ".example.com",
        "-a.example.com",
        "a-.example.com",
        "a,b.example.com",
        "a'b.example.com",
        "a&b.example.com",
        "*.example.com",
        &long,
        &longer,
    ] {
        let error = refusal(&format!("https://{host}/"));
        assert!(matches!(error, WebhookError::TargetHost { .. }), "{host}: {error}");
    }
}

#[test]
fn text_that_is_no_url_is_rejected() {
    for url in [
        "",
        "hooks.example.com/a",
        "//hooks.example.com/a",
        "https://",
        "https:///",
        "https://exa<mple.com/",
        "https://a.example.com:65536/",
        "https://a.example.com:-1/",
        "https://256.256.256.256/",
        "https://1.2.3.4.5/",
        "https://0x7g.0.0.1.0x1/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://%00.example.com/",
        "https://a%2fb.example.com/",
    ] {
        let error = refusal(url);
        assert!(matches!(error, WebhookError::TargetSyntax { .. }), "{url}: {error}");
    }
}

/// What one parser reads as `example.com`, another reads as something else; one of them would be ours.
#[test]
fn spelling_that_parsers_disagree_on_is_rejected() {
    for url in [
        " https://example.com/",
        "https://example.com/ ",
        "https://exam\tple.com/",
        "https://example.com/\r\nhost: internal",
        "ht\ntps://example.com/",
        "https://example.com\\@127.0.0.1/",
        "https:\\\\example.com/",
        "https:example.com/",
        "https:/example.com/",
        "https:///example.com/",
        "https:////example.com/",
        "https://example.com/\u{a0}",
        "https://example.com/\u{0}",
    ] {
        let error = refusal(url);
        assert!(matches!(error, WebhookError::TargetSpelling), "{url:?}: {error}");
    }
}

#[test]
fn credentials_are_rejected() {
    for url in [
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://:password@example.com/",
        "https://example.com@10.0.0.1/",
        "https://example.com%40@example.org/",
    ] {
        assert!(matches!(refusal(url), WebhookError::TargetCredentials), "{url}");
    }
}

#[test]
fn fragment_is_rejected() {
    for url in ["https://example.com/#", "https://example.com/#a", "https://example.com#@10.0.0.1/"] {
        assert!(matches!(refusal(url), WebhookError::TargetFragment), "{url}");
    }
}

#[test]
fn port_0_is_rejected() {
    assert!(matches!(refusal("https://example.com:0/"), WebhookError::TargetPort));
}

#[test]
fn other_schemes_are_rejected() {
    for scheme in ["http", "ftp", "file", "ws", "wss", "gopher", "httpss", "unix"] {
        let url = format!("{scheme}://example.com/");
        assert!(matches!(refusal(&url), WebhookError::TargetScheme { .. }), "{url}");
        let allowed = Target::parse(&url, &PRIVATE).is_ok();
        assert_eq!(allowed, scheme == "http", "{url}");
    }
    for url in ["data:text/plain,a", "javascript:alert(1)", "mailto:a@example.com"] {
        assert!(matches!(refusal(url), WebhookError::TargetScheme { .. }), "{url}");
    }
}

/// Normalising can make a URL longer, and what is stored must be accepted again.
#[test]
fn url_beyond_the_limit_is_rejected_as_given_and_as_normalised() {
    let of_length = |length: usize| {
        let base = "https://example.com/";
        format!("{base}{}", "a".repeat(length - base.len()))
    };
    Target::parse(&of_length(MAX_URL_BYTES), &STRICT).unwrap();
    let error = refusal(&of_length(MAX_URL_BYTES + 1));
    assert!(matches!(error, WebhookError::TargetLength { limit: 2048, got: 2049 }), "{error}");
    let error = refusal(&format!("https://example.com/{}", "\u{e9}".repeat(500)));
    assert!(matches!(error, WebhookError::TargetLength { limit: 2048, got: 3020 }), "{error}");
}

#[test]
fn private_policy_allows_the_operators_own_network_and_nothing_else() {
    for url in [
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/",
        "https://10.0.0.1/",
        "http://192.168.1.2/",
        "http://100.64.0.1/",
        "http://[fd00::1]/",
        "http://receiver:8080/",
        "http://localhost/",
        "http://receiver.internal/",
        "http://8.8.8.8/",
    ] {
        Target::parse(url, &PRIVATE).unwrap_or_else(|error| panic!("{url}: {error}"));
        refusal(url);
    }
    for url in [
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
    ] {
        let error = Target::parse(url, &PRIVATE).unwrap_err();
        assert!(matches!(error, WebhookError::TargetAddress { .. }), "{url}: {error}");
    }
    let error = Target::parse("http://a:b@127.0.0.1/", &PRIVATE).unwrap_err();
    assert!(matches!(error, WebhookError::TargetCredentials));
}

#[test]
fn debug_hides_path_and_query() {
    let target = Target::parse("https://example.com:8443/services/TOKEN?key=TOKEN", &STRICT).unwrap();
    assert_eq!(format!("{target:?}"), "Target(https://example.com:8443/…)");
}

#[test]
fn policy_is_strict_by_default_and_refuses_unknown_keys() {
    assert_eq!(serde_json::from_str::<TargetPolicy>("{}").unwrap(), STRICT);
    assert_eq!(TargetPolicy::default(), STRICT);
    assert_eq!(serde_json::from_str::<TargetPolicy>(r#"{"allow_private": true}"#).unwrap(), PRIVATE);
    serde_json::from_str::<TargetPolicy>(r#"{"allow_privat": true}"#).unwrap_err();
}
