//! Listening sockets.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

use crate::setup_error::SetupError;

/// Listens on an address; `option` is what the user would change.
pub async fn listen(ip: IpAddr, port: u16, option: &str) -> Result<(TcpListener, SocketAddr), SetupError> {
    let wanted = SocketAddr::new(ip, port);
    let hint = || format!("choose another port with {option}");
    let failed = |error: std::io::Error| SetupError::new(format!("listening on {wanted}"), error, hint());
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
