//! The floor of the bench: a server that answers the calls of workflows with activities, and does nothing else.
//!
//! It serves gRPC as klamm's gateway does: the same accepting, HTTP/2, trait, codec and allocator. Behind that there are queues in memory and
//! as little state as the driver `direct` needs. There are no checks, no log, no decisions, no timers and no lists. So klamm cannot cost less
//! than this server while it has this front, and its cost as a multiple of this server's is what there is to save behind the front.

mod answers;
mod events;
mod queues;
mod runs;
mod service;

use std::{error::Error, future::pending, sync::Arc};

use klamm_connections::{Room, Settings};
use mimalloc::MiMalloc;
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use service::{Floor, workflow_service_server::WorkflowServiceServer};

/// As in klamm's own binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Connections, and bytes that their clients leave unread: more than a bench has.
const ROOM: (usize, usize) = (1_000, 256 << 20);
/// Largest message that is received: the gateway's default.
const MESSAGE_BYTES: usize = 4 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: klamm-bench-floor ADDRESS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&address).await?;
        let mut routes = RoutesBuilder::default();
        routes.add_service(WorkflowServiceServer::from_arc(Arc::new(Floor::default())).max_decoding_message_size(MESSAGE_BYTES));
        klamm_gateway::serve(routes.routes(), listener, Room::new(ROOM.0, ROOM.1), Settings::default(), pending()).await;
        Ok(())
    })
}
