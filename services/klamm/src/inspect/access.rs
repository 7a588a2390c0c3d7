//! Who may call klamm's own service. It is restricted, because it shows every record, and a verification is work for the whole machine.

use axum::http::Extensions;
use klamm_connections::Peer;
use tonic::Status;

use crate::config::Inspect;

/// Prefix of the paths of the service's calls.
const PATH: &str = "/klamm.v1.Inspect/";

/// Whether a path is that of a call of this service.
pub fn is_inspect(path: &str) -> bool {
    path.starts_with(PATH)
}

/// Checks that the client may call the service. `extensions` are those of the request.
///
/// # Errors
/// PermissionDenied, with the remedy.
pub fn check(inspect: Inspect, extensions: &Extensions) -> Result<(), Status> {
    match inspect {
        Inspect::Any => Ok(()),
        // A request that did not come by one of klamm's listeners has no peer, and is refused.
        Inspect::Loopback if extensions.get::<Peer>().is_some_and(Peer::is_loopback) => Ok(()),
        Inspect::Loopback => Err(Status::permission_denied(
            "Topics, schedule audits, status and verify are answered to clients on klamm's own machine only. Ask there, or set connections.inspect \
             to \"any\" (klamm dev: --inspect any), also where members forward calls to an owner on another machine.",
        )),
    }
}
