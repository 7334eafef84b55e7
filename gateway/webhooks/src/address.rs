//! Which IP addresses are the public Internet's, and which are ours, our neighbours' or nobody's.
//!
//! Rust's `IpAddr::is_global` is not stable, so the IANA special-purpose registries (RFC 6890 and its updates) are
//! written out here. For IPv6 the rule is turned round: only the one block that IANA allocates from is global, less the
//! special parts of it. Who may call which class is for `target` to say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// On the public Internet.
    Global,
    /// A network of one's own, where an operator may well have receivers. With the range's name.
    Private(&'static str),
    /// Nowhere that a receiver can be, or where one must never be called. With the range's name.
    Never(&'static str),
}

/// Whether an address is reachable over the public Internet as an ordinary host.
///
/// No for every special-purpose range of IANA's: loopback, private, link-local, shared, documentation, benchmarking,
/// multicast, reserved, unspecified; for IPv6 addresses that carry an IPv4 address (mapped, compatible, translated,
/// NAT64, 6to4, Teredo), whose inner address would escape the check; and for the addresses at which clouds answer their
/// own machines with credentials. A gateway whose only way to IPv4 is NAT64 can therefore call IPv6 receivers only.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    classify(address) == Class::Global
}

/// The class of an address.
pub(crate) fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            let hit = IPV4.iter().find(|(base, prefix, _)| {
                // A prefix of 0 would shift by the whole width; the table has none.
                (bits ^ u32::from(*base)) >> (32 - prefix) == 0
            });
            hit.map_or(Class::Global, |(_, _, class)| *class)
        }
        IpAddr::V6(address) => {
            let within =
                |base: Ipv6Addr, prefix: u32| (u128::from(address) ^ u128::from(base)) >> (128 - prefix) == 0;
            let hit = IPV6.iter().find(|(base, prefix, _)| within(*base, *prefix));
            match hit {
                Some((_, _, class)) => *class,
                None if within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) => Class::Global,
                None => Class::Never("unallocated IPv6"),
            }
        }
    }
}

use Class::{Never, Private};

const METADATA: Class = Never("cloud metadata");

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

/// Base, prefix length, class; the first hit counts, so single addresses precede the ranges around them.
const IPV4: [(Ipv4Addr, u32, Class); 20] = [
    // Azure's WireServer. In a public range, yet local to every virtual machine there.
    (v4(168, 63, 129, 16), 32, METADATA),
    (v4(100, 100, 100, 200), 32, METADATA),
    (v4(0, 0, 0, 0), 8, Never("this network")),
    (v4(10, 0, 0, 0), 8, Private("private network")),
    (v4(100, 64, 0, 0), 10, Private("shared address space")),
    (v4(127, 0, 0, 0), 8, Private("loopback")),
    // Holds 169.254.169.254, where most clouds hand out credentials.
    (v4(169, 254, 0, 0), 16, Never("link-local")),
    (v4(172, 16, 0, 0), 12, Private("private network")),
    (v4(192, 0, 0, 0), 24, Never("protocol assignments")),
    (v4(192, 0, 2, 0), 24, Never("documentation")),
    (v4(192, 31, 196, 0), 24, Never("AS112")),
    (v4(192, 52, 193, 0), 24, Never("AMT")),
    (v4(192, 88, 99, 0), 24, Never("6to4 relay")),
    (v4(192, 168, 0, 0), 16, Private("private network")),
    (v4(192, 175, 48, 0), 24, Never("AS112")),
    (v4(198, 18, 0, 0), 15, Never("benchmarking")),
    (v4(198, 51, 100, 0), 24, Never("documentation")),
    (v4(203, 0, 113, 0), 24, Never("documentation")),
    (v4(224, 0, 0, 0), 4, Never("multicast")),
    // With 255.255.255.255, broadcast.
    (v4(240, 0, 0, 0), 4, Never("reserved")),
];

const fn v6(a: u16, b: u16, c: u16, d: u16, rest: u64) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, (rest >> 48) as u16, (rest >> 32) as u16, (rest >> 16) as u16, rest as u16)
}

/// As [`IPV4`]. What is neither here nor in 2000::/3 is refused without a name of its own.
const IPV6: [(Ipv6Addr, u32, Class); 20] = [
    (v6(0xfd00, 0xec2, 0, 0, 0x254), 128, METADATA),
    (v6(0xfd20, 0xce, 0, 0, 0x254), 128, METADATA),
    (v6(0, 0, 0, 0, 0), 128, Never("unspecified")),
    (v6(0, 0, 0, 0, 1), 128, Private("loopback")),
    (v6(0, 0, 0, 0, 0), 96, Never("IPv4-compatible IPv6")),
    (v6(0, 0, 0, 0, 0xffff_0000_0000), 96, Never("IPv4-mapped IPv6")),
    (v6(0, 0, 0, 0, 0xffff_0000_0000_0000), 96, Never("IPv4-translated IPv6")),
    (v6(0x64, 0xff9b, 0, 0, 0), 96, Never("NAT64")),
    (v6(0x64, 0xff9b, 1, 0, 0), 48, Never("local NAT64")),
    (v6(0x100, 0, 0, 0, 0), 64, Never("discard-only")),
    (v6(0x2001, 0, 0, 0, 0), 32, Never("Teredo")),
    // With benchmarking 2001:2::/48 and ORCHID 2001:10::/28 and 2001:20::/28.
    (v6(0x2001, 0, 0, 0, 0), 23, Never("protocol assignments")),
    (v6(0x2001, 0xdb8, 0, 0, 0), 32, Never("documentation")),
    (v6(0x2002, 0, 0, 0, 0), 16, Never("6to4")),
    (v6(0x2620, 0x4f, 0x8000, 0, 0), 48, Never("AS112")),
    (v6(0x3fff, 0, 0, 0, 0), 20, Never("documentation")),
    (v6(0xfc00, 0, 0, 0, 0), 7, Private("unique local")),
    (v6(0xfe80, 0, 0, 0, 0), 10, Never("link-local")),
    (v6(0xfec0, 0, 0, 0, 0), 10, Never("site-local")),
    (v6(0xff00, 0, 0, 0, 0), 8, Never("multicast")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        classify(text.parse().unwrap())
    }

    /// Spelled out and not computed from the tables, so that a wrong digit there is found here: the first and the last
    /// address of each range.
    #[test]
    fn first_and_last_address_of_each_special_range_is_not_global() {
        for (first, last, expected) in [
            ("0.0.0.0", "0.255.255.255", Never("this network")),
            ("10.0.0.0", "10.255.255.255", Private("private network")),
            ("100.64.0.0", "100.127.255.255", Private("shared address space")),
            ("127.0.0.0", "127.255.255.255", Private("loopback")),
            ("169.254.0.0", "169.254.255.255", Never("link-local")),
            ("172.16.0.0", "172.31.255.255", Private("private network")),
            ("192.0.0.0", "192.0.0.255", Never("protocol assignments")),
            ("192.0.2.0", "192.0.2.255", Never("documentation")),
            ("192.31.196.0", "192.31.196.255", Never("AS112")),
            ("192.52.193.0", "192.52.193.255", Never("AMT")),
            ("192.88.99.0", "192.88.99.255", Never("6to4 relay")),
            ("192.168.0.0", "192.168.255.255", Private("private network")),
            ("192.175.48.0", "192.175.48.255", Never("AS112")),
            ("198.18.0.0", "198.19.255.255", Never("benchmarking")),
            ("198.51.100.0", "198.51.100.255", Never("documentation")),
            ("203.0.113.0", "203.0.113.255", Never("documentation")),
            ("224.0.0.0", "239.255.255.255", Never("multicast")),
            ("240.0.0.0", "255.255.255.255", Never("reserved")),
            ("::", "::", Never("unspecified")),
            ("::1", "::1", Private("loopback")),
            ("::2", "::ffff:ffff", Never("IPv4-compatible IPv6")),
            ("::127.0.0.1", "::8.8.8.8", Never("IPv4-compatible IPv6")),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", Never("IPv4-mapped IPv6")),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8", Never("IPv4-mapped IPv6")),
            ("::ffff:0:0:0", "::ffff:0:ffff:ffff", Never("IPv4-translated IPv6")),
            ("64:ff9b::", "64:ff9b::255.255.255.255", Never("NAT64")),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Never("local NAT64")),
            ("100::", "100::ffff:ffff:ffff:ffff", Never("discard-only")),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Never("Teredo")),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Never("protocol assignments")),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Never("protocol assignments")),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Never("documentation")),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never("6to4")),
            ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", Never("AS112")),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Never("documentation")),
            ("4000::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never("unallocated IPv6")),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private("unique local")),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never("link-local")),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never("site-local")),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never("multicast")),
        ] {
            for address in [first, last] {
                assert_eq!(class(address), expected, "{address}");
                assert!(!is_global(address.parse().unwrap()), "{address}");
            }
        }
    }

    #[test]
    fn neighbours_of_special_ranges_are_global() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "168.63.129.15",
            "168.63.129.17",
            "8.8.8.8",
            "2000::",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:4860:4860::8888",
            "2003::",
            "2606:4700:4700::1111",
            "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
        ] {
            assert_eq!(class(address), Class::Global, "{address}");
        }
    }

    /// These hand a virtual machine's credentials to whoever asks from inside it. Three of them are in ranges that are
    /// otherwise an operator's own, one in a public range.
    #[test]
    fn metadata_services_of_clouds_are_never_called() {
        for address in ["168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"] {
            assert_eq!(class(address), METADATA, "{address}");
        }
        for address in ["169.254.169.254", "169.254.170.2", "192.0.0.192"] {
            assert!(matches!(class(address), Never(_)), "{address}");
        }
    }
}
