//! Server-sent events: a task sends them until its client has gone.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use klamm_rest::Form;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::Status;

use super::handling::{Klamm, Refused};
use crate::http::status;

/// A quiet stream says that it lives after this time, so that proxies and the client know.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Events that wait for a slow client.
const BUFFER: usize = 16;

/// Where a task sends its events.
pub struct Sender(mpsc::Sender<Event>);

/// The client has gone.
pub struct Gone;

impl Sender {
    /// Sends an event.
    pub async fn send(&self, name: &str, id: Option<String>, data: String) -> Result<(), Gone> {
        let event = Event::default().event(name).data(data);
        let event = match id {
            Some(id) => event.id(id),
            None => event,
        };
        self.0.send(event).await.map_err(|_| Gone)
    }

    /// Sends the error that ends the stream.
    pub async fn fail(&self, error: &Status) -> Result<(), Gone> {
        self.send("failed", None, status::json(error, Form::default())).await
    }
}

/// A stream whose events `work` sends. It ends when `work` does, and `work` ends when the client goes.
pub fn answer<F: Future<Output = Result<(), Gone>> + Send>(
    klamm: &Klamm,
    work: impl FnOnce(Sender) -> F + Send + 'static,
) -> Result<Response, Refused> {
    let place = klamm.streams.clone().try_acquire_owned();
    let place: OwnedSemaphorePermit =
        place.map_err(|_| Status::resource_exhausted("too many streams are open; close one, or try again later"))?;
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        let watching = sender.clone();
        tokio::select! {
            _ = work(Sender(sender)) => {}
            () = watching.closed() => {}
        }
        drop(place);
    });
    let events = ReceiverStream::new(receiver).map(Ok::<_, Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(STILL_HERE).text("still here")).into_response())
}
