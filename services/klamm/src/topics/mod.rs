//! `klamm topics`: looks into the topics of a running server, or says which topics there have to be.

mod cat;
pub mod connect;
mod manifest;

use std::process::ExitCode;

use klamm_api::klamm::v1::{DescribeTopicRequest, ListTopicsRequest};

use crate::{cli::TopicsCommand, setup_error::SetupError};

/// Runs the command.
pub async fn run(command: TopicsCommand) -> Result<ExitCode, SetupError> {
    match command {
        TopicsCommand::List(server) => {
            let mut client = connect::connect(&server).await?;
            let response = client.list_topics(ListTopicsRequest {}).await.map_err(connect::refused)?.into_inner();
            for topic in response.topics {
                println!("{:<32} {:>4} {:<8} {}", topic.name, topic.partition_count, topic.cleanup, topic.description);
            }
        }
        TopicsCommand::Describe { topic, server } => {
            let mut client = connect::connect(&server).await?;
            let response = client.describe_topic(DescribeTopicRequest { topic }).await.map_err(connect::refused)?.into_inner();
            let topic = response.topic.unwrap_or_default();
            println!("{}: {}", topic.name, topic.description);
            println!("cleanup: {}  value: {}", topic.cleanup, if topic.value_type.is_empty() { "-" } else { &topic.value_type });
            println!("{:>9} {:>12} {:>12}", "partition", "first", "next");
            for partition in response.partitions {
                println!("{:>9} {:>12} {:>12}", partition.partition, partition.first_offset, partition.next_offset);
            }
        }
        TopicsCommand::Cat(options) => cat::run(options).await?,
        TopicsCommand::Manifest(options) => manifest::run(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}
