//! `klamm topics`: looks into the topics of a running server, or prints the topics that klamm needs.

mod cat;
mod manifest;
mod produce;

use std::process::ExitCode;

use klamm_api::klamm::v1::{DeclaredTopicsInfo, DescribeTopicRequest, ListDeclaredTopicsRequest, ListTopicsRequest, TopicInfo};
use serde_json::{Value, json};

use crate::{
    cli::{DescribeOptions, ListOptions, TopicsCommand, connect, print},
    setup_error::{Exit, SetupError},
};

/// Runs the command.
///
/// # Errors
/// No server answers, or it refuses. For the manifest: the configuration is wrong.
pub async fn run(command: TopicsCommand) -> Result<ExitCode, SetupError> {
    match command {
        TopicsCommand::List(options) => list(options).await?,
        TopicsCommand::Describe(options) => describe(options).await?,
        TopicsCommand::Cat(options) => cat::run(options).await?,
        TopicsCommand::Produce(options) => produce::run(options).await?,
        TopicsCommand::Declared(options) => declared(options).await?,
        TopicsCommand::Manifest(options) => manifest::run(&options)?,
    }
    Ok(Exit::Fine.into())
}

async fn list(options: ListOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let response = client.list_topics(ListTopicsRequest {}).await.map_err(connect::refused)?.into_inner();
    for topic in response.topics {
        print(&match options.json {
            true => as_json(&topic).to_string(),
            false => format!("{:<32} {:>4} {:<8} {}", topic.name, topic.partition_count, topic.cleanup, topic.description),
        });
    }
    Ok(())
}

async fn declared(options: ListOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let declared = client.list_declared_topics(ListDeclaredTopicsRequest {}).await.map_err(connect::refused)?.into_inner().declared;
    for DeclaredTopicsInfo { namespace, text, update_time } in declared {
        let time = update_time.map(|time| time.to_string());
        if options.json {
            print(&json!({ "namespace": namespace, "declaration": text, "update_time": time }).to_string());
        } else {
            print(&format!("---\n# {namespace}, declared {}\n{}", time.unwrap_or_default(), text.trim_end()));
        }
    }
    Ok(())
}

async fn describe(options: DescribeOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let request = DescribeTopicRequest { topic: options.topic };
    let response = client.describe_topic(request).await.map_err(connect::refused)?.into_inner();
    let topic = response.topic.unwrap_or_default();
    if options.json {
        let partition = |partition: &klamm_api::klamm::v1::TopicPartition| json!({ "partition": partition.partition, "first": partition.first_offset, "next": partition.next_offset });
        let mut described = as_json(&topic);
        described["offsets"] = response.partitions.iter().map(partition).collect();
        print(&described.to_string());
        return Ok(());
    }
    print(&format!("{}: {}", topic.name, topic.description));
    print(&format!("cleanup: {}  value: {}", topic.cleanup, if topic.value_type.is_empty() { "-" } else { &topic.value_type }));
    print(&format!("{:>9} {:>12} {:>12}", "partition", "first", "next"));
    for partition in response.partitions {
        print(&format!("{:>9} {:>12} {:>12}", partition.partition, partition.first_offset, partition.next_offset));
    }
    Ok(())
}

fn as_json(topic: &TopicInfo) -> Value {
    json!({
        "name": topic.name,
        "partitions": topic.partition_count,
        "cleanup": topic.cleanup,
        "description": topic.description,
        "value_type": topic.value_type,
    })
}
