//! `klamm topics produce`: appends records to a topic that other programs write.

use std::io::{self, BufRead};

use klamm_api::klamm::v1::{ProduceRecordRequest, TopicHeader};

use crate::{
    cli::{ProduceOptions, connect, print},
    setup_error::SetupError,
};

/// Appends the value, or each line of the standard input, and prints where each record stands: `partition/offset`.
///
/// # Errors
/// No server answers, or it refuses. Records before that one were appended.
pub async fn run(options: ProduceOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let headers: Vec<_> = options.header.into_iter().map(|(name, value)| TopicHeader { name, value: value.into_bytes() }).collect();
    let values: Box<dyn Iterator<Item = io::Result<String>>> = match options.value {
        Some(value) => Box::new(std::iter::once(Ok(value))),
        None => Box::new(io::stdin().lock().lines()),
    };
    for value in values {
        let line = value.map_err(|error| SetupError::new("reading the standard input", error, "give lines of UTF-8 text"))?;
        let (key, value) = match &options.key_delimiter {
            None => (options.key.clone().unwrap_or_default(), line),
            Some(delimiter) => {
                let (key, value) = line.split_once(delimiter.as_str()).ok_or_else(|| {
                    SetupError::new(
                        "reading the standard input",
                        format!("a line is without {delimiter:?}"),
                        "write KEY, the delimiter, VALUE",
                    )
                })?;
                (key.to_owned(), value.to_owned())
            }
        };
        let request = ProduceRecordRequest { topic: options.topic.clone(), key, value: value.into_bytes(), headers: headers.clone() };
        let place = client.produce_record(request).await.map_err(connect::refused)?.into_inner();
        print(&format!("{}/{}", place.partition, place.offset));
    }
    Ok(())
}
