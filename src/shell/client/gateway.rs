//! The gateway, as the kernel's table of routes names it.

use crate::proto::machine::Gateway;
use if_addrs::{IfAddr, Interface};
use std::net::Ipv4Addr;

/// The gateway of the default route, and our address on its side.
pub(super) fn find(interfaces: &[Interface]) -> Option<Gateway> {
    // Where there is no such table, as on other systems, there is nobody to be asked.
    let table = std::fs::read_to_string("/proc/net/route").ok()?;
    let (name, at) = default_route(&table)?;
    let ours = interfaces.iter().filter(|interface| interface.name == name);
    let ours = ours.filter_map(|interface| match &interface.addr {
        IfAddr::V4(address) => Some((address.ip, address.netmask)),
        IfAddr::V6(_) => None,
    });
    let is_beside = |(ip, mask): &(Ipv4Addr, Ipv4Addr)| ip & mask == at & *mask;
    ours.into_iter().find(is_beside).map(|(ours, _)| Gateway { at, ours })
}

/// The interface and the gateway of the default route that the kernel prefers.
fn default_route(table: &str) -> Option<(&str, Ipv4Addr)> {
    let routes = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [name, to, gateway, flags, _, _, metric, mask, ..] = words[..] else { return None };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let is_default = address(to)?.is_unspecified() && address(mask)?.is_unspecified();
        let is_used = flags & (UP | GATEWAY) == UP | GATEWAY;
        let metric: u32 = metric.parse().ok()?;
        (is_default && is_used).then_some((metric, (name, address(gateway)?)))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, route)| route)
}

/// An address in the byte order of this machine, as the kernel prints it.
fn address(hex: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(hex, 16).ok().map(|bits| Ipv4Addr::from(bits.to_ne_bytes()))
}

/// A route that is in use, and one by way of a gateway (route(8)).
const UP: u32 = 1;
const GATEWAY: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    fn row(name: &str, to: u32, gateway: [u8; 4], flags: u32, metric: u32, mask: u32) -> String {
        let gateway = u32::from_ne_bytes(gateway);
        format!(
            "{name}\t{to:08X}\t{gateway:08X}\t{flags:04X}\t0\t0\t{metric}\t{mask:08X}\t0\t0\t0\n"
        )
    }

    #[test]
    fn the_default_route_with_the_smallest_metric_is_taken() {
        let table = [
            HEAD,
            &row("wlan0", 0, [10, 0, 0, 1], 3, 600, 0),
            &row("eth0", 0, [192, 168, 1, 1], 3, 100, 0),
            &row("tun0", 0, [10, 8, 0, 1], 2, 50, 0),
            &row("eth0", 0x0001_a8c0, [0; 4], 1, 100, 0x00ff_ffff),
        ];
        let at = Ipv4Addr::new(192, 168, 1, 1);
        assert_eq!(default_route(&table.concat()), Some(("eth0", at)));
    }

    #[test]
    fn without_a_default_route_there_is_no_gateway() {
        let device = row("ppp0", 0, [0; 4], 1, 0, 0);
        let net = row("eth0", 1, [10, 0, 0, 1], 3, 0, 0xff);
        for table in ["", HEAD, &[HEAD, &device].concat(), &[HEAD, &net].concat(), "a b c\n\n"] {
            assert_eq!(default_route(table), None, "{table}");
        }
    }
}
