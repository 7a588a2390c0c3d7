//! Listening sockets.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::setup_error::SetupError;

/// Listens on an address. `ip_option` and `port_option` name the options that the user would change.
///
/// # Errors
/// The address belongs to another machine, the port is taken, or this user may not listen on it.
pub async fn listen(ip: IpAddr, port: u16, ip_option: &str, port_option: &str) -> Result<(TcpListener, SocketAddr), SetupError> {
    let wanted = SocketAddr::new(ip, port);
    let failed = |error: std::io::Error| {
        let (problem, hint) = match error.kind() {
            ErrorKind::AddrNotAvailable => (
                format!("{ip} is no address of this machine"),
                format!("set {ip_option} to an address of this machine, or to 0.0.0.0 or :: for all of them"),
            ),
            ErrorKind::AddrInUse => (error.to_string(), format!("choose another port with {port_option}, or stop what listens there")),
            ErrorKind::PermissionDenied => {
                (error.to_string(), format!("choose a port from 1024 on with {port_option}: lower ones are for privileged processes"))
            }
            _ => (error.to_string(), format!("choose another address with {ip_option}, or another port with {port_option}")),
        };
        SetupError::new(format!("listening on {wanted}"), problem, hint)
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
