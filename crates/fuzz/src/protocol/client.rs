//! A client that sends bytes as they are.

use std::time::Duration;

use bytes::{Buf, BufMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

/// Largest answer that is taken: larger than clients take by themselves, so that an answer that is too large for them is seen.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection to the server.
#[derive(Debug, Clone)]
pub(super) struct Client(Channel);

impl Client {
    pub(super) async fn connect(address: &str) -> Result<Self, String> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| error.to_string())?;
        endpoint.connect().await.map(Self).map_err(|error| format!("connecting to {address}: {error}"))
    }

    /// Sends these bytes as the request.
    pub(super) async fn call(&self, path: &str, request: Vec<u8>, deadline: Duration) -> Result<Vec<u8>, Status> {
        let mut client = tonic::client::Grpc::new(self.0.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        client.ready().await.map_err(|error| Status::unavailable(format!("the connection is closed: {error}")))?;
        let path = path.parse().map_err(|_| Status::internal("no path"))?;
        let mut request = tonic::Request::new(request);
        request.set_timeout(deadline);
        client.unary(request, path, Raw).await.map(tonic::Response::into_inner)
    }
}

/// Asks the HTTP port how the server is.
pub(super) async fn healthz(address: &str) -> Result<(), String> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    match tokio::time::timeout(Duration::from_secs(5), ask).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") => Ok(()),
        Ok(Ok(answer)) => Err(format!("/healthz: {answer}")),
        Ok(Err(error)) => Err(format!("/healthz: {error}")),
        Err(_) => Err("/healthz does not answer within 5 s".to_owned()),
    }
}

struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}
