//! Completion callbacks (Temporal: chasm/lib/callback/validator.go, chasm/lib/callback/config.go).

use klamm_messages::temporal::common::v1::{Callback, Link, callback::Variant};

use crate::{
    addresses::{Addresses, Verdict},
    fault::{Fault, Result},
    limits::Limits,
};

/// Where callbacks between workflows of this cluster go, which are Nexus operations.
const SYSTEM_URLS: [&str; 2] = ["temporal://system", "temporal://internal"];

/// Checks that there are few callbacks, and that each is of a known kind and goes where callbacks may go. The names of their headers become
/// lower-case.
pub fn check(callbacks: &mut [Callback], limits: &Limits) -> Result<()> {
    if callbacks.len() > limits.callbacks {
        return Err(Fault::invalid(format!("cannot attach more than {} callbacks to an execution", limits.callbacks)));
    }
    callbacks.iter_mut().try_for_each(|callback| check_one(callback, limits))
}

fn check_one(callback: &mut Callback, limits: &Limits) -> Result<()> {
    match &mut callback.variant {
        Some(Variant::Nexus(nexus)) => {
            if nexus.url.len() > limits.callback_url_bytes {
                let max = limits.callback_url_bytes;
                return Err(Fault::invalid(format!("invalid url: url length longer than max length allowed of {max}")));
            }
            check_url(&nexus.url, &limits.callback_addresses)?;
            let size: usize = nexus.header.iter().map(|(name, value)| name.len() + value.len()).sum();
            if size > limits.callback_header_bytes {
                let max = limits.callback_header_bytes;
                return Err(Fault::invalid(format!("invalid header: header size longer than max allowed size of {max}")));
            }
            nexus.header = std::mem::take(&mut nexus.header).into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
            Ok(())
        }
        // What Temporal's server makes for itself. It refuses the ones that clients send, too, but later.
        Some(Variant::Internal(_)) => Err(Fault::invalid("unsupported callback variant: *common.Callback_Internal_")),
        // Kinds that are newer than Temporal's server of this version are to it as none.
        _ => Err(Fault::Unimplemented("unknown callback variant: <nil>".to_owned())),
    }
}

fn check_url(url: &str, addresses: &Addresses) -> Result<()> {
    if SYSTEM_URLS.contains(&url) {
        return Err(Fault::not_built(&format!("A callback to {url} (Nexus)")));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(Fault::invalid(format!("invalid url: unknown scheme: {url}")));
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err(Fault::invalid(format!("invalid url: unknown scheme: {url}")));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return Err(Fault::invalid("invalid url: missing host"));
    }
    match addresses.verdict(host, scheme == "https") {
        Verdict::Allowed => Ok(()),
        Verdict::NeedsHttps => Err(Fault::invalid(format!("invalid url: callback address does not allow insecure connections: {url}"))),
        Verdict::Unknown => Err(Fault::invalid(format!("invalid url: url does not match any configured callback address: {url}"))),
    }
}

/// Removes the links that one of the callbacks has too, and gives all links that the request then brings
/// (Temporal: workflow_handler.go dedupLinksFromCallbacks).
pub fn all_links(links: &mut Vec<Link>, callbacks: &[Callback]) -> Vec<Link> {
    let of_nexus = |callback: &&Callback| matches!(callback.variant, Some(Variant::Nexus(_)));
    let of_callbacks: Vec<_> = callbacks.iter().filter(of_nexus).flat_map(|callback| &callback.links).collect();
    links.retain(|link| !of_callbacks.contains(&link));
    links.iter().chain(callbacks.iter().flat_map(|callback| &callback.links)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::common::v1::{
        callback::{Internal, Nexus},
        link,
    };

    use super::*;

    fn limits(addresses: &[&str]) -> Limits {
        let addresses: Vec<_> = addresses.iter().map(|address| (*address).to_owned()).collect();
        Limits { callback_addresses: Addresses::new(&addresses).unwrap(), ..Limits::default() }
    }

    fn to(url: &str) -> Callback {
        let nexus = Nexus { url: url.to_owned(), header: [("Some-Header".to_owned(), "Value".to_owned())].into() };
        Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() }
    }

    fn said(callback: Callback, addresses: &[&str]) -> String {
        match check(&mut [callback], &limits(addresses)) {
            Ok(()) => String::new(),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn only_known_addresses_are_called() {
        let addresses = ["http://localhost:*", "*.example.com"];
        for (url, expected) in [
            ("http://localhost:80/x", ""),
            ("https://localhost:80", ""),
            ("https://a.b.example.com", ""),
            ("http://a.example.com/x", "invalid url: callback address does not allow insecure connections: http://a.example.com/x"),
            ("https://example.com", "invalid url: url does not match any configured callback address: https://example.com"),
            ("http://user@localhost:80", ""),
            ("http://localhost:80@evil", "invalid url: url does not match any configured callback address: http://localhost:80@evil"),
            ("http:///path", "invalid url: missing host"),
            ("ftp://localhost:80", "invalid url: unknown scheme: ftp://localhost:80"),
            ("localhost", "invalid url: unknown scheme: localhost"),
            ("", "invalid url: unknown scheme: "),
        ] {
            let expected = if expected.is_empty() { String::new() } else { format!("InvalidArgument({expected:?})") };
            assert_eq!(said(to(url), &addresses), expected, "{url}");
        }
        assert!(said(to("http://localhost"), &[]).contains("does not match any configured"));
        assert!(said(to("temporal://system"), &[]).starts_with("Unimplemented"));
    }

    #[test]
    fn lengths_and_kinds_are_checked() {
        let any = ["http://*"];
        assert!(said(to(&format!("http://{}", "x".repeat(1000))), &any).contains("url length longer than max length allowed of 1000"));
        let mut large = to("http://x");
        if let Some(Variant::Nexus(nexus)) = &mut large.variant {
            nexus.header.insert("large".to_owned(), "x".repeat(8192));
        }
        assert!(said(large, &any).contains("header size longer than max allowed size of 8192"));
        let internal = Callback { variant: Some(Variant::Internal(Internal::default())), links: Vec::new() };
        assert!(said(internal, &any).contains("unsupported callback variant"));
        assert!(said(Callback::default(), &any).contains("unknown callback variant: <nil>"));
        let mut many = vec![to("http://x"); 2001];
        assert!(check(&mut many, &limits(&any)).is_err());
    }

    #[test]
    fn names_of_headers_become_lower_case() {
        let mut callbacks = [to("http://x")];
        check(&mut callbacks, &limits(&["http://*"])).unwrap();
        let Some(Variant::Nexus(nexus)) = &callbacks[0].variant else { panic!("a Nexus callback") };
        assert_eq!(nexus.header, [("some-header".to_owned(), "Value".to_owned())].into());
    }

    #[test]
    fn links_of_callbacks_are_not_brought_twice() {
        let link = |job_id: &str| Link { variant: Some(link::Variant::BatchJob(link::BatchJob { job_id: job_id.to_owned() })) };
        let callback = Callback { links: vec![link("a")], ..to("http://x") };
        let mut links = vec![link("a"), link("b")];
        assert_eq!(all_links(&mut links, &[callback]), [link("b"), link("a")]);
        assert_eq!(links, [link("b")]);
    }
}
