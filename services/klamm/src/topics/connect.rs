//! The way to a running server.

use klamm_api::klamm::v1::inspect_client::InspectClient;
use tonic::{Status, transport::Channel};

use crate::{cli::Server, setup_error::SetupError};

/// Largest message that a server sends: a record of 6 MiB, its JSON beside it.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Connects to a server.
pub async fn connect(server: &Server) -> Result<InspectClient<Channel>, SetupError> {
    let client = InspectClient::connect(format!("http://{}", server.address)).await.map_err(|error| {
        let problem = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        SetupError::new(format!("connecting to {}", server.address), problem, "start klamm, or name its address with --address")
    })?;
    Ok(client.max_decoding_message_size(MESSAGE_BYTES_MAX))
}

/// A server's refusal.
pub fn refused(status: Status) -> SetupError {
    SetupError::new("asking the server", status.message(), "`klamm topics list` names all topics")
}
